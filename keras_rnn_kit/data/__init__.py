"""Ids into `tf.data` batches: windows for language models, buckets by length for classifiers.

It works on NumPy ids and knows nothing of text; `keras_rnn_kit.text` makes the ids.
"""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.data"):
    from keras_rnn_kit.data.buckets import bucket_lengths
    from keras_rnn_kit.data.labelled import labelled_batches, padding_share
    from keras_rnn_kit.data.splits import drop_duplicates, split
    from keras_rnn_kit.data.windows import language_model_windows

__all__ = [
    "bucket_lengths",
    "drop_duplicates",
    "labelled_batches",
    "language_model_windows",
    "padding_share",
    "split",
]
