"""One cell over a tree in place of a chain: a recursive network."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.errors import KitError


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class RecursiveNetwork(keras.layers.Layer):
    """Composes the leaves `[B, T, H]` of a tree, pair by pair, into its root `[B, H]`.

    The composition is one step of a cell: the left child's states are the states before it, the
    right child's output is its input. A leaf's output and first state are its vector; further
    states are zeros. With a chain for a tree (`text.trees.chain`) the network is `layers.RNN` of
    the same cell that starts from the first leaf: what a tree changes is its depth, and with it how
    far a gradient has to travel, which falls from T - 1 steps to ⌈log₂ T⌉.

    All nodes of one depth, of all rows, are one call of the cell.

    Without `merges` the tree is balanced: neighbors are composed, then neighbors of these, and an
    odd one at the end moves up as it is. A mask `[B, T]` may have its real steps anywhere; a tree
    has the real leaves of its row alone. A row without any gives zeros.

    With `merges [B, D, W, 2]` the trees are given, as `text.trees.tree_levels` lays them out: node
    (d, w) is composed of the two nodes whose numbers stand there. The leaves are 0 to T - 1, node
    (d, w) is `T + d · W + w`, and -1 stands for no node. A row's root is its last node, or its
    first leaf where it has no node.

    Args:
        cell: a projected cell, of inputs as wide as its output; leaves have that width, too.

    Raises:
        KitError: `cell` is no projected cell, or the leaves are not as wide as its output.

    Source: Pollack, "Recursive Distributed Representations", 1990; Goodfellow et al., "Deep
    Learning", section 10.6.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import GRUCell
    >>> from keras_rnn_kit.layers import RecursiveNetwork
    >>> RecursiveNetwork(GRUCell(4))(np.ones((2, 7, 4), "float32")).shape
    TensorShape([2, 4])
    """

    def __init__(self, cell: ProjectedCell, **kwargs: Any):
        if not isinstance(cell, ProjectedCell):
            raise KitError(
                "RecursiveNetwork composes by a keras_rnn_kit.cells.ProjectedCell; received "
                f"{cell!r}. Pass a cell of keras_rnn_kit.cells, or one of your own on its contract."
            )
        super().__init__(**{"dtype": cell.dtype_policy, **kwargs})
        self.supports_masking = True
        self.cell = cell

    def build(self, leaves_shape: Any, merges_shape: Any = None) -> None:
        """Builds the cell for leaves `[B, T, H]`."""
        width = leaves_shape[-1]
        if width != self.cell.output_size or width != self.cell.state_sizes[0]:
            raise KitError(
                f"the leaves of {self.name!r} must be as wide as the cell's output and first "
                f"state, {self.cell.output_size} and {self.cell.state_sizes[0]}; received leaves "
                f"of width {width}. Give the cell as many units, or the embedding that width."
            )
        if not self.cell.built:
            self.cell.build((None, width))
        self.built = True

    def call(
        self, leaves: Any, merges: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """`[B, T, H] -> [B, H]`."""
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        nodes = self._leaf_nodes(ops.cast(leaves, self.compute_dtype))
        if merges is None:
            return self._balanced(nodes, mask, training)
        return self._along(nodes, ops.cast(merges, "int32"), training)

    def _leaf_nodes(self, leaves: Any) -> list[Any]:
        """`[output, states...]` of the leaves, `[B, T, H]` each."""
        none = ops.zeros_like(leaves[..., :1])
        further = [ops.repeat(none, size, axis=-1) for size in self.cell.state_sizes[1:]]
        return [leaves, leaves, *further]

    def _compose(self, left: Sequence[Any], right: Sequence[Any], training: bool) -> list[Any]:
        """Each pair of `[B, N, H]`, in one call of the cell: `[output, states...]`."""
        batch, count = ops.shape(right[0])[:2]

        def in_rows(part: Any) -> Any:
            return ops.reshape(part, (-1, part.shape[-1]))

        # Each depth has a number of nodes of its own, and so masks of its own.
        self._forget_masks()
        before = [in_rows(state) for state in left[1:]]
        output, states = self.cell(in_rows(right[0]), before, training=training)
        self._forget_masks()
        made = (output, *states)
        return [ops.reshape(part, (batch, count, part.shape[-1])) for part in made]

    def _forget_masks(self) -> None:
        self.cell.reset_dropout_mask()
        self.cell.reset_recurrent_dropout_mask()

    def _balanced(self, nodes: list[Any], mask: Any, training: bool) -> Any:
        batch, length = ops.shape(nodes[0])[:2]
        if mask is None and isinstance(length, int) and length:
            return self._of_known_length(nodes, length, training)
        if mask is None:
            counts = ops.broadcast_to(ops.cast(length, "int32"), (batch,))
        else:
            counts = ops.sum(ops.cast(mask, "int32"), axis=1)
            order = ops.argsort(ops.cast(ops.logical_not(mask), "int32"), axis=1)
            nodes = [_taken(part, order) for part in nodes]
        any_leaf = ops.greater(counts, 0)[:, None]

        def upwards(counts: Any, *nodes: Any) -> list[Any]:
            """From one depth to the one above it, of half as many nodes."""
            pairs = (ops.shape(nodes[0])[1] + 1) // 2
            even = [ops.pad(part, [[0, 0], [0, 1], [0, 0]]) for part in nodes]
            left = [part[:, : 2 * pairs : 2] for part in even]
            right = [part[:, 1 : 2 * pairs : 2] for part in even]
            composed = self._compose(left, right, training)
            paired = ops.less(2 * ops.arange(pairs) + 1, counts[:, None])[..., None]
            kept = [ops.where(paired, *both) for both in zip(composed, left, strict=True)]
            return [(counts + 1) // 2, *kept]

        if isinstance(length, int):
            for _ in range(math.ceil(math.log2(max(1, length)))):
                counts, *nodes = upwards(counts, *nodes)
        else:
            more = lambda counts, output, *states: ops.shape(output)[1] > 1  # noqa: E731
            counts, *nodes = _repeated(more, upwards, [counts, *nodes])
        root = nodes[0][:, 0]
        return ops.where(any_leaf, root, ops.zeros_like(root))

    def _of_known_length(self, nodes: list[Any], length: int, training: bool) -> Any:
        """The balanced tree where every row has `length` leaves: nothing to compare or to pad."""
        while length > 1:
            even = length - length % 2
            left, right = ([part[:, k:even:2] for part in nodes] for k in range(2))
            composed = self._compose(left, right, training)
            if length % 2:
                pairs = zip(composed, nodes, strict=True)
                composed = [ops.concatenate([made, old[:, -1:]], axis=1) for made, old in pairs]
            nodes, length = composed, (length + 1) // 2
        return nodes[0][:, 0]

    def _along(self, nodes: list[Any], merges: Any, training: bool) -> Any:
        leaves = ops.shape(nodes[0])[1]
        depths = ops.shape(merges)[1]

        def upwards(depth: Any, *nodes: Any) -> list[Any]:
            pairs = ops.maximum(merges[:, depth], 0)  # [B, W, 2]
            left, right = ([_taken(part, pairs[..., k]) for part in nodes] for k in range(2))
            composed = self._compose(left, right, training)
            grown = [ops.concatenate(both, axis=1) for both in zip(nodes, composed, strict=True)]
            return [depth + 1, *grown]

        if isinstance(depths, int):
            for depth in range(depths):
                _, *nodes = upwards(depth, *nodes)
        else:
            more = lambda depth, *nodes: depth < depths  # noqa: E731
            _, *nodes = _repeated(more, upwards, [ops.zeros((), "int32"), *nodes])
        there = ops.reshape(ops.greater_equal(merges[..., 0], 0), (ops.shape(merges)[0], -1))
        numbers = ops.arange(ops.shape(there)[1], dtype="int32") + leaves
        last = ops.max(ops.where(there, numbers, 0), axis=1, initial=0)  # 0: the first leaf
        return _taken(nodes[0], last[:, None])[:, 0]

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Time is gone, and the mask with it."""
        return

    def compute_output_shape(self, leaves_shape: Any, merges_shape: Any = None) -> tuple[Any, ...]:
        """`[B, H]`."""
        return (leaves_shape[0], self.cell.output_size)

    def get_config(self) -> dict[str, Any]:
        """The arguments; the cell serialized."""
        cell = keras.saving.serialize_keras_object(self.cell)
        return {**super().get_config(), "cell": cell}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "RecursiveNetwork":
        """The layer again, from `get_config()`."""
        cell = keras.saving.deserialize_keras_object(config["cell"], custom_objects=custom_objects)
        return cls(**{**config, "cell": cell})


def _taken(nodes: Any, places: Any) -> Any:
    """`nodes [B, N, H]` at `places [B, M]`: `[B, M, H]`."""
    batch, count, width = ops.shape(nodes)
    rows = ops.cast(ops.arange(batch)[:, None] * count, "int32")
    taken = ops.take(ops.reshape(nodes, (-1, width)), rows + ops.cast(places, "int32"), axis=0)
    return ops.reshape(taken, (batch, ops.shape(places)[1], width))


def _repeated(more: Any, one: Any, carried: list[Any]) -> list[Any]:
    """`tf.while_loop` over nodes whose number changes; lengths unknown are TensorFlow's alone."""
    import tensorflow as tf

    first, *nodes = carried
    free = [tf.TensorShape([None, None, part.shape[-1]]) for part in nodes]
    return list(tf.while_loop(more, one, carried, shape_invariants=[first.shape, *free]))
