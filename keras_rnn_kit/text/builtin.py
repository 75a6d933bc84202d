"""The texts that are there without a download: Python's manual, and the kit's film reviews."""

from importlib import resources

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.labelled import read_labelled


def python_manual() -> str:
    """What `help()` knows of the language: 0.4 million characters of English about Python.

    The topics come in the order of their names, with a blank line between them. Their words
    differ a little from one Python to the next.

    Raises:
        KitError: on a Python that came without its manual.

    Example:
        >>> "lambda" in python_manual()
        True
    """
    try:
        from pydoc_data.topics import topics  # 0.4 MB, read only when asked for
    except ImportError:
        raise KitError(
            "python-docs needs the module pydoc_data of a full Python; received an installation "
            "without it. Install the full standard library, or give a file of text."
        ) from None
    return "\n\n".join(topics[name].strip() for name in sorted(topics)) + "\n"


def film_reviews() -> tuple[list[str], list[str]]:
    """Short film reviews in English, written for this project, and their labels.

    Half of the labels are "positive", half "negative".

    Example:
        >>> texts, labels = film_reviews()
        >>> sorted(set(labels))
        ['negative', 'positive']
    """
    with resources.as_file(resources.files("keras_rnn_kit.text") / "film_reviews.tsv") as path:
        return read_labelled(path, text_column="text", label_column="label")
