"""Texts in pieces of which each can be held."""

from collections.abc import Iterator
from typing import Any

from keras_rnn_kit.errors import KitError

Piece = tuple[str, bool]  # a text or a part of one, and whether the document ends with it


def pieces_of(texts: Any) -> Iterator[Piece]:
    """`(text, ends_document)` of texts, or of a stream that has `pieces()`, such as `Texts`.

    A long document of a stream comes in pieces, so that it is never held as a whole.

    Example:
        >>> list(pieces_of(["to be", "or not"]))
        [('to be', True), ('or not', True)]
    """
    if hasattr(texts, "pieces"):
        yield from texts.pieces()
        return
    for text in [texts] if isinstance(texts, str) else texts:
        if not isinstance(text, str):
            raise KitError(
                f"texts must be strings; received {type(text).__name__}. Decode bytes first."
            )
        yield text, True
