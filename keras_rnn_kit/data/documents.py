"""Windows of documents that are kept apart, for training and judging language models."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.data.checks import ids_vector, seed_or_none
from keras_rnn_kit.data.epochs import draw_seed, reshuffled
from keras_rnn_kit.errors import KitError


def document_windows(
    documents: Sequence[Any],
    *,
    batch_size: int,
    seq_length: int,
    context: int = 0,
    seed: int | None = None,
    shuffle: bool = True,
    pad_id: int = 0,
) -> tf.data.Dataset:
    """Batches of `(inputs, targets, weights)`, `[B, T]` each, in which no window joins documents.

    A document is cut into windows of T, the last of which is filled up at the right with `pad_id`.
    The weights, float32, are 1 where a token is predicted and 0 elsewhere; `model.fit` takes them
    as `sample_weight`, `PerplexityLogs` and `weighted_metrics=[Perplexity()]` count by them.

    Every epoch predicts each token of each document exactly once, but for a document's first one,
    which nothing comes before: begin documents with `<bos>` to have it predicted, too, and end
    them with `<eos>` for a model that is to learn where texts end (`encoder.encode_many(texts,
    bos=True, eos=True)`). A document of fewer than two ids predicts nothing and gives no window.
    The shapes are static and the number of batches is known; the rows that the last batch lacks
    are padding of weight 0.

    With `context`, a window begins with that many ids of the one before, which it reads and does
    not predict again: each token but the first few of a document is predicted from `context` ids
    or more, at the price of `T / (T − context)` times as many windows.

    To let windows run over the ends of documents, join them:
    `language_model_windows(np.concatenate(encoder.encode_many(texts, eos=True)), ...)`.

    Args:
        documents: vectors of ids.
        batch_size: B.
        seq_length: T.
        context: in [0, T).
        seed: settles every epoch; None follows `keras.utils.set_random_seed`.
        shuffle: False keeps the order of the documents.
        pad_id: fills inputs and targets where the weight is 0.

    Raises:
        KitError: an argument is wrong, or no document has two ids.

    Example:
        >>> batches = document_windows([[5, 6, 7, 8], [9, 5]], batch_size=3, seq_length=2,
        ...                            shuffle=False)
        >>> for inputs, targets, weights in batches.as_numpy_iterator():
        ...     print(inputs.tolist(), targets.tolist(), weights.tolist())
        [[5, 6], [7, 0], [9, 0]] [[6, 7], [8, 0], [5, 0]] [[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]]
    """
    rows = positive_integer("batch_size", batch_size)
    steps = positive_integer("seq_length", seq_length)
    seed = seed_or_none(seed)
    whole = isinstance(context, (int, np.integer)) and not isinstance(context, bool)
    if not whole or not 0 <= context < steps:
        raise KitError(
            f"context must be an integer in [0, {steps}), fewer ids than a window has; received "
            f"context={context!r}. Pass 0 for windows that don't overlap."
        )
    fill = ids_vector("pad_id", [pad_id], "Pass the id of <pad>.")[0]
    arrays = [ids_vector(f"documents[{i}]", one) for i, one in enumerate(documents)]
    windows = _windows([len(one) for one in arrays], steps, int(context))
    if not len(windows):
        raise KitError(
            f"documents must have one with two ids or more, or nothing is predicted; received "
            f"{len(arrays)} documents. Pass longer ones, or encode them with <bos> and <eos>."
        )
    count = -(-len(windows) // rows)
    # A window of no ids, for the rows that the last batch lacks.
    table = np.concatenate([windows, np.zeros((1, 3), np.int64)])
    missing = np.full(count * rows - len(windows), len(windows))

    with tf.device("/CPU:0"):
        flat, entries = tf.constant(np.concatenate(arrays)), tf.constant(table)

        def batches(order: tf.Tensor) -> tf.data.Dataset:
            def batch(chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
                begin, size, known = tf.unstack(tf.gather(entries, chosen)[:, :, None], axis=1)
                step = tf.range(steps, dtype=tf.int64)[None, :]  # [1, T]
                ids = tf.gather(flat, begin + tf.minimum(tf.range(steps + 1, dtype=tf.int64), size))
                real = step < size  # [B, T]
                inputs = tf.where(real, ids[:, :-1], fill)
                targets = tf.where(real, ids[:, 1:], fill)
                return inputs, targets, tf.cast(real & (step >= known), tf.float32)

            chosen = tf.reshape(tf.concat([order, missing], 0), [count, rows])
            return tf.data.Dataset.from_tensor_slices(chosen).map(batch)

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            order = tf.range(len(windows), dtype=tf.int64)
            return batches(tf.random.experimental.stateless_shuffle(order, draw_seed(number, 0)))

        if shuffle:
            dataset = reshuffled(epoch, seed=seed, batches=count)
        else:
            dataset = batches(tf.range(len(windows), dtype=tf.int64))
        return dataset.prefetch(tf.data.AUTOTUNE)


def _windows(lengths: list[int], steps: int, context: int) -> np.ndarray:
    """`[windows, 3]`: where each begins, how many ids it predicts from, how many it knows."""
    entries, offset = [], 0
    for length in lengths:
        predicted = length - 1
        for begin in range(0, max(0, predicted - context), steps - context):
            size = min(steps, predicted - begin)
            entries.append((offset + begin, size, context if begin else 0))
        if 0 < predicted <= context:
            entries.append((offset, predicted, 0))
        offset += length
    return np.array(entries, np.int64).reshape(-1, 3)
