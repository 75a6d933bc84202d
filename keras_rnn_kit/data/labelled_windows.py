"""Windows of several texts that have labels, for training conditional language models."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.data.checks import ids_vector, seed_or_none
from keras_rnn_kit.data.epochs import draw_seed, reshuffled
from keras_rnn_kit.data.windows import _gather_windows
from keras_rnn_kit.errors import KitError


def labelled_windows(
    texts: Mapping[str, Any],
    *,
    batch_size: int,
    seq_length: int,
    labels: Sequence[str] | None = None,
    seed: int | None = None,
    shuffle: bool = True,
) -> tf.data.Dataset:
    """Batches of `((tokens, labels), targets)`: int32 `[B, T]`, `[B]` and `[B, T]`.

    The targets are one step ahead, and no window runs over the end of a text. Each epoch draws an
    offset from `[0, T)` for every text, cuts the text into windows of T from there, and deals the
    windows of all texts out in a new random order: `sum((N − T) // T) // B` batches, N being the
    ids of a text. No token is predicted twice in an epoch; left out are the first `offset + 1`
    tokens of each text, fewer than T at its end, and the windows (fewer than B, others each epoch)
    that fill no batch. With `shuffle=False` the offsets are 0 and the windows come in their order,
    `sum((N − 1) // T) // B` batches.

    The shapes are static and the number of batches is known. Fit with `model.fit(batches,
    shuffle=False)`: Keras warns of its own `shuffle=True` otherwise. A label with much more text
    than the others is trained on so much more: cut it, to have them in balance.

    Args:
        texts: the ids `[N]` of each label's text.
        batch_size: B.
        seq_length: T.
        labels: the names in the order of their ids, such as `model.labels`; None takes the order of
            `texts`.
        seed: settles every epoch; None follows `keras.utils.set_random_seed`.
        shuffle: False keeps the order of the texts, for validation.

    Raises:
        KitError: an argument is wrong, a text's label is not among `labels`, a text is too short
            for a window, or all are for a batch.

    Example:
        >>> batches = labelled_windows(
        ...     {"low": range(5), "high": range(90, 96)}, batch_size=4, seq_length=2, shuffle=False
        ... )
        >>> for (tokens, labels), targets in batches.as_numpy_iterator():
        ...     print(tokens.tolist(), labels.tolist(), targets.tolist())
        [[0, 1], [2, 3], [90, 91], [92, 93]] [0, 0, 1, 1] [[1, 2], [3, 4], [91, 92], [93, 94]]
    """
    rows = positive_integer("batch_size", batch_size)
    steps = positive_integer("seq_length", seq_length)
    seed = seed_or_none(seed)
    if not isinstance(texts, Mapping) or not texts:
        raise KitError(
            f"texts must be ids by label, one label or more; received {type(texts).__name__} of "
            f"{len(texts)}. Pass a dict such as {{'prose': ids, 'verse': ids}}."
        )
    names = list(texts if labels is None else labels)
    for label in texts:
        if label not in names:
            raise KitError(
                f"a text's label must be one of {', '.join(names)}; received {label!r}. Leave the "
                "text out, or make the model with that label too."
            )
    vectors = {label: ids_vector(f"texts[{label!r}]", ids) for label, ids in texts.items()}
    # An offset may reach T − 1, and every epoch is to have as many windows as the others.
    most = steps - 1 if shuffle else 0
    counts = {label: (len(ids) - 1 - most) // steps for label, ids in vectors.items()}
    for label, count in counts.items():
        if count < 1:
            raise KitError(
                f"a window of seq_length={steps} needs {most + steps + 1} ids of each text; "
                f"received {len(vectors[label])} of the label {label!r}. Pass more of it, leave it "
                "out, or take a smaller seq_length."
            )
    batches = sum(counts.values()) // rows
    if batches < 1:
        raise KitError(
            f"batch_size={rows} windows must be there for one batch; received texts with "
            f"{sum(counts.values())} of seq_length={steps}. Pass more text, or a smaller "
            "batch_size or seq_length."
        )

    begins = np.cumsum([0, *map(len, vectors.values())])[:-1]
    windows = [
        (text, begin + steps * k, names.index(label))
        for text, (begin, label) in enumerate(zip(begins, counts, strict=True))
        for k in range(counts[label])
    ]
    of_text, starts, ids_of_labels = np.array(windows, np.int64).T  # [windows] each

    with tf.device("/CPU:0"):  # tf.data gathers there, also on a machine with a GPU
        source = tf.constant(np.concatenate(list(vectors.values())))
        label_of = tf.constant(ids_of_labels.astype(np.int32))

        def cut(order: tf.Tensor, offsets: tf.Tensor) -> tf.data.Dataset:
            chosen = tf.reshape(order[: batches * rows], [batches, rows])
            begin = tf.gather(starts, chosen) + tf.gather(tf.gather(offsets, of_text), chosen)
            of_windows = tf.data.Dataset.from_tensor_slices(tf.gather(label_of, chosen))
            pairs = tf.data.Dataset.zip(_gather_windows(source, begin, steps), of_windows)
            return pairs.map(lambda window, label: ((window[0], label), window[1]))

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            offsets = tf.random.stateless_uniform(
                [len(vectors)], draw_seed(number, 0), maxval=steps, dtype=tf.int64
            )
            order = tf.range(len(windows), dtype=tf.int64)
            order = tf.random.experimental.stateless_shuffle(order, draw_seed(number, 1))
            return cut(order, offsets)

        if shuffle:
            dataset = reshuffled(epoch, seed=seed, batches=batches)
        else:
            in_order = tf.range(len(windows), dtype=tf.int64)
            dataset = cut(in_order, tf.zeros([len(vectors)], tf.int64))
            dataset = dataset.apply(tf.data.experimental.assert_cardinality(batches))
        return dataset.prefetch(tf.data.AUTOTUNE)
