"""Labelled texts for classifiers, from tables, JSON and folders."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import StrPath, chunks_of, files_in, form_of, read_decoded
from keras_rnn_kit.text.reading import json_records, tables
from keras_rnn_kit.text.reading.parts import lines

SPLITS = ("train", "test")
_BY_LINE = (".neg", ".pos")
_LONG_NAMES = {"neg": "negative", "pos": "positive"}
_UNLABELLED = ("unsup", "unsupervised")  # IMDB's reviews without a verdict

Pair = tuple[str, str]  # a text and its label


def path_pairs(
    path: Path,
    text_column: str | None,
    label_column: str | None,
    encoding: str,
    split: str | None,
) -> Iterator[Pair | None]:
    """The texts and labels of a file or folder, read while they are iterated; None for a blank.

    For the forms of a source see `sources.labelled_texts`.

    Raises:
        KitError: for what is missing, empty, ragged (with its line) or not valid in the encoding.
    """
    if path.is_dir():
        return _folder_pairs(path, encoding, split)
    form = form_of(path)
    if form not in (*tables.FORMS, *json_records.FORMS, *_BY_LINE):
        raise KitError(
            f"{path} must be a .tsv, .csv, .json, .jsonl, .pos or .neg file or a folder; received "
            + (f"a file with the suffix {path.suffix!r}." if path.exists() else "no such file.")
            + " Check the path, or name the file's form by its suffix."
        )
    if split is not None:
        raise no_splits(path, split)
    if form in _BY_LINE:
        return _line_pairs(path, encoding)
    if form in tables.FORMS:
        return tables.table_pairs(path, text_column, label_column, encoding)
    return json_records.json_pairs(path, text_column, label_column, encoding)


def folder_splits(path: StrPath) -> tuple[str, ...]:
    """The splits that a folder holds: ("train", "test") or ()."""
    return SPLITS if all((Path(path) / name).is_dir() for name in SPLITS) else ()


def label_ids(
    labels: Sequence[str], names: Sequence[str] | None = None
) -> tuple[np.ndarray, list[str]]:
    """Labels as ids int32 `[N]`, and the names in the order of their ids.

    Args:
        labels: the label of each text.
        names: the order to use, from the training texts; sorted by spelling where None.

    Raises:
        KitError: for a label that is not among `names`.

    Example:
        >>> label_ids(["positive", "negative", "positive"])
        (array([1, 0, 1], dtype=int32), ['negative', 'positive'])
    """
    order = sorted(set(labels)) if names is None else list(names)
    ids = {name: i for i, name in enumerate(order)}
    if strange := sorted(set(labels) - set(ids)):
        raise KitError(
            f"labels must be among {', '.join(map(repr, order))}; received "
            f"{', '.join(map(repr, strange))}. Train with all the labels, or mend these."
        )
    return np.array([ids[label] for label in labels], dtype=np.int32), order


def long_name(label: str) -> str:
    """The label written out, where it is one of the customary short ones.

    Example:
        >>> long_name("pos"), long_name("sports")
        ('positive', 'sports')
    """
    return _LONG_NAMES.get(label, label)


def class_name(source: str, split: str, names: Sequence[str], value: Any) -> str:
    """The name of a class of a data set by its number.

    Raises:
        KitError: where the number is that of no class, -1 say, which stands for no label.

    Example:
        >>> class_name("a data set", "train", ["neg", "pos"], 1)
        'positive'
    """
    if value is None or not 0 <= value < len(names):
        raise KitError(
            f"the split {split!r} of {source} must have labels; received {value}. "
            "Pass another split."
        )
    return long_name(names[value])


def no_such_split(source: str, there: Collection[str], split: str | None) -> KitError:
    """What is said of a split that a data set doesn't have."""
    return KitError(
        f"split must be one that {source} has ({', '.join(sorted(there))}); "
        f"received {split!r}. Pass one of them."
    )


def no_splits(source: object, split: str, splits: Sequence[str] = ()) -> KitError:
    """What is said of a split that the source doesn't have."""
    return KitError(
        f"split must be one that {source} has ({', '.join(splits) or 'none'}); received {split!r}. "
        "Pass split=None and split the texts yourself, or give a folder with train/ and test/."
    )


def _folder_pairs(folder: Path, encoding: str, split: str | None) -> Iterator[Pair | None]:
    splits = folder_splits(folder)
    if split is not None and split not in splits:
        raise no_splits(folder, split, splits)
    if pairs := _pairs(folder):
        for file in pairs:
            yield from _line_pairs(file, encoding)
        return
    for root in [folder / name for name in ([split] if split else splits)] or [folder]:
        for name, files in _classes(root):
            for file in files:
                yield read_decoded(file, encoding).removesuffix("\n"), long_name(name)


def _pairs(folder: Path) -> list[Path]:
    """The files NAME.neg and NAME.pos of which there are both, all the .neg ones first."""
    files = files_in(folder, *_BY_LINE)
    stems = [{_stem(file) for file in files if form_of(file) == form} for form in _BY_LINE]
    both = stems[0] & stems[1]
    found = [file for file in files if _stem(file) in both]
    return sorted(found, key=lambda file: (form_of(file), file.name))


def _stem(path: Path) -> str:
    """The name without the suffix that tells the form, and without .gz."""
    return path.name[: path.name.lower().rindex(form_of(path))]


def _classes(root: Path) -> list[tuple[str, list[Path]]]:
    """The classes of a folder and their files, sorted by name."""
    classes = [
        (below.name, files)
        for below in sorted(root.iterdir())
        if below.is_dir() and below.name not in _UNLABELLED and (files := files_in(below, ".txt"))
    ]
    if not classes:
        raise KitError(
            f"the folder {root} must hold a folder of *.txt files for each class (pos, neg), or "
            "pairs NAME.pos and NAME.neg; received neither. Give another folder, or a table."
        )
    return classes


def _line_pairs(path: Path, encoding: str) -> Iterator[Pair | None]:
    label = long_name(form_of(path)[1:])
    some = False
    for line in lines(chunks_of(path, encoding)):
        yield (line, label) if line.strip() else None
        some = some or bool(line.strip())
    if not some:
        raise KitError(f"{path} must hold a text a line; received none. Give a file with texts.")
