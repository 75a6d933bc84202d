"""Text to ids and back: a cleaning, a tokenizer and a vocabulary, saved as one JSON file."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.cleaning import Cleaning
from keras_rnn_kit.text.files import write_beside
from keras_rnn_kit.text.tokenizers import CharacterTokenizer, Tokenizer, tokenizer_from_config
from keras_rnn_kit.text.vocabulary import SPECIALS, Vocabulary

FORMAT = 1


class TextEncoder:
    """Encodes texts as ids and decodes ids as texts.

    Args:
        tokenizer: cuts a text into tokens.
        vocabulary: gives each token its id.
        cleaning: what is taken out first; nothing by default.

    Raises:
        KitError: where stop words are asked for and the tokens are characters.

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
        self._by_code_point: np.ndarray | None = None
        if self.cleaning.stop_words and isinstance(tokenizer, CharacterTokenizer):
            raise KitError(
                "stop_words need tokens that are words; received the tokenizer 'characters'. "
                "Pass tokenizer='words', or no stop words."
            )

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
    ) -> "TextEncoder":
        """Build the vocabulary from texts (the training texts alone, for an honest figure).

        Args:
            texts: the texts; a single string is one text.
            tokenizer: "characters", "words" or a tokenizer of one's own.
            cleaning: see the class.
            min_frequency, max_size, specials: see `Vocabulary.build`.

        Raises:
            KitError: for texts without a token, or a wrong argument.
        """
        if isinstance(tokenizer, str):
            tokenizer = tokenizer_from_config({"type": tokenizer})
        draft = cls(tokenizer, Vocabulary((), ()), cleaning)
        vocabulary = Vocabulary.build(
            _each_token(draft, [texts] if isinstance(texts, str) else texts),
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
        if not isinstance(text, str):
            raise KitError(f"a text must be a string; received {type(text).__name__}.")
        tokens = self.tokenizer.tokenize(self.cleaning.apply(text))
        return self.cleaning.apply_tokens(tokens) if self.cleaning.cleans_tokens else tokens

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
        if type(self.tokenizer) is CharacterTokenizer and not self.cleaning.cleans_tokens:
            ids = self._encode_characters(text)
        else:
            ids = self.vocabulary.encode(self.tokenize(text))
        if not (bos or eos):
            return ids
        first = [self._special("<bos>", self.vocabulary.bos_id)] if bos else []
        last = [self._special("<eos>", self.vocabulary.eos_id)] if eos else []
        return np.array([*first, *ids.tolist(), *last], dtype=np.int32)

    def encode_many(
        self, texts: Iterable[str], bos: bool = False, eos: bool = False
    ) -> list[np.ndarray]:
        """`encode` of each text."""
        return [self.encode(text, bos, eos) for text in texts]

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
        try:
            data = json.loads(Path(path).read_bytes().decode("utf-8"))
        except OSError as error:
            raise KitError(
                f"{path} must be a vocabulary that can be read; received "
                f"'{error.strerror or error}'. Give the path of a vocabulary.json."
            ) from None
        except (ValueError, RecursionError) as error:
            raise KitError(
                f"{path} must be a vocabulary in JSON; received a damaged file ({error}). "
                "Write it anew with TextEncoder.save."
            ) from None
        try:
            return cls._from_data(data)
        except KitError as error:
            raise KitError(f"{path}: {error}") from None

    @classmethod
    def _from_data(cls, data: Any) -> "TextEncoder":
        parts = ("format", "tokenizer", "cleaning", "vocabulary")
        if not isinstance(data, dict) or not all(part in data for part in parts):
            raise KitError(
                f"the file must hold an object with {', '.join(parts)}; received "
                + (", ".join(data) or "an empty one" if isinstance(data, dict) else repr(data)[:60])
                + ". Write it anew with TextEncoder.save."
            )
        if data["format"] != FORMAT:
            raise KitError(
                f"the format must be {FORMAT}; received {data['format']!r}. Install the version "
                "of keras-rnn-kit that wrote the file, or a newer one."
            )
        return cls(
            tokenizer_from_config(data["tokenizer"]),
            Vocabulary.from_json(data["vocabulary"]),
            Cleaning.from_config(data["cleaning"]),
        )

    def _encode_characters(self, text: str) -> np.ndarray:
        """Characters by one look-up for the whole text: megabytes in milliseconds."""
        if not isinstance(text, str):
            raise KitError(f"a text must be a string; received {type(text).__name__}.")
        text = self.cleaning.apply(text)
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        if self._by_code_point is None:
            pairs = [(ord(t), i) for i, t in enumerate(self.vocabulary.tokens) if len(t) == 1]
            table = np.full(max((code for code, _ in pairs), default=0) + 2, -1, dtype=np.int32)
            for code, i in pairs:
                table[code] = i
            self._by_code_point = table
        # Code points above the table share its last row, which no token has.
        ids = self._by_code_point[np.minimum(codes, len(self._by_code_point) - 1)]
        missing = ids < 0
        if missing.any():
            if self.vocabulary.unk_id is None:
                raise self.vocabulary.unknown_error(self.vocabulary.unknown(text))
            ids[missing] = self.vocabulary.unk_id
        return ids

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


def _each_token(encoder: TextEncoder, texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from encoder.tokenize(text)
