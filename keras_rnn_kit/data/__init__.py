"""Ids into `tf.data` batches: windows for language models, buckets by length for classifiers.

It works on NumPy ids and knows nothing of text; `keras_rnn_kit.text` makes the ids.
"""

from keras_rnn_kit.errors import KitError

try:
    from keras_rnn_kit.data.buckets import bucket_lengths
    from keras_rnn_kit.data.labelled import labelled_batches, padding_share
    from keras_rnn_kit.data.splits import drop_duplicates, split
    from keras_rnn_kit.data.windows import language_model_windows
except ModuleNotFoundError as error:
    if error.name != "tensorflow":
        raise
    raise KitError(
        "keras_rnn_kit.data needs TensorFlow; received an environment without it. "
        "Run `pip install keras-rnn-kit[train]`."
    ) from error

__all__ = [
    "bucket_lengths",
    "drop_duplicates",
    "labelled_batches",
    "language_model_windows",
    "padding_share",
    "split",
]
