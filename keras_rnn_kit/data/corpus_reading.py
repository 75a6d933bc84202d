"""Ranges of the ids of a corpus on disk, read by TensorFlow's own record reader."""

from collections.abc import Callable

import tensorflow as tf

from keras_rnn_kit.text.corpus.corpus import Corpus
from keras_rnn_kit.text.corpus.index import ID_TYPES

READERS = 4  # ranges read at a time: waiting for a disk, more than working


def range_reader(corpus: Corpus) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """The function that reads ranges of ids: `(starts [P], lengths [P]) -> ids [sum(lengths)]`.

    It is made of TensorFlow's operations alone, for use inside a dataset's functions. A range may
    lie across any number of shards. The ids come one range after the other, in the type in which
    they are kept (int32 for uint32).

    Args:
        corpus: counted are the ids of the whole corpus, also where it is a range itself.
    """
    files = tf.constant([str(path) for path in corpus.files])
    bounds = tf.constant(corpus.bounds, tf.int64)  # [shards + 1]
    width = ID_TYPES[corpus.index.dtype]
    kept = tf.int32 if corpus.index.dtype == "uint32" else tf.as_dtype(corpus.index.dtype)

    def record(file: tf.Tensor, header: tf.Tensor, size: tf.Tensor, footer: tf.Tensor) -> tf.Tensor:
        # The part of a file is its only record, between what is skipped on either side.
        records = tf.data.FixedLengthRecordDataset(file, size, header, footer, buffer_size=size)
        return records.get_single_element()

    def read(starts: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        stops = starts + lengths
        first = tf.searchsorted(bounds, starts, side="right") - 1
        last = tf.searchsorted(bounds, stops, side="left") - 1
        count = last - first + 1  # shards that each range touches, [P]
        row = tf.repeat(tf.range(tf.size(count)), count)  # the range that each part belongs to
        nth = tf.range(tf.size(row)) - tf.gather(tf.cumsum(count, exclusive=True), row)
        shard = tf.gather(first, row) + nth
        low, high = tf.gather(bounds, shard), tf.gather(bounds, shard + 1)
        begin = tf.maximum(tf.gather(starts, row), low)
        end = tf.minimum(tf.gather(stops, row), high)
        parts = tf.data.Dataset.from_tensor_slices(
            (
                tf.gather(files, shard),
                (begin - low) * width,
                (end - begin) * width,
                (high - end) * width,
            )
        ).map(record, num_parallel_calls=READERS, deterministic=True)
        joined = tf.strings.reduce_join(parts.batch(tf.size(row, tf.int64)).get_single_element())
        return tf.io.decode_raw(joined, kept)

    return read
