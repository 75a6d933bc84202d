"""Texts from TensorFlow Datasets, which is imported when first needed and not before."""

import os
from collections.abc import Iterator
from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.labelled import SPLITS, long_name
from keras_rnn_kit.text.tables import LABEL_NAMES, TEXT_NAMES

_BATCH = 1024  # records fetched at once; a record at a time is ten times slower


def load_tfds_text(spec: str, data_dir: str | os.PathLike[str] | None = None) -> str:
    r"""The texts of the train split, joined by newlines, for a language model.

    Args:
        spec: the data set's name, as `tiny_shakespeare`, `tfds:tiny_shakespeare`,
            `name/config:1.0.0`.
        data_dir: where data sets are kept; None takes $TFDS_DATA_DIR, then the library's own
            place. A data set that is not there yet is downloaded.

    Raises:
        KitError: without TensorFlow Datasets, for an unknown data set, or one without text.
    """
    builder = _builder(spec, data_dir)
    text = _text_feature(spec, builder.info.features)
    return "\n".join(record[text] for record in _records(spec, builder, "train", text, text))


def load_tfds_labelled(
    spec: str, split: str | None, data_dir: str | os.PathLike[str] | None = None
) -> tuple[list[str], list[str]]:
    """The texts and the names of their labels, for a classifier.

    Args:
        spec, data_dir: see `load_tfds_text`.
        split: "train", "test", a slice such as "train[:10%]"; None takes train and test.

    Raises:
        KitError: see `load_tfds_text`; also without a feature that holds labels, or for a split
            without labels, such as `unsupervised`.
    """
    builder = _builder(spec, data_dir)
    features = builder.info.features
    text = _text_feature(spec, features)
    label = _label_feature(spec, features, text)
    names = getattr(features[label], "names", None)
    texts: list[str] = []
    labels: list[str] = []
    for part in [split] if split is not None else tfds_splits(spec, data_dir):
        for record in _records(spec, builder, part, text, label):
            value = record[label]
            if names is not None and not 0 <= value < len(names):
                raise KitError(
                    f"the split {part!r} of {spec} must have labels; received {value}. "
                    "Pass another split."
                )
            if names is not None:
                value = long_name(names[value])
            elif isinstance(value, bytes):
                value = value.decode("utf-8", "replace")
            texts.append(record[text])
            labels.append(str(value))
    return texts, labels


def tfds_splits(spec: str, data_dir: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
    """Which of train and test the data set has."""
    splits = _builder(spec, data_dir).info.splits
    return tuple(name for name in SPLITS if name in splits)


def _builder(spec: str, data_dir: str | os.PathLike[str] | None) -> Any:
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
        raise KitError(
            f"split must be one that {spec} has ({', '.join(sorted(builder.info.splits))}); "
            f"received {split!r}. Pass one of them."
        ) from None
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


def _text_feature(spec: str, features: Any) -> str:
    """The name of the one feature that holds text."""
    import tensorflow as tf

    def is_text(feature: Any) -> bool:
        shape, dtype = getattr(feature, "shape", None), getattr(feature, "dtype", None)
        # Nested features have dictionaries for both.
        return shape == () and not isinstance(dtype, dict) and tf.as_dtype(dtype) == tf.string

    names = [name for name, _ in _items(features)]
    texts = [name for name, feature in _items(features) if is_text(feature)]
    named = [name for name in TEXT_NAMES if name in texts]
    others = [name for name in texts if name not in LABEL_NAMES]
    if named:
        return named[0]
    if len(others) == 1:
        return others[0]
    raise KitError(
        f"{spec} must have one feature with text; received {', '.join(texts) or 'none'} among "
        f"{', '.join(names)}. Choose another data set."
    )


def _label_feature(spec: str, features: Any, text: str) -> str:
    """The name of the feature that holds labels: by its type, or by a customary name."""
    import tensorflow_datasets as tfds

    items = [(name, feature) for name, feature in _items(features) if name != text]
    classes = [name for name, feature in items if isinstance(feature, tfds.features.ClassLabel)]
    named = [
        name
        for wanted in LABEL_NAMES
        for name, feature in items
        if name == wanted and getattr(feature, "shape", None) == ()
    ]
    for candidates in (classes if len(classes) == 1 else [], [n for n in named if n in classes]):
        if candidates:
            return candidates[0]
    if not classes and named:
        return named[0]
    raise KitError(
        f"{spec} must have one feature with labels; received "
        f"{', '.join(name for name, _ in items) or 'none'} beside the text. "
        "Choose another data set."
    )


def _items(features: Any) -> list[tuple[str, Any]]:
    items = getattr(features, "items", None)
    return sorted(items(), key=lambda item: item[0]) if items is not None else []


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().split("\n")
    return lines[0][:200]
