"""Words, cut at their apostrophes and hyphens, as French and Italian want it."""

import re
from collections.abc import Iterable

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
    """

    name = "clitics"

    def tokenize(self, text: str) -> list[str]:
        """The text's words, in pieces, and signs."""
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
        return _WORDS.join("".join(pieces) for pieces in words)


_WORDS = WordTokenizer()
