"""The texts that are there without a download: Python's manual, and the kit's film reviews."""

from collections.abc import Iterator
from importlib import resources

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.reading.labelled import Pair
from keras_rnn_kit.text.reading.tables import table_pairs


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
    texts, labels = zip(*film_review_pairs(), strict=True)
    return list(texts), list(labels)


def film_review_pairs() -> Iterator[Pair]:
    """The film reviews one by one, each with its label."""
    with resources.as_file(resources.files("keras_rnn_kit.text") / "film_reviews.tsv") as path:
        yield from table_pairs(path, "text", "label", "utf-8")
