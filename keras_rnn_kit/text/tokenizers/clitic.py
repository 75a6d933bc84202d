"""Words, cut at their apostrophes and hyphens, as French and Italian want it."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from keras_rnn_kit.text.tokenizers.contract import Configured
from keras_rnn_kit.text.tokenizers.word import WordTokenizer

# Behind an apostrophe, and before a hyphen.
_SEAM = re.compile(r"(?<=['’])(?=.)|(?<=.)(?=-)", re.DOTALL)


class CliticTokenizer(Configured):
    """The tokens of `WordTokenizer`, cut behind each apostrophe and before each hyphen in them.

    So `l'ami` and `l'heure` share their article, and `laisse-moi` and `laisse-le` their verb: a
    vocabulary has fewer words, each seen more often. The pieces keep their sign, by which `join`
    knows that they belong together.

    Example:
        >>> tokens = CliticTokenizer().tokenize("Qu'y a-t-il, l'ami ?")
        >>> tokens
        ["Qu'", 'y', 'a', '-t', '-il', ',', "l'", 'ami', '?']
        >>> CliticTokenizer().join(tokens)
        "Qu'y a-t-il, l'ami?"

    With `sentence_case` each text is a sentence: its first letter is read as a small one, and
    written as a capital, so that a word is the same token wherever it stands.

        >>> sentences = CliticTokenizer(sentence_case=True)
        >>> sentences.tokenize("Va-t'en !")
        ['va', "-t'", 'en', '!']
        >>> sentences.join(['va', "-t'", 'en', '!'])
        "Va-t'en!"
    """

    name = "clitics"

    def __init__(self, sentence_case: bool = False) -> None:
        self.sentence_case = sentence_case

    def tokenize(self, text: str) -> list[str]:
        """The text's words, in pieces, and signs."""
        if self.sentence_case:
            text = _recased(text.lstrip(), str.lower, str.upper)
        return [piece for word in _WORDS.tokenize(text) for piece in _SEAM.split(word)]

    def join(self, tokens: Iterable[str]) -> str:
        """The tokens as a readable text that `tokenize` cuts in the same places."""
        words: list[list[str]] = []  # each in its pieces
        open_end = False  # whether the last word still waits for what belongs to it
        for token in tokens:
            several = len(token) > 1
            if words and (open_end or (several and token[0] == "-")):
                words[-1].append(token)
            else:
                words.append([token])
            open_end = several and token[-1] in "'’"
        text = _WORDS.join("".join(pieces) for pieces in words)
        return _recased(text, str.upper, str.lower) if self.sentence_case else text

    def config(self) -> dict[str, Any]:
        """What `tokenizer_from_config` needs to make this tokenizer again."""
        own = {"sentence_case": True} if self.sentence_case else {}
        return {**super().config(), **own}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The tokenizer whose `config()` this is."""
        return cls(config.get("sentence_case", False) is True)

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) and self.sentence_case == getattr(other, "sentence_case", None)

    def __hash__(self) -> int:
        return hash((self.name, self.sentence_case))

    def __repr__(self) -> str:
        return f"CliticTokenizer({'sentence_case=True' if self.sentence_case else ''})"


def _recased(text: str, change: Callable[[str], str], back: Callable[[str], str]) -> str:
    """The text with another first letter, where that can be undone: of `ß` it can't."""
    first = change(text[:1])
    return first + text[1:] if back(first) == text[:1] else text


_WORDS = WordTokenizer()
