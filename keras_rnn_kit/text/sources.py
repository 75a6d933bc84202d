"""One word for where texts come from, as the recipes' `--data` takes it.

- `python-docs`: the manual inside Python, plain text;
- `builtin`: the kit's film reviews, labelled;
- `tfds:NAME`: a data set of TensorFlow Datasets;
- `hf:NAME`, `hf:NAME:CONFIG`: a data set of Hugging Face's `datasets`;
- anything else: the path of a file or folder (`./builtin` for a file of that name);
- in Python also an iterable of texts, or of texts with their labels.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.builtin import film_review_pairs, python_manual
from keras_rnn_kit.text.files import StrPath
from keras_rnn_kit.text.reading import hugging_face, tfds
from keras_rnn_kit.text.reading.decoding import check_encoding
from keras_rnn_kit.text.reading.iterables import passes, text_pair, text_part
from keras_rnn_kit.text.reading.labelled import Pair, folder_splits, no_splits, path_pairs
from keras_rnn_kit.text.reading.parts import Part
from keras_rnn_kit.text.reading.readers import path_parts
from keras_rnn_kit.text.reading.streams import By, LabelledTexts, Texts

_TFDS = "tfds:"


def texts(
    source: StrPath | Iterable[str],
    *,
    by: By = "document",
    encoding: str = "utf-8",
    text_column: str | None = None,
    split: str | None = None,
    data_dir: StrPath | None = None,
) -> Texts:
    r"""The texts of a source as a stream, which never holds the whole of it.

    The documents of a source, each one text:
    - a file: the file, but for a byte-order mark, which goes, and \r\n, which becomes \n;
    - a folder: each of its *.txt and *.txt.gz files, in the order of their names;
    - .json, .jsonl, .ndjson: each record, an object or a string, see `json_records.json_parts`;
    - .tsv or .csv with a `text_column`: each row (without one, the file is plain text);
    - a data set: each record;
    - an iterable: each string.
    A file may be packed: `texts.txt.gz`, `records.jsonl.gz`. Texts that are empty are left out and
    counted, see `Texts.skipped`.

    Nothing is read before the stream is iterated; what is wrong with a file is told then.

    Args:
        source: see the module. An iterator, which can be read only once, is refused the second
            time.
        by: "document", or "line" for the lines of each document, without their ends. They are cut
            at \n and \r\n alone.
        encoding: of a file or folder.
        text_column: of a table, JSON or a data set, where its name is not a customary one.
        split: of a data set; None takes train.
        data_dir: where data sets are kept; None takes $TFDS_DATA_DIR or their library's own place.

    Raises:
        KitError: for an argument that is wrong or has no meaning for the source; while iterating,
            for a source that is missing, damaged, without text or not valid in the encoding.

    Example:
        >>> list(texts(["one\n\nthree", "four"], by="line"))
        ['one', 'three', 'four']
    """
    check_encoding(encoding)
    if by not in get_args(By):
        raise KitError(f"by must be 'document' or 'line'; received by={by!r}. Pass one of them.")
    if not isinstance(source, str | os.PathLike):
        begin = passes(source, text_part)
        return Texts(begin, "the iterable of texts", by, may_be_empty=True)
    name = os.fspath(source)
    if name.startswith(_TFDS):
        return Texts(lambda: tfds.tfds_parts(name, split, text_column, data_dir), name, by)
    if _is_hugging_face(name):
        data_set = hugging_face.hugging_face_parts
        return Texts(lambda: data_set(name, split, text_column, data_dir), name, by)
    if split is not None:
        raise no_splits(name, split)
    if name == "python-docs":
        return Texts(lambda: iter([Part(python_manual(), "")]), name, by)
    if name == "builtin":
        return Texts(lambda: (Part(text, "\n") for text, _ in film_review_pairs()), name, by)
    return Texts(lambda: path_parts(Path(name), text_column, encoding), name, by)


def labelled_texts(
    source: StrPath | Iterable[Pair],
    *,
    split: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    encoding: str = "utf-8",
    data_dir: StrPath | None = None,
) -> LabelledTexts:
    """The texts of a source with the names of their labels, as a stream of pairs of strings.

    The forms of a source, beside data sets and iterables of pairs:
    - a .tsv file: cells between tabs, one row a line, quotes are nothing special;
    - a .csv file: cells between commas, in quotes where they hold commas, quotes or newlines;
    - .json, .jsonl, .ndjson: objects with a text and a label, see `json_records.json_pairs`;
    - a folder with a folder for each class, one text a file: `pos/*.txt`, `neg/*.txt`, or with a
      split above them: `train/pos/*.txt`, `test/pos/*.txt` (IMDB's layout; `unsup` is skipped);
    - a folder with pairs `NAME.pos` and `NAME.neg`, one text a line (files without a partner
      are no part of it), or one such file; blank lines are left out and counted.
    Each file may be packed: `films.tsv.gz`.

    A table names its columns in the first row, the label one `label`, `sentiment` or the like;
    without such a row it has two columns, and the labels are in the one with fewer values in the
    first rows, see `tables.table_pairs`. The labels `pos` and `neg` of folders, suffixes and data
    sets are written out: positive, negative.

    Nothing is read before the stream is iterated; what is wrong with a file is told then.

    Args:
        source: see the module. An iterator, which can be read only once, is refused the second
            time.
        split: one of `labelled_splits(source)`; None takes all there is.
        text_column, label_column: of a table, JSON or a data set, where their names are not
            customary ones.
        encoding: of a file or folder.
        data_dir: see `texts`.

    Raises:
        KitError: for an argument that is wrong; while iterating, for a source that is missing,
            empty, damaged, ragged (with its line), without labels or not valid in the encoding.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     table = pathlib.Path(folder) / "films.tsv"
        ...     _ = table.write_text("label\\ttext\\ngood\\tA fine film.\\nbad\\tDull.\\n")
        ...     list(labelled_texts(table))
        [('A fine film.', 'good'), ('Dull.', 'bad')]
    """
    check_encoding(encoding)
    if not isinstance(source, str | os.PathLike):
        return LabelledTexts(passes(source, text_pair), "the iterable of labelled texts")
    name, columns = os.fspath(source), (text_column, label_column)
    if name == "python-docs":
        raise KitError(
            "a classifier needs labelled texts; received 'python-docs', which has no labels. "
            "Give builtin, tfds:NAME or a path."
        )
    if name.startswith(_TFDS):
        return LabelledTexts(lambda: tfds.tfds_pairs(name, split, *columns, data_dir), name)
    if _is_hugging_face(name):
        data_set = hugging_face.hugging_face_pairs
        return LabelledTexts(lambda: data_set(name, split, *columns, data_dir), name)
    if name != "builtin":
        return LabelledTexts(lambda: path_pairs(Path(name), *columns, encoding, split), name)
    if split is not None:
        raise no_splits(name, split)
    return LabelledTexts(film_review_pairs, name)


def load_text(spec: StrPath, *, encoding: str = "utf-8", data_dir: StrPath | None = None) -> str:
    """Plain text for a language model: the documents of `texts`, held whole as one text.

    Args:
        spec, encoding, data_dir: see `texts`.

    Raises:
        KitError: for a source that is missing, empty, damaged or labelled.

    Example:
        >>> load_text("python-docs") == python_manual()
        True
    """
    if os.fspath(spec) == "builtin":
        raise KitError(
            "a language model needs plain text; received 'builtin', which is labelled. "
            "Give python-docs, tfds:NAME or a path."
        )
    return texts(spec, encoding=encoding, data_dir=data_dir).joined()


def load_labelled(
    spec: StrPath,
    *,
    split: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    encoding: str = "utf-8",
    data_dir: StrPath | None = None,
) -> tuple[list[str], list[str]]:
    """Texts and the names of their labels, for a classifier: `labelled_texts`, held whole.

    Args:
        spec, split, text_column, label_column, encoding, data_dir: see `labelled_texts`.

    Raises:
        KitError: for a source that is missing, empty, damaged or without labels.
    """
    found: list[str] = []
    labels: list[str] = []
    for text, label in labelled_texts(
        spec,
        split=split,
        text_column=text_column,
        label_column=label_column,
        encoding=encoding,
        data_dir=data_dir,
    ):
        found.append(text)
        labels.append(label)
    return found, labels


def labelled_splits(spec: StrPath, *, data_dir: StrPath | None = None) -> tuple[str, ...]:
    """The splits that a labelled source comes with: ("train", "test"), some of them, or ().

    Example:
        >>> labelled_splits("builtin")
        ()
    """
    name = os.fspath(spec)
    if name.startswith(_TFDS):
        return tfds.tfds_splits(name, data_dir)
    if _is_hugging_face(name):
        return hugging_face.hugging_face_splits(name, data_dir)
    return () if name in ("builtin", "python-docs") else folder_splits(name)


def _is_hugging_face(name: str) -> bool:
    return name.startswith(hugging_face.PREFIX) or hugging_face.is_saved(name)
