"""What a label brings to a conditional language model: the states that a text begins from."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_rnn_kit import arguments
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.label_names import ids_of_labels
from keras_rnn_kit.layers.conditional import ContextStates, checked_context


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class LabelStates(keras.layers.Layer):
    """Label ids `[B]` to the states that texts of them begin from, `[B, H]` each.

    Args:
        labels: their names, in the order of their ids.
        sizes: the widths of the states of the recurrent layers.
        context: `"input"`: these are zeros, and the label's embedding `[B, C]` follows as the last
            state, to stand beside the inputs; `"state"`: they are `tanh(e W_k + b_k)` of the
            embedding e; `"both"`: both.
        embedding: C; `None` for one-hot vectors.

    Raises:
        KitError: `labels` are not different names, `context` is none of the three, C is below 1.

    Example:

    >>> states = LabelStates(["prose", "verse"], sizes=[4, 3], context="both", embedding=2)
    >>> [tuple(state.shape) for state in states(states.ids("verse", 5))]
    [(5, 4), (5, 3), (5, 2)]
    """

    def __init__(
        self,
        labels: Sequence[str],
        sizes: Sequence[int],
        context: str = "both",
        embedding: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.labels = _names(labels)
        self.sizes = list(sizes)
        self.context = checked_context(context)
        self.embedding = embedding
        if embedding is None:
            self.context_size, self.embedding_layer = len(self.labels), None
        else:
            self.context_size = arguments.positive_integer("label_embedding", embedding)
            self.embedding_layer = keras.layers.Embedding(
                len(self.labels), embedding, name="embedding", dtype=self.dtype_policy
            )
        self.context_states = (
            None
            if context == "input"
            else ContextStates(self.sizes, name="context_states", dtype=self.dtype_policy)
        )

    @property
    def at_every_step(self) -> bool:
        """Whether the embedding is one of the states."""
        return self.context != "state"

    def build(self, labels_shape: Any) -> None:
        """Makes the weights."""
        if self.embedding_layer is not None:
            self.embedding_layer.build(labels_shape)
        if self.context_states is not None:
            self.context_states.build((labels_shape[0], self.context_size))

    def call(self, ids: Any) -> list[Any]:
        """The states, those of the recurrent layers first."""
        if self.embedding_layer is None:
            embedded = ops.one_hot(ids, self.context_size, dtype=self.compute_dtype)
        else:
            embedded = self.embedding_layer(ids)
        if self.context_states is None:
            shapes = [(ops.shape(ids)[0], size) for size in self.sizes]
            states = [ops.zeros(shape, self.compute_dtype) for shape in shapes]
        else:
            states = self.context_states(embedded)
        return [*states, embedded] if self.at_every_step else states

    def compute_output_shape(self, labels_shape: Any) -> list[Any]:
        """`[B, H]` for each state."""
        sizes = [*self.sizes, *([self.context_size] if self.at_every_step else [])]
        return [(labels_shape[0], size) for size in sizes]

    def ids(self, labels: Any, rows: Any) -> Any:
        """Names or ids to ids int32 `[B]`: one for all of the rows B, or one for each.

        `KitError` for a label that there is none of, and for another number of labels. Ids that a
        graph computes are not known beforehand, and not looked at.
        """
        known = isinstance(labels, (str, int, list, tuple, np.ndarray, np.generic))
        if not known:
            if not hasattr(labels, "numpy"):  # a tensor of a graph
                return ops.cast(labels, "int32")
            labels = np.asarray(labels)
        found = ops.convert_to_tensor(ids_of_labels(self.labels, labels, rows))
        return ops.broadcast_to(found, (rows,)) if found.shape[0] == 1 else found

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        return {
            **super().get_config(),
            "labels": list(self.labels),
            "sizes": self.sizes,
            "context": self.context,
            "embedding": self.embedding,
        }


def _names(labels: Any) -> tuple[str, ...]:
    named = not isinstance(labels, str) and isinstance(labels, Sequence)
    named = named and all(isinstance(name, str) and name for name in labels)
    if not named or not labels or len(set(labels)) < len(labels):
        raise KitError(
            f"labels must be one name or more, all of them different; received {labels!r}. Pass "
            "a list such as ['prose', 'verse'], or None for a model without labels."
        )
    return tuple(labels)
