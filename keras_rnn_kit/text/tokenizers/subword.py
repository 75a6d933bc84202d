"""Pieces of words, learned from texts: byte-pair encoding over the bytes of UTF-8."""

import functools
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import characters
from keras_rnn_kit.text.tokenizers import byte_spelling
from keras_rnn_kit.text.tokenizers.contract import Configured
from keras_rnn_kit.text.tokenizers.word import word_part

# A longer run of letters, signs or spaces is cut, so that time and memory stay in proportion to
# the text. The TensorFlow graph cuts in the same places.
LONGEST = 32
_REMEMBERED = 1 << 16  # chunks whose tokens are kept; texts repeat their words


class SubwordTokenizer(Configured):
    """Byte-level byte-pair encoding: frequent words are a token, rare ones are several.

    A text is cut into chunks: words as `WordTokenizer` has them, runs of Chinese characters, runs
    of signs (a `<` stands alone, so that no token is spelled like a special), each with the one
    space before it, and other runs of white space; none is longer than 32 characters. In each
    chunk the bytes are the first tokens; then, as long as there is one, the merge that comes first
    in `merges` joins its leftmost pair.

    Exact both ways, but for half surrogates, which become U+FFFD, and without unknown tokens,
    since the 256 bytes are tokens, too. Tokens are spelled by GPT-2's table of bytes (see
    `byte_spelling.py`), where `Ġ` is a space.

    Sennrich, Haddow and Birch 2016, "Neural Machine Translation of Rare Words with Subword Units"
    (the merges); Radford et al. 2019, "Language Models are Unsupervised Multitask Learners" (on
    bytes).

    Args:
        merges: what is joined, most frequent first, each "left right": two tokens that are bytes
            or the results of earlier merges.

    Raises:
        KitError: for a merge that is none, that comes twice, or of tokens not there yet.

    Example:
        >>> tokenizer = SubwordTokenizer(["l o", "lo w", "Ġ low"])
        >>> tokenizer.tokenize("low lower")
        ['low', 'Ġlow', 'e', 'r']
        >>> tokenizer.join(['Ġlow', 'e', 'r'])
        ' lower'
        >>> tokenizer.tokens[-3:]
        ('lo', 'low', 'Ġlow')
    """

    name = "subwords"

    def __init__(self, merges: Iterable[str]) -> None:
        self.merges = tuple(merges)
        self._ranks: dict[tuple[str, str], int] = {}
        tokens = dict.fromkeys(byte_spelling.alphabet())
        for rank, merge in enumerate(self.merges):
            pair = tuple(merge.split(" ")) if isinstance(merge, str) else ()
            if len(pair) != 2 or pair in self._ranks or not all(part in tokens for part in pair):
                raise KitError(
                    "a merge must be two tokens with a space between them, each a byte or made by "
                    f"an earlier merge, and come once; received {merge!r} at place {rank}. "
                    "Take the merges from SubwordTokenizer.train."
                )
            self._ranks[pair] = rank
            tokens["".join(pair)] = None
        self._tokens = tuple(tokens)
        self._known: dict[str, list[str]] = {}

    @classmethod
    def train(
        cls, texts: Iterable[str], *, vocabulary_size: int, min_frequency: int = 2
    ) -> "SubwordTokenizer":
        """Learn the merges from texts; needs the package `tokenizers`, encoding does not.

        Args:
            texts: the texts; a single string is one text.
            vocabulary_size: the most tokens, the 256 bytes included; fewer where the texts have
                no more pairs to join.
            min_frequency: a pair seen less often is not joined.

        Raises:
            KitError: for a size below 256, texts that hold nothing, or where the package is
                missing.

        Example:
            >>> SubwordTokenizer.train(["low lower lowest"], vocabulary_size=258).merges
            ('l o', 'lo w')
        """
        if positive_integer("vocabulary_size", vocabulary_size) < 256:
            raise KitError(
                "vocabulary_size counts the 256 bytes and must be as large or larger; received "
                f"{vocabulary_size}. Pass 1000 for a small corpus, 8000 and more for a large one."
            )
        positive_integer("min_frequency", min_frequency)
        try:
            import tokenizers  # an extra
        except ImportError as error:
            raise KitError(
                f"training a SubwordTokenizer needs the package tokenizers; received '{error}'. "
                "Run `pip install keras-rnn-kit[subwords]`."
            ) from None
        library = tokenizers.Tokenizer(tokenizers.models.BPE())
        # What spells bytes holds no space, so that spaces can stand between the chunks.
        library.pre_tokenizer = tokenizers.pre_tokenizers.CharDelimiterSplit(" ")
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=vocabulary_size,
            min_frequency=min_frequency,
            initial_alphabet=list(byte_spelling.alphabet()),
            show_progress=False,
        )
        texts = [texts] if isinstance(texts, str) else texts
        spelled = filter(None, map(_spelled_chunks, texts))
        first = next(spelled, None)
        if first is None:
            raise KitError(
                "texts to learn subwords from must hold something; received no texts, or empty "
                "ones. Pass a list, or an iterator that has not been used up."
            )
        library.train_from_iterator(itertools.chain([first], spelled), trainer)
        merges = json.loads(library.to_str())["model"]["merges"]
        return cls(" ".join(pair) for pair in merges)

    @property
    def tokens(self) -> tuple[str, ...]:
        """All tokens: the bytes in their order, then what the merges make, in theirs."""
        return self._tokens

    def tokenize(self, text: str) -> list[str]:
        """The text's subwords."""
        return self._of_all(_chunk_pattern().findall(text))

    def join(self, tokens: Iterable[str]) -> str:
        """The text of the tokens; U+FFFD for bytes that are no UTF-8."""
        return byte_spelling.read("".join(tokens))

    def reader(self) -> byte_spelling.Reader:
        """Joins tokens one by one, as they are generated."""
        return byte_spelling.Reader()

    def config(self) -> dict[str, Any]:
        """What `tokenizer_from_config` needs: the merges, in order."""
        return {"type": self.name, "merges": list(self.merges)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The tokenizer whose `config()` this is."""
        merges = config.get("merges")
        if not isinstance(merges, list):
            raise KitError(
                "the tokenizer 'subwords' needs its merges, a list; received "
                f"{type(merges).__name__}. Make one with SubwordTokenizer.train."
            )
        return cls(merges)

    def _of_all(self, chunks: Iterable[str]) -> list[str]:
        known = self._known
        tokens: list[str] = []
        for chunk in chunks:
            found = known.get(chunk)
            tokens += self._of_one(chunk) if found is None else found
        return tokens

    def _of_one(self, chunk: str) -> list[str]:
        if len(chunk) > LONGEST:
            return self._of_all(_pieces(chunk))
        tokens = self._merged(list(byte_spelling.spell(chunk)))
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[chunk] = tokens
        return tokens

    def _merged(self, parts: list[str]) -> list[str]:
        no_rank = len(self._ranks)
        while len(parts) > 1:
            ranks = [self._ranks.get(pair, no_rank) for pair in itertools.pairwise(parts)]
            first = min(ranks)
            if first == no_rank:
                break
            place = ranks.index(first)
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        return parts

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.merges,)  # without what is remembered

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SubwordTokenizer) and self.merges == other.merges

    def __hash__(self) -> int:
        return hash(self.merges)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.merges)} merges)"


def _pieces(chunk: str) -> Iterator[str]:
    """The chunk in pieces of 32 characters; the last one may be shorter."""
    return (chunk[start : start + LONGEST] for start in range(0, len(chunk), LONGEST))


def _spelled_chunks(text: str) -> str:
    """The text's chunks as the trainer takes them, a space between them."""
    if not isinstance(text, str):
        raise KitError(f"a text must be a string; received {type(text).__name__}.")
    chunks = _chunk_pattern().findall(text)
    return " ".join(byte_spelling.spell(piece) for chunk in chunks for piece in _pieces(chunk))


@functools.cache
def _chunk_pattern() -> re.Pattern[str]:
    """Each character of any text is part of one match."""
    han, space, marks = map(
        characters.class_body, (characters.HAN, characters.SPACE, characters.marks())
    )
    sign = rf"[^\w{space}{marks}<]"
    return re.compile(rf" ?(?:{word_part()}|[{han}]++|<|{sign}++)|[{space}]++")
