"""One token per code point."""

from collections.abc import Iterable

from keras_rnn_kit.text.tokenizers.contract import Configured


class CharacterTokenizer(Configured):
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
