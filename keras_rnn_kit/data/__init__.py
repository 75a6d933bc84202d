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
    from keras_rnn_kit.data.documents import document_windows
    from keras_rnn_kit.data.labelled import labelled_batches
    from keras_rnn_kit.data.series import series_examples, series_windows, split_series
    from keras_rnn_kit.data.series_scaler import SeriesScaler
    from keras_rnn_kit.data.splits import drop_duplicates, drop_overlap, split
    from keras_rnn_kit.data.windows import language_model_windows

__all__ = [
    "SeriesScaler",
    "bucket_lengths",
    "class_weights",
    "corpus_windows",
    "cut_sequences",
    "describe",
    "document_windows",
    "drop_duplicates",
    "drop_overlap",
    "labelled_batches",
    "language_model_windows",
    "padding_share",
    "series_examples",
    "series_windows",
    "split",
    "split_series",
]
