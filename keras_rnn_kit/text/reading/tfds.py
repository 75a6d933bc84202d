"""Texts from TensorFlow Datasets, which is imported when first needed and not before."""

import os
from collections.abc import Iterator
from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import StrPath
from keras_rnn_kit.text.reading.columns import label_feature, text_feature
from keras_rnn_kit.text.reading.labelled import SPLITS, Pair, class_name, no_such_split
from keras_rnn_kit.text.reading.parts import Part

_BATCH = 128  # records fetched at once; a record at a time is ten times slower


def tfds_parts(
    spec: str, split: str | None, text_column: str | None, data_dir: StrPath | None
) -> Iterator[Part]:
    """The text of each record as a document.

    Args:
        spec: the data set's name, as `tfds:tiny_shakespeare`, `tfds:name/config:1.0.0`.
        split: "train", "test", a slice such as "train[:10%]"; None takes train.
        text_column: the feature that holds the text; None finds the only one.
        data_dir: where data sets are kept; None takes $TFDS_DATA_DIR, then the library's own
            place. A data set that is not there yet is downloaded.

    Raises:
        KitError: without TensorFlow Datasets, for an unknown data set, or one without text.
    """
    builder = _builder(spec, data_dir)
    text = _text_feature(spec, builder.info.features, text_column)
    for record in _records(spec, builder, "train" if split is None else split, text, text):
        yield Part(record[text], "\n")


def tfds_pairs(
    spec: str,
    split: str | None,
    text_column: str | None,
    label_column: str | None,
    data_dir: StrPath | None,
) -> Iterator[Pair]:
    """The text and the name of the label of each record.

    Args:
        spec, text_column, data_dir: see `tfds_parts`.
        split: as there; None takes train and test.
        label_column: the feature that holds the labels; None finds it.

    Raises:
        KitError: see `tfds_parts`; also without a feature that holds labels, or for a split
            without labels, such as `unsupervised`.
    """
    builder = _builder(spec, data_dir)
    features = builder.info.features
    text = _text_feature(spec, features, text_column)
    label = _label_feature(spec, features, text, label_column)
    names = getattr(features[label], "names", None)
    splits = builder.info.splits
    parts = [name for name in SPLITS if name in splits] if split is None else [split]
    if not parts:
        raise no_such_split(spec, splits, split)
    for part in parts:
        for record in _records(spec, builder, part, text, label):
            value = record[label]
            if names is not None:
                value = class_name(spec, part, names, value)
            elif isinstance(value, bytes):
                value = value.decode("utf-8", "replace")
            yield record[text], str(value)


def tfds_splits(spec: str, data_dir: StrPath | None = None) -> tuple[str, ...]:
    """Which of train and test the data set has."""
    splits = _builder(spec, data_dir).info.splits
    return tuple(name for name in SPLITS if name in splits)


def _builder(spec: str, data_dir: StrPath | None) -> Any:
    """The data set's builder, with its data on disk."""
    try:
        import tensorflow_datasets as tfds  # heavy, and an extra
    except ImportError as error:
        raise KitError(
            f"{spec} needs TensorFlow Datasets; received '{error}'. "
            "Run `pip install keras-rnn-kit[train]`."
        ) from None
    name = spec.removeprefix("tfds:")
    data_dir = data_dir or os.environ.get("TFDS_DATA_DIR") or None
    try:
        builder = tfds.builder(
            name, data_dir=None if data_dir is None else os.fspath(data_dir), try_gcs=False
        )
    except tfds.core.DatasetNotFoundError:
        raise KitError(
            f"a data set must be one that TensorFlow Datasets knows or that lies in "
            f"{data_dir or 'its data folder'}; received {name!r}. Check the name at "
            "https://www.tensorflow.org/datasets, or set TFDS_DATA_DIR."
        ) from None
    except (ValueError, AssertionError, OSError) as error:
        raise KitError(
            f"a data set must be named NAME, NAME/CONFIG or NAME:VERSION; received {name!r} "
            f"({_first_line(error)}). Check the name."
        ) from None
    try:
        builder.download_and_prepare()  # does nothing where the data are on disk
    except Exception as error:
        # Whatever a download can raise: the network, a checksum, a full disk, a site's terms.
        raise KitError(
            f"the data set {name!r} must be on disk or open to download; received "
            f"{type(error).__name__} ({_first_line(error)}). Download it where there is a network "
            "and set TFDS_DATA_DIR to its folder, or give a file."
        ) from error
    return builder


def _records(
    spec: str, builder: Any, split: str, text: str, label: str
) -> Iterator[dict[str, Any]]:
    """The text, decoded, and the label of the split's records, in their order on disk."""
    import tensorflow_datasets as tfds

    try:
        dataset = builder.as_dataset(split=split, shuffle_files=False)
    except (ValueError, AssertionError, KeyError):
        raise no_such_split(spec, builder.info.splits, split) from None
    number = 0
    # Other features may differ in shape from record to record, and can't stand in one batch.
    dataset = dataset.map(lambda record: {text: record[text], label: record[label]})
    for batch in tfds.as_numpy(dataset.batch(_BATCH)):
        for values in zip(*batch.values(), strict=True):
            record = dict(zip(batch, values, strict=True))
            try:
                record[text] = record[text].decode("utf-8")
            except UnicodeDecodeError as error:
                raise KitError(
                    f"{spec}, split {split!r}, record {number}: the text must be valid UTF-8; "
                    f"received byte 0x{error.object[error.start]:02x} at byte offset "
                    f"{error.start}. Use another data set or version."
                ) from None
            number += 1
            yield record


def _text_feature(spec: str, features: Any, name: str | None) -> str:
    """The name of the feature that holds text."""
    import tensorflow as tf

    def is_text(feature: Any) -> bool:
        shape, dtype = getattr(feature, "shape", None), getattr(feature, "dtype", None)
        # Nested features have dictionaries for both.
        return shape == () and not isinstance(dtype, dict) and tf.as_dtype(dtype) == tf.string

    names = [name for name, _ in _items(features)]
    texts = [name for name, feature in _items(features) if is_text(feature)]
    return text_feature(spec, texts, names, name)


def _label_feature(spec: str, features: Any, text: str, name: str | None) -> str:
    """The name of the feature that holds labels."""
    import tensorflow_datasets as tfds

    items = [(name, feature) for name, feature in _items(features) if name != text]
    return label_feature(
        spec,
        [name for name, feature in items if isinstance(feature, tfds.features.ClassLabel)],
        [name for name, feature in items if getattr(feature, "shape", None) == ()],
        [name for name, _ in items],
        name,
    )


def _items(features: Any) -> list[tuple[str, Any]]:
    items = getattr(features, "items", None)
    return sorted(items(), key=lambda item: item[0]) if items is not None else []


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().split("\n")
    return lines[0][:200]
