"""Text from ids, one token at a time: what a new token adds to the text before it."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_rnn_kit.text import TextEncoder


class Pieces:
    """Decodes a stream: words need the token before them to know whether a space comes between.

    The pieces after a prompt, joined, are what the whole decodes to without the prompt, since
    tokenizers join by neighbours alone.
    """

    def __init__(self, encoder: "TextEncoder") -> None:
        self._encoder = encoder
        self.piece = lru_cache(maxsize=1 << 16)(self._piece)

    def text(self, before: int, ids: list[int]) -> str:
        """What ``ids`` add to a text that ends in the token ``before``."""
        return self._piece(before, *ids)  # at once: a character may be several tokens

    def stream(self, before: int, ids: Iterable[int]) -> Iterator[str]:
        """What each of ``ids`` adds, as it comes; a character of several tokens with its last."""
        tokenizer = self._encoder.tokenizer
        if not hasattr(tokenizer, "reader"):
            for after in ids:
                yield self.piece(before, after)
                before = after
            return
        read = tokenizer.reader()
        for after in ids:
            if text := read(self._encoder.vocabulary.tokens[after]):
                yield text
        if text := read.rest():
            yield text

    def _piece(self, before: int, *after: int) -> str:
        # Specials are kept, so that a word after <unk> gets its space too.
        start = self._encoder.decode([before], skip_specials=False)
        both = self._encoder.decode([before, *after], skip_specials=False)
        return both[len(start) :]
