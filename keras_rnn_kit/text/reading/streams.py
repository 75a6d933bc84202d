"""Texts and labelled texts that are read while they are iterated, and never held all at once."""

from collections.abc import Callable, Iterator
from typing import Literal

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.reading.labelled import Pair
from keras_rnn_kit.text.reading.parts import Part, by_line, in_pieces, joined, whole

By = Literal["document", "line"]


class Texts:
    r"""A corpus as a stream of texts; `sources.texts` makes one out of whatever holds texts.

    It can be iterated any number of times: each time, its source is read afresh. No more than one
    text is held, and `pieces` holds less than that.

    Args:
        parts: begins a pass over the source.
        name: what errors call the source.
        by: "document" for its documents, "line" for their lines.
        may_be_empty: whether a pass without a text is no error.

    Attributes:
        skipped: how many texts the latest pass has left out so far because they are empty.

    Raises:
        KitError: at the end of a pass without a text.

    Example:
        >>> stream = Texts(lambda: iter([Part("one\n\nt"), Part("wo", "")]), "a corpus", "line")
        >>> list(stream), stream.skipped
        (['one', 'two'], 1)
        >>> list(stream.pieces(2))
        [('on', False), ('e', True), ('tw', False), ('o', True)]
    """

    def __init__(
        self,
        parts: Callable[[], Iterator[Part]],
        name: str,
        by: By = "document",
        may_be_empty: bool = False,
    ) -> None:
        self.name = name
        self.by = by
        self.skipped = 0
        self._begin = parts
        self._may_be_empty = may_be_empty

    def __iter__(self) -> Iterator[str]:
        return whole(self._kept())

    def pieces(self, size: int = 1 << 20) -> Iterator[tuple[str, bool]]:
        """The texts in pieces of up to `size` characters, and whether each piece ends its text.

        The pieces of a text, joined, are exactly the text. A piece is cut after the last newline
        within `size` characters, rather at the end of a run of white space than inside it; else
        after the last white space there. Only a word longer than that is torn, at `size`.

        Raises:
            KitError: where `size` is not a positive integer, and at the end of a pass without a
                text.
        """
        return in_pieces(self._kept(), positive_integer("size", size))

    def joined(self) -> str:
        """All the texts as one, held whole: lines and data sets' records with a newline between
        them, JSON's records with a blank line, files each on a new line.

        An empty line or data set's record stays an empty line there.

        Raises:
            KitError: where there is no text.
        """
        parts = list(self._parts())
        text = joined(parts)
        if not text and not self._may_be_empty:
            raise self._nothing(sum(part.gap is not None for part in parts))
        return text

    def _parts(self) -> Iterator[Part]:
        return by_line(self._begin()) if self.by == "line" else self._begin()

    def _kept(self) -> Iterator[Part]:
        """The parts of the texts that are not empty."""
        self.skipped = skipped = 0
        some = begun = False
        for part in self._parts():
            if part.text or begun:
                yield part
                some, begun = True, part.gap is None
            elif part.gap is not None:
                self.skipped = skipped = skipped + 1
        if not some and not self._may_be_empty:
            raise self._nothing(skipped)

    def _nothing(self, empty: int) -> KitError:
        received = f"{empty} empty {self.by}{'s' * (empty > 1)} alone" if empty else "none"
        return KitError(f"{self.name} must hold text; received {received}. Give some text.")

    def __repr__(self) -> str:
        return f"<Texts of {self.name} by {self.by}>"


class LabelledTexts:
    """Texts with their labels as a stream; `sources.labelled_texts` makes one.

    It can be iterated any number of times: each time, its source is read afresh. What comes is
    `(text, label)`, both strings, one at a time.

    Args:
        pairs: begins a pass over the source; None stands for a blank line.
        name: what errors call the source.

    Attributes:
        skipped: how many blank lines the latest pass has left out so far.

    Example:
        >>> stream = LabelledTexts(lambda: iter([("fine", "good"), None, ("dull", "bad")]), "films")
        >>> list(stream), stream.skipped
        ([('fine', 'good'), ('dull', 'bad')], 1)
    """

    def __init__(self, pairs: Callable[[], Iterator[Pair | None]], name: str) -> None:
        self.name = name
        self.skipped = 0
        self._begin = pairs

    def __iter__(self) -> Iterator[Pair]:
        self.skipped = skipped = 0
        for pair in self._begin():
            if pair is None:
                self.skipped = skipped = skipped + 1
            else:
                yield pair

    def __repr__(self) -> str:
        return f"<LabelledTexts of {self.name}>"
