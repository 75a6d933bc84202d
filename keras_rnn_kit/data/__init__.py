"""Numbers into `tf.data` batches: windows for language models and forecasters, buckets by length.

It works on NumPy arrays; `keras_rnn_kit.text` makes the ids of texts.
"""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.data"):
    from keras_rnn_kit.data.buckets import bucket_lengths, padding_share
    from keras_rnn_kit.data.class_weights import class_weights
    from keras_rnn_kit.data.corpus_windows import corpus_windows
    from keras_rnn_kit.data.cutting import cut_sequences
    from keras_rnn_kit.data.describe import describe
    from keras_rnn_kit.data.digits import digits, pixel_sequences
    from keras_rnn_kit.data.documents import document_windows
    from keras_rnn_kit.data.gaps import Filled, fill_gaps
    from keras_rnn_kit.data.labelled import labelled_batches
    from keras_rnn_kit.data.labelled_windows import labelled_windows
    from keras_rnn_kit.data.long_memory import adding_problem, copy_memory, copy_memory_baseline
    from keras_rnn_kit.data.memory_tasks import MemoryTask, memory_task
    from keras_rnn_kit.data.mnist import digit_images
    from keras_rnn_kit.data.pairs import pair_batches
    from keras_rnn_kit.data.period import find_period
    from keras_rnn_kit.data.series import series_examples, series_windows, split_series
    from keras_rnn_kit.data.series_scaler import SeriesScaler
    from keras_rnn_kit.data.splits import drop_duplicates, drop_overlap, split
    from keras_rnn_kit.data.tagged import tagged_batches
    from keras_rnn_kit.data.trees import tree_batches
    from keras_rnn_kit.data.windows import language_model_windows

__all__ = [
    "Filled",
    "MemoryTask",
    "SeriesScaler",
    "adding_problem",
    "bucket_lengths",
    "class_weights",
    "copy_memory",
    "copy_memory_baseline",
    "corpus_windows",
    "cut_sequences",
    "describe",
    "digit_images",
    "digits",
    "document_windows",
    "drop_duplicates",
    "drop_overlap",
    "fill_gaps",
    "find_period",
    "labelled_batches",
    "labelled_windows",
    "language_model_windows",
    "memory_task",
    "padding_share",
    "pair_batches",
    "pixel_sequences",
    "series_examples",
    "series_windows",
    "split",
    "split_series",
    "tagged_batches",
    "tree_batches",
]
