"""Text to ids and back: a cleaning, a tokenizer and a vocabulary, saved as one JSON file."""

import functools
import json
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.cleaning import Cleaning
from keras_rnn_kit.text.counting import count_tokens
from keras_rnn_kit.text.encoding import Encoding
from keras_rnn_kit.text.files import read_json, write_beside
from keras_rnn_kit.text.groups import grouped
from keras_rnn_kit.text.reading.pieces import pieces_of
from keras_rnn_kit.text.tokenizers import (
    CharacterTokenizer,
    GraphemeTokenizer,
    SubwordTokenizer,
    Tokenizer,
    tokenizer_from_config,
)
from keras_rnn_kit.text.vocabulary import SPECIALS, Vocabulary

FORMAT = 2

_TOGETHER = 1 << 20


class TextEncoder:
    """Encodes texts as ids and decodes ids as texts.

    Args:
        tokenizer: cuts a text into tokens.
        vocabulary: gives each token its id.
        cleaning: what is taken out first; nothing by default.

    Raises:
        KitError: where stop words are asked for and the tokens are characters, or tokens are to be
            dropped that are bytes or subwords.

    Example:
        >>> encoder = TextEncoder.build(["to be or not to be"], tokenizer="words")
        >>> encoder.encode("not to worry", eos=True)
        array([6, 5, 1, 3], dtype=int32)
        >>> encoder.decode([5, 4])
        'to be'
        >>> encoder.unknown("not to worry")
        ['worry']
    """

    def __init__(
        self, tokenizer: Tokenizer, vocabulary: Vocabulary, cleaning: Cleaning | None = None
    ) -> None:
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        self.cleaning = Cleaning() if cleaning is None else cleaning
        _check_cleaning(self.cleaning, tokenizer)

    @classmethod
    def build(
        cls,
        texts: Iterable[str],
        *,
        tokenizer: str | Tokenizer = "characters",
        cleaning: Cleaning | None = None,
        min_frequency: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = SPECIALS,
        workers: int = 1,
    ) -> "TextEncoder":
        """Build the vocabulary in one pass over texts (the training texts, for an honest figure).

        Args:
            texts: the texts; a single string is one text. Of a stream, such as `texts(path)`, long
                documents are read piece by piece.
            tokenizer: "bytes", "characters", "graphemes", "subwords", "words", or a tokenizer.
                Subwords are learned from the texts and need a `max_size`. A tokenizer with a
                closed list of tokens (bytes, subwords) gives all of it to the vocabulary.
            cleaning: see the class.
            min_frequency, max_size, specials: see `Vocabulary.from_counts`.
            workers: processes that count side by side; see `count_tokens`.

        Raises:
            KitError: for texts without a token, or a wrong argument.
        """
        pieces = (piece for piece, _ in pieces_of(texts))
        if tokenizer == SubwordTokenizer.name:
            clean = Cleaning() if cleaning is None else cleaning
            _check_cleaning(clean, SubwordTokenizer(()))  # before minutes of learning
            tokenizer = SubwordTokenizer.train(
                map(clean.apply, pieces),
                vocabulary_size=_room(max_size, 256, specials),
                min_frequency=min_frequency,
            )
        elif isinstance(tokenizer, str):
            tokenizer = tokenizer_from_config({"type": tokenizer})
        draft = cls(tokenizer, Vocabulary((), ()), cleaning)
        if (tokens := getattr(tokenizer, "tokens", None)) is not None:
            if max_size is not None:
                _room(max_size, len(tokens), specials)
            return cls(tokenizer, Vocabulary(tokens, specials), cleaning)
        vocabulary = Vocabulary.from_counts(
            count_tokens(pieces, tokenizer, draft.cleaning, workers),
            min_frequency=min_frequency,
            max_size=max_size,
            specials=specials,
        )
        return cls(tokenizer, vocabulary, cleaning)

    def tokenize(self, text: str) -> list[str]:
        """The tokens of the cleaned text.

        Raises:
            KitError: where `text` is not a string.
        """
        return self._encoding.tokenize(text)

    def encode(self, text: str, bos: bool = False, eos: bool = False) -> np.ndarray:
        """The ids of the text, int32 `[T]`.

        Args:
            text: the text; an empty one has no ids.
            bos: puts `<bos>` before it.
            eos: puts `<eos>` behind it.

        Raises:
            KitError: for a special that the vocabulary lacks, or, where it has no `<unk>`, for
                unknown tokens, by name.
        """
        ids = self._encoding.rows([text])[0]
        return self._with_ends(ids, bos, eos) if bos or eos else ids

    def encode_many(
        self, texts: Iterable[str], bos: bool = False, eos: bool = False
    ) -> list[np.ndarray]:
        """`encode` of each text, which for short texts is quicker than one by one."""
        rows: list[np.ndarray] = []
        for some in grouped(texts, _length, _TOGETHER):
            rows += self._encoding.rows(some)
        return [self._with_ends(ids, bos, eos) for ids in rows] if bos or eos else rows

    def decode(self, ids: Iterable[int], skip_specials: bool = True) -> str:
        """The text of the ids.

        Args:
            ids: integers `[T]`.
            skip_specials: leaves out `<pad>`, `<unk>`, `<bos>`, `<eos>`; otherwise they are
                written out like words.

        Raises:
            KitError: for an id outside [0, V).
        """
        tokens = self.vocabulary.decode(ids)
        if skip_specials:
            specials = set(self.vocabulary.specials)
            tokens = [token for token in tokens if token not in specials]
        return self.tokenizer.join(tokens)

    def unknown(self, text: str) -> list[str]:
        """The text's tokens that the vocabulary does not list, each once, in order."""
        return self.vocabulary.unknown(self.tokenize(text))

    def unknown_share(self, texts: str | Iterable[str]) -> float:
        """The out-of-vocabulary rate: the share of all tokens that become `<unk>`, from 0 to 1.

        Raises:
            KitError: for texts without a token.

        Example:
            >>> encoder = TextEncoder.build(["to be or not to be"], tokenizer="words")
            >>> encoder.unknown_share(["to be", "or to worry"])
            0.2
        """
        pieces = (piece for piece, _ in pieces_of(texts))
        counts = count_tokens(pieces, self.tokenizer, self.cleaning)
        if not counts:
            raise KitError("a share of unknown tokens needs a token; received texts without any.")
        unknown = sum(n for token, n in counts.items() if token not in self.vocabulary)
        return unknown / counts.total()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the encoder as JSON, one token a line; written beside, then renamed.

        Raises:
            KitError: for a tokenizer that `load` could not make again.
        """
        data: dict[str, Any] = {
            "format": FORMAT,
            "tokenizer": self.tokenizer.config(),
            "cleaning": self.cleaning.config(),
            "vocabulary": self.vocabulary.to_json(),
        }
        tokenizer_from_config(data["tokenizer"])
        text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
        # UTF-8 has no half surrogates; JSON can spell them.
        text = re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text)
        write_beside(path, text.encode("utf-8"))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "TextEncoder":
        """Read what `save` wrote.

        Raises:
            KitError: for a file that is missing, damaged or of a newer format; names the file.
        """
        data = read_json(
            path,
            "a vocabulary",
            fields=("tokenizer", "cleaning", "vocabulary"),
            version=FORMAT,
            find="Give the path of a vocabulary.json.",
            remedy="Write it anew with TextEncoder.save.",
        )
        try:
            return cls(
                tokenizer_from_config(data["tokenizer"]),
                Vocabulary.from_json(data["vocabulary"]),
                Cleaning.from_config(data["cleaning"]),
            )
        except KitError as error:
            raise KitError(f"{path}: {error}") from None

    def _with_ends(self, ids: np.ndarray, bos: bool, eos: bool) -> np.ndarray:
        first = [self._special("<bos>", self.vocabulary.bos_id)] if bos else []
        last = [self._special("<eos>", self.vocabulary.eos_id)] if eos else []
        return np.concatenate([first, ids, last], dtype=np.int32, casting="unsafe")

    @functools.cached_property
    def _encoding(self) -> Encoding:
        return Encoding(self.tokenizer, self.vocabulary, self.cleaning)

    def _special(self, name: str, special_id: int | None) -> int:
        if special_id is None:
            raise KitError(
                f"{name} must be among the vocabulary's specials to be added; received "
                f"{' '.join(self.vocabulary.specials) or 'none'}. Build the vocabulary with it."
            )
        return special_id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TextEncoder):
            return NotImplemented
        return (
            self.tokenizer == other.tokenizer
            and self.vocabulary == other.vocabulary
            and self.cleaning == other.cleaning
        )

    def __hash__(self) -> int:
        return hash((self.vocabulary, self.cleaning))

    def __repr__(self) -> str:
        return f"TextEncoder({self.tokenizer!r}, {self.vocabulary!r}, {self.cleaning!r})"


def _check_cleaning(cleaning: Cleaning, tokenizer: Tokenizer) -> None:
    if cleaning.cleans_tokens and getattr(tokenizer, "tokens", None) is not None:
        raise KitError(
            "cleaning that drops tokens needs tokens that are characters or words; received "
            f"{cleaning!r} and {tokenizer!r}. Leave out 'punctuation' and stop words, or pass "
            "tokenizer='words'."
        )
    if cleaning.stop_words and isinstance(tokenizer, (CharacterTokenizer, GraphemeTokenizer)):
        raise KitError(
            f"stop_words need tokens that are words; received the tokenizer {tokenizer.name!r}. "
            "Pass tokenizer='words', or no stop words."
        )


def _room(max_size: int | None, least: int, specials: Sequence[str]) -> int:
    """How many tokens have room beside the specials, where there must be `least`."""
    if max_size is None or positive_integer("max_size", max_size) < least + len(specials):
        raise KitError(
            f"max_size must be {least + len(specials)} or more here, {least} tokens that the "
            f"tokenizer can't do without and {len(specials)} specials; received {max_size!r}. To "
            "learn subwords pass 1000 for a small corpus, 8000 and more for a large one."
        )
    return max_size - len(specials)


def _length(text: Any) -> int:
    return len(text) if isinstance(text, str) else 0  # which the encoding refuses
