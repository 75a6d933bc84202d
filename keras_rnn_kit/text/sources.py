"""One word for where texts come from, as the recipes' `--data` takes it.

- `python-docs`: the manual inside Python, plain text;
- `builtin`: the kit's film reviews, labelled;
- `tfds:NAME`: a data set of TensorFlow Datasets;
- anything else: the path of a file or folder (`./builtin` for a file of that name).
"""

import os

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.builtin import film_reviews, python_manual
from keras_rnn_kit.text.files import StrPath
from keras_rnn_kit.text.labelled import folder_splits, read_labelled
from keras_rnn_kit.text.readers import read_text
from keras_rnn_kit.text.tfds import load_tfds_labelled, load_tfds_text, tfds_splits


def load_text(spec: StrPath, *, encoding: str = "utf-8", data_dir: StrPath | None = None) -> str:
    """Plain text for a language model.

    Args:
        spec: see the module.
        encoding: of a file or folder.
        data_dir: of TensorFlow Datasets; None takes $TFDS_DATA_DIR.

    Raises:
        KitError: for a source that is missing, empty, damaged or labelled.

    Example:
        >>> load_text("python-docs") == python_manual()
        True
    """
    name = os.fspath(spec)
    if name == "python-docs":
        return python_manual()
    if name == "builtin":
        raise KitError(
            "a language model needs plain text; received 'builtin', which is labelled. "
            "Give python-docs, tfds:NAME or a path."
        )
    if name.startswith("tfds:"):
        return load_tfds_text(name, data_dir)
    return read_text(name, encoding)


def load_labelled(
    spec: StrPath,
    *,
    split: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    encoding: str = "utf-8",
    data_dir: StrPath | None = None,
) -> tuple[list[str], list[str]]:
    """Texts and the names of their labels, for a classifier.

    Args:
        spec: see the module.
        split: one of `labelled_splits(spec)`; None takes all there is.
        text_column, label_column, encoding: of a file or folder, see `read_labelled`.
        data_dir: of TensorFlow Datasets; None takes $TFDS_DATA_DIR.

    Raises:
        KitError: for a source that is missing, empty, damaged or without labels.
    """
    name = os.fspath(spec)
    if name == "python-docs":
        raise KitError(
            "a classifier needs labelled texts; received 'python-docs', which has no labels. "
            "Give builtin, tfds:NAME or a path."
        )
    if name == "builtin":
        if split is not None:
            raise KitError(
                f"builtin has no splits; received split={split!r}. "
                "Pass split=None and split the texts yourself."
            )
        return film_reviews()
    if name.startswith("tfds:"):
        return load_tfds_labelled(name, split, data_dir)
    return read_labelled(
        name, text_column=text_column, label_column=label_column, encoding=encoding, split=split
    )


def labelled_splits(spec: StrPath, *, data_dir: StrPath | None = None) -> tuple[str, ...]:
    """The splits that a labelled source comes with: ("train", "test"), some of them, or ().

    Example:
        >>> labelled_splits("builtin")
        ()
    """
    name = os.fspath(spec)
    if name.startswith("tfds:"):
        return tfds_splits(name, data_dir)
    return () if name in ("builtin", "python-docs") else folder_splits(name)
