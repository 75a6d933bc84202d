"""One token per byte of UTF-8."""

from collections.abc import Iterable

from keras_rnn_kit.text.tokenizers import byte_spelling
from keras_rnn_kit.text.tokenizers.contract import Configured


class ByteTokenizer(Configured):
    """One token per byte of the text in UTF-8; exact both ways.

    No text is unknown to its 256 tokens, so `Vocabulary(ByteTokenizer().tokens)` needs no corpus.
    A token is spelled as one character, by GPT-2's table (see `byte_spelling.py`).

    UTF-8 has no half surrogates: each one in a string is encoded as U+FFFD. `join` writes U+FFFD
    for bytes that are no UTF-8, such as a character of which the last byte is yet to come.

    Example:
        >>> tokenizer = ByteTokenizer()
        >>> tokenizer.tokenize("née 床")
        ['n', 'Ã', '©', 'e', 'Ġ', 'å', 'º', 'Ĭ']
        >>> tokenizer.join(["n", "Ã", "©", "e"])
        'née'
        >>> len(tokenizer.tokens)
        256
    """

    name = "bytes"

    @property
    def tokens(self) -> tuple[str, ...]:
        """The 256 tokens, in the order of the bytes."""
        return tuple(byte_spelling.alphabet())

    def tokenize(self, text: str) -> list[str]:
        """The text's bytes."""
        return list(byte_spelling.spell(text))

    def join(self, tokens: Iterable[str]) -> str:
        """The text of the bytes."""
        return byte_spelling.read("".join(tokens))

    def reader(self) -> byte_spelling.Reader:
        """Joins tokens one by one, as they are generated."""
        return byte_spelling.Reader()
