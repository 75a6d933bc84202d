"""Texts from the data sets of Hugging Face's `datasets`, imported when first needed.

Used are `datasets.load_dataset(name, config, cache_dir=...)` and `datasets.load_from_disk(path)`;
of what they return, a dictionary of splits or one data set: `features` with each one's `dtype`
and, of a `ClassLabel`, `names`; `select_columns(names)`; and iteration over the records. The
library maps its files into memory, so that no split is held whole.

https://huggingface.co/docs/datasets
"""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import StrPath
from keras_rnn_kit.text.reading.columns import label_feature, text_feature
from keras_rnn_kit.text.reading.labelled import SPLITS, Pair, class_name, no_splits, no_such_split
from keras_rnn_kit.text.reading.parts import Part

PREFIX = "hf:"
_STRINGS = ("string", "large_string", "string_view")
_WHOLE = ""  # the name of the one split of a data set without splits


def is_saved(path: StrPath) -> bool:
    """Whether the folder is one that `save_to_disk` wrote."""
    return any((Path(path) / name).is_file() for name in ("dataset_dict.json", "state.json"))


def hugging_face_parts(
    spec: str, split: str | None, text_column: str | None, data_dir: StrPath | None
) -> Iterator[Part]:
    """The text of each record as a document.

    Args:
        spec: `hf:NAME`, `hf:NAME:CONFIG`, or a folder that `save_to_disk` wrote.
        split: one of the data set's; None takes train.
        text_column: the feature that holds the text; None finds the only one.
        data_dir: where downloads are kept; None takes the library's own place.

    Raises:
        KitError: without the library, for an unknown data set or split, or one without text.
    """
    for _, dataset in _chosen(spec, _splits(spec, data_dir), split, ("train",)):
        text = _text_feature(spec, dataset.features, text_column)
        for record in dataset.select_columns([text]):
            yield Part(record[text] or "", "\n")  # None stands for no text


def hugging_face_pairs(
    spec: str,
    split: str | None,
    text_column: str | None,
    label_column: str | None,
    data_dir: StrPath | None,
) -> Iterator[Pair]:
    """The text and the name of the label of each record.

    Args:
        spec, text_column, data_dir: see `hugging_face_parts`.
        split: one of the data set's; None takes train and test.
        label_column: the feature that holds the labels; None finds it.

    Raises:
        KitError: see `hugging_face_parts`; also without labels.
    """
    for name, dataset in _chosen(spec, _splits(spec, data_dir), split, SPLITS):
        features = dataset.features
        text = _text_feature(spec, features, text_column)
        label = _label_feature(spec, features, text, label_column)
        names = getattr(features[label], "names", None)
        for record in dataset.select_columns([text, label]):
            value = record[label]
            if names is not None or value is None:
                value = class_name(spec, name, names or (), value)
            yield record[text] or "", str(value)


def hugging_face_splits(spec: str, data_dir: StrPath | None = None) -> tuple[str, ...]:
    """Which of train and test the data set has."""
    splits = _splits(spec, data_dir)
    return tuple(name for name in SPLITS if name in splits)


def _chosen(
    spec: str, splits: dict[str, Any], split: str | None, default: tuple[str, ...]
) -> list[tuple[str, Any]]:
    """The split, or those of the default ones that are there, each with its name."""
    if _WHOLE in splits:
        if split is not None:
            raise no_splits(spec, split)
        default = (_WHOLE,)
    names = [name for name in (default if split is None else (split,)) if name in splits]
    if not names:
        raise no_such_split(spec, splits, split)
    return [(name, splits[name]) for name in names]


def _splits(spec: str, data_dir: StrPath | None) -> dict[str, Any]:
    """The splits by name."""
    try:
        datasets = importlib.import_module("datasets")  # optional, and heavy
    except ImportError as error:
        raise KitError(
            f"{spec} needs Hugging Face's datasets; received '{error}'. Run `pip install datasets`."
        ) from None
    try:
        if not spec.startswith(PREFIX):
            loaded = datasets.load_from_disk(spec)
        else:
            name, _, config = spec.removeprefix(PREFIX).partition(":")
            cache = None if data_dir is None else os.fspath(data_dir)
            loaded = datasets.load_dataset(name, config or None, cache_dir=cache)
    except Exception as error:
        # Whatever a download or a data set's own script can raise.
        reason = str(error).strip().split("\n")[0][:200]
        raise KitError(
            f"the data set {spec} must be on disk or open to download; received "
            f"{type(error).__name__} ({reason}). Check the name at "
            "https://huggingface.co/datasets, or give a folder that save_to_disk wrote."
        ) from error
    return loaded if isinstance(loaded, dict) else {_WHOLE: loaded}


def _text_feature(spec: str, features: Any, name: str | None) -> str:
    texts = [one for one in features if _dtype(features[one]) in _STRINGS]
    return text_feature(spec, texts, list(features), name)


def _label_feature(spec: str, features: Any, text: str, name: str | None) -> str:
    names = [one for one in features if one != text]
    return label_feature(
        spec,
        [one for one in names if hasattr(features[one], "names")],
        [one for one in names if _dtype(features[one]) not in (None, "list", "dict")],
        names,
        name,
    )


def _dtype(feature: Any) -> str | None:
    """The name of the type of one value; nested features have none, or a list's or dictionary's."""
    dtype = getattr(feature, "dtype", None)
    return dtype if isinstance(dtype, str) else None
