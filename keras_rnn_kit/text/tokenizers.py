r"""Cut a text into tokens and join tokens into a text.

A tokenizer has three methods: `tokenize(text) -> list[str]`, `join(tokens) -> str` and
`config() -> dict`, from which `tokenizer_from_config` makes it again. Both tokenizers here keep
`tokenize(join(tokenize(text))) == tokenize(text)`; characters also keep the text itself.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import characters


@runtime_checkable
class Tokenizer(Protocol):
    """What `TextEncoder` needs of a tokenizer."""

    def tokenize(self, text: str) -> list[str]:
        """The text's tokens, in order."""
        ...

    def join(self, tokens: Iterable[str]) -> str:
        """A text whose tokens are `tokens`."""
        ...

    def config(self) -> dict[str, Any]:
        """What `tokenizer_from_config` needs, with the tokenizer's name under "type"."""
        ...


class _Configured:
    """Tokenizers of one class are equal: they hold nothing but their name."""

    name = ""

    def config(self) -> dict[str, Any]:
        """What `tokenizer_from_config` needs to make this tokenizer again."""
        return {"type": self.name}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class CharacterTokenizer(_Configured):
    """One token per code point; exact both ways.

    Example:
        >>> CharacterTokenizer().tokenize("née!")
        ['n', 'é', 'e', '!']
        >>> CharacterTokenizer().join(["n", "o"])
        'no'
    """

    name = "characters"

    def tokenize(self, text: str) -> list[str]:
        """The text's code points."""
        return list(text)

    def join(self, tokens: Iterable[str]) -> str:
        """The tokens one after the other, nothing between them."""
        return "".join(tokens)


class WordTokenizer(_Configured):
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
    joiner = characters.class_body(characters.JOINERS)
    space = characters.class_body(characters.SPACE)
    # Letters and marks apart, because `re` has no way to take Chinese characters out of \w and
    # add the marks in one class. Possessive: a word never gives back a character.
    part = rf"(?:[^\W{han}]++|[{characters.class_body(characters.marks())}]++)++"
    return re.compile(rf"[{han}]|{part}(?:[{joiner}]{part})*+|[^{space}]")


_TOKENIZERS = {kind.name: kind for kind in (CharacterTokenizer, WordTokenizer)}


def tokenizer_from_config(config: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer whose `config()` this is.

    Example:
        >>> tokenizer_from_config({"type": "words"})
        WordTokenizer()
    """
    name = config.get("type") if isinstance(config, Mapping) else None
    if not isinstance(name, str) or name not in _TOKENIZERS:
        raise KitError(
            f"tokenizer must be one of {', '.join(sorted(_TOKENIZERS))}; received {config!r}. "
            'Pass {"type": "characters"} or {"type": "words"}.'
        )
    return _TOKENIZERS[name]()
