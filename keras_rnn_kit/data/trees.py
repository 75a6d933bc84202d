"""Labelled sequences with a tree over each, in batches of nearly equal length."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.data.bucketed import bucketed_batches
from keras_rnn_kit.data.checks import ids_vector
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.trees import Tree, check_leaves, heights


def tree_batches(
    sequences: Sequence[Any],
    trees: Sequence[Tree],
    labels: Any,
    *,
    batch_size: int,
    buckets: Sequence[int] | None = None,
    seed: int | None = None,
    shuffle: bool = True,
    drop_remainder: bool = False,
    pad_id: int = 0,
) -> tf.data.Dataset:
    """Batches of `((ids [B, T], merges [B, D, W, 2]), labels [B])`, all int32.

    The ids are right-padded, and the merges are laid out as `text.trees.tree_levels` does it, for
    the trees of the very batch: `models.TreeClassifier` and `layers.RecursiveNetwork` take both.
    How examples are dealt into batches, `labelled_batches` says.

    Args:
        sequences: N vectors of ids, one id a leaf.
        trees: N trees.
        labels: `[N]`, integers of 0 or more.
        batch_size, buckets, seed, shuffle, drop_remainder, pad_id: as in `labelled_batches`.

    Raises:
        KitError: the counts differ, a tree has not a leaf for each id, or what `labelled_batches`
            raises.

    Example:
        >>> from keras_rnn_kit.text.trees import parse_tree
        >>> trees = [parse_tree("((a b) c)"), parse_tree("(a (b c))")]
        >>> batches = tree_batches([[5, 6, 7]] * 2, trees, [0, 1], batch_size=2, shuffle=False)
        >>> (ids, merges), labels = next(batches.as_numpy_iterator())
        >>> ids.shape, merges.tolist()
        ((2, 3), [[[[0, 1]], [[3, 2]]], [[[1, 2]], [[0, 3]]]])
    """
    if not len(sequences) == len(trees) == len(labels):
        raise KitError(
            f"every sequence needs a tree and a label; received {len(sequences)} sequences, "
            f"{len(trees)} trees and {len(labels)} labels. Pass as many of each."
        )
    ids = [ids_vector(f"sequences[{k}]", one) for k, one in enumerate(sequences)]
    check_leaves(trees, ids)
    classes = ids_vector("labels", labels, "Number the classes 0, 1, ... first.")
    # As long as the ids, so that they are padded with them: there is one merge fewer than leaves.
    merged = [
        np.array(
            [
                *((*pair, up) for pair, up in zip(tree.merges, heights(tree), strict=True)),
                (0, 0, 0),
            ],
            np.int32,
        )
        for tree in trees
    ]
    columns = [[one[:, k] for one in merged] for k in range(3)]
    batches = bucketed_batches(
        [(ids, pad_id), *((column, 0) for column in columns)],
        [classes, np.array([tree.leaves for tree in trees], np.int32)],
        batch_size=batch_size,
        buckets=buckets,
        seed=seed,
        shuffle=shuffle,
        drop_remainder=drop_remainder,
    )

    def laid_out(ids: Any, left: Any, right: Any, up: Any, label: Any, leaves: Any) -> Any:
        return (ids, _levels(tf.shape(ids)[1], left, right, up, leaves)), label

    return batches.map(laid_out)


def _levels(length: Any, left: Any, right: Any, up: Any, leaves: Any) -> Any:
    """`text.trees.tree_levels` of a batch: merges by number and their heights, `[B, T]` each."""
    depth = tf.reduce_max(up)
    at = tf.one_hot(up - 1, depth, dtype=tf.int32)  # [B, T, D]; none for a height of 0
    before = tf.reduce_sum(tf.cumsum(at, axis=1, exclusive=True) * at, axis=2)  # of that height
    width = tf.reduce_max(tf.reduce_sum(at, axis=1))
    number = length + (up - 1) * width + before  # of each node

    def renumbered(child: Any) -> Any:
        node = tf.gather(number, tf.maximum(child - leaves[:, None], 0), batch_dims=1)
        return tf.where(child < leaves[:, None], child, node)

    pairs = tf.stack([renumbered(left), renumbered(right)], axis=-1)
    real = tf.where(up > 0)  # [nodes, 2]: row and merge
    places = tf.stack(
        [tf.cast(real[:, 0], tf.int32), tf.gather_nd(up, real) - 1, tf.gather_nd(before, real)], 1
    )
    nowhere = tf.fill(tf.stack([tf.shape(up)[0], depth, width, 2]), -1)
    return tf.tensor_scatter_nd_update(nowhere, places, tf.gather_nd(pairs, real))
