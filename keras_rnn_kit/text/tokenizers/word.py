"""Words, Chinese characters and signs."""

import functools
import re
from collections.abc import Iterable

from keras_rnn_kit.text import characters
from keras_rnn_kit.text.tokenizers.contract import Configured


class WordTokenizer(Configured):
    """Words, Chinese characters and signs.

    - A Chinese character is a token.
    - A run of letters, numbers, underscores and marks is a token, with the apostrophes and
      hyphens inside it: `don't`, `well-made`.
    - Any other character that is no white space is a token of its own.

    `join` writes single spaces, closing signs close to the word before them, opening ones close
    to the word after them, and nothing between Chinese characters.

    Example:
        >>> tokens = WordTokenizer().tokenize("It isn't (well-)made, 床前!")
        >>> tokens
        ['It', "isn't", '(', 'well', '-', ')', 'made', ',', '床', '前', '!']
        >>> WordTokenizer().join(tokens)
        "It isn't (well -) made, 床前!"
    """

    name = "words"

    def tokenize(self, text: str) -> list[str]:
        """The text's words and signs."""
        return _word_pattern().findall(text)

    def join(self, tokens: Iterable[str]) -> str:
        """The tokens as a readable text that `tokenize` cuts in the same places."""
        pieces: list[str] = []
        before = ""
        for token in tokens:
            if before and not _close(before, token):
                pieces.append(" ")
            pieces.append(token)
            before = token
        return "".join(pieces)


# None of these can be part of a word, so that a word beside them stays the word it is.
_CLOSING = frozenset(".,!?;:)]}%…”。，、；：？！）】》」』")
_OPENING = frozenset("([{“‘（【《「『")
_WIDE = frozenset("。，、；：？！）】》」』（【《「『")
# What follows a picture to change its look or its skin.
_DRESS = frozenset("\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")


def _close(left: str, right: str) -> bool:
    """Whether `join` writes nothing between the two tokens."""
    if right in _CLOSING or right in _DRESS or left in _OPENING:
        return True
    return _is_wide(left) and _is_wide(right)


def _is_wide(token: str) -> bool:
    if len(token) != 1:
        return False
    return token in _WIDE or any(low <= ord(token) <= high for low, high in characters.HAN)


@functools.cache
def _word_pattern() -> re.Pattern[str]:
    han = characters.class_body(characters.HAN)
    space = characters.class_body(characters.SPACE)
    return re.compile(rf"[{han}]|{word_part()}|[^{space}]")


@functools.cache
def word_part() -> str:
    """A word without Chinese characters, as part of a pattern for Python's `re`."""
    joiner = characters.class_body(characters.JOINERS)
    # Letters and marks apart, because `re` has no way to take Chinese characters out of \w and
    # add the marks in one class. Possessive: a word never gives back a character.
    letters = rf"[^\W{characters.class_body(characters.HAN)}]++"
    part = rf"(?:{letters}|[{characters.class_body(characters.marks())}]++)++"
    return rf"{part}(?:[{joiner}]{part})*+"
