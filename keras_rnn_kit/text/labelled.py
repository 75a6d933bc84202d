"""Labelled texts for classifiers, from tables and folders."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import StrPath, files_in, lines_of, read_decoded
from keras_rnn_kit.text.tables import read_table

SPLITS = ("train", "test")
_LONG_NAMES = {"neg": "negative", "pos": "positive"}
_UNLABELLED = ("unsup", "unsupervised")  # IMDB's reviews without a verdict


def read_labelled(
    path: StrPath,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    encoding: str = "utf-8",
    split: str | None = None,
) -> tuple[list[str], list[str]]:
    """Texts and the names of their labels, in the order of the source.

    The forms of a source:
    - a .tsv file: cells between tabs, one row a line, quotes are nothing special;
    - a .csv file: cells between commas, in quotes where they hold commas, quotes or newlines;
    - a folder with a folder for each class, one text a file: `pos/*.txt`, `neg/*.txt`, or with a
      split above them: `train/pos/*.txt`, `test/pos/*.txt` (IMDB's layout; `unsup` is skipped);
    - a folder with pairs `NAME.pos` and `NAME.neg`, one text a line (files without a partner
      are no part of it), or one such file.

    A table names its columns in the first row, the label one `label`, `sentiment` or the like;
    without such a row it has two columns, and the labels are in the one with the fewer values.
    The labels `pos` and `neg` of folders and suffixes are written out: positive, negative.

    Args:
        path: the file or folder.
        text_column, label_column: names of a table's columns, where they are not customary ones.
        encoding: of the files.
        split: "train" or "test" of a folder that has them; None takes all there is.

    Raises:
        KitError: for what is missing, empty, ragged (with its line) or not valid in the encoding.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     table = pathlib.Path(folder) / "films.tsv"
        ...     _ = table.write_text("label\\ttext\\ngood\\tA fine film.\\nbad\\tDull.\\n")
        ...     read_labelled(table)
        (['A fine film.', 'Dull.'], ['good', 'bad'])
    """
    path = Path(path)
    if path.is_dir():
        return _read_folder(path, encoding, split)
    suffix = path.suffix.lower()
    if suffix not in (".tsv", ".csv", ".pos", ".neg"):
        raise KitError(
            f"{path} must be a .tsv, .csv, .pos or .neg file or a folder; received "
            + (f"a file with the suffix {suffix!r}." if path.exists() else "no such file.")
            + " Check the path, or name the table's form by its suffix."
        )
    if split is not None:
        raise _no_splits(path, split)
    if suffix in (".pos", ".neg"):
        texts = _texts_by_line(path, encoding)
        return texts, [long_name(suffix[1:])] * len(texts)
    return read_table(path, text_column, label_column, encoding)


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


def _read_folder(folder: Path, encoding: str, split: str | None) -> tuple[list[str], list[str]]:
    pairs = _pairs(folder)
    splits = folder_splits(folder)
    if split is not None and split not in splits:
        raise _no_splits(folder, split, splits)
    if pairs:
        return _joined(
            (_texts_by_line(file, encoding), long_name(file.suffix[1:])) for file in pairs
        )
    roots = [folder / name for name in ([split] if split else splits)] or [folder]
    return _joined(
        ([read_decoded(file, encoding).removesuffix("\n") for file in files], long_name(name))
        for root in roots
        for name, files in _classes(root)
    )


def _pairs(folder: Path) -> list[Path]:
    """The files NAME.neg and NAME.pos of which there are both, all the .neg ones first."""
    files = files_in(folder, ".neg", ".pos")
    stems = {file.stem for file in files if file.suffix == ".pos"}
    stems &= {file.stem for file in files if file.suffix == ".neg"}
    return sorted((f for f in files if f.stem in stems), key=lambda f: (f.suffix, f.name))


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


def _joined(parts: Iterable[tuple[list[str], str]]) -> tuple[list[str], list[str]]:
    texts: list[str] = []
    labels: list[str] = []
    for some, label in parts:
        texts += some
        labels += [label] * len(some)
    return texts, labels


def _texts_by_line(path: Path, encoding: str) -> list[str]:
    texts = [line for line in lines_of(read_decoded(path, encoding)) if line.strip()]
    if not texts:
        raise KitError(f"{path} must hold a text a line; received none. Give a file with texts.")
    return texts


def long_name(label: str) -> str:
    """The label written out, where it is one of the customary short ones.

    Example:
        >>> long_name("pos"), long_name("sports")
        ('positive', 'sports')
    """
    return _LONG_NAMES.get(label, label)


def _no_splits(path: Path, split: str, splits: Sequence[str] = ()) -> KitError:
    return KitError(
        f"split must be one that {path} has ({', '.join(splits) or 'none'}); received {split!r}. "
        "Pass split=None and split the texts yourself, or give a folder with train/ and test/."
    )
