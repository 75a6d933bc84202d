"""A text for a language model: its first part trains, the rest validates."""

import dataclasses
from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.corpus.corpus import Corpus, is_corpus
from keras_rnn_kit.text.encoder import TextEncoder
from keras_rnn_kit.text.files import StrPath
from keras_rnn_kit.text.sources import load_text

TRAIN_SHARE = 0.9
SCORED = 1_000_000  # tokens of a corpus on disk that final figures are measured on, at most
PROMPT = 20  # characters, or tokens of a corpus


@dataclasses.dataclass(frozen=True, eq=False)
class HeldOutText:
    """A text cut in two and encoded.

    Args:
        source: where it is from.
        encoder: built on the training part.
        characters: of the whole text.
        train_ids, val_ids: the two parts: vectors `[N]`, or ranges of a `Corpus` on disk.
        scored_ids: the validation ids that final figures are measured on, a vector.
        prompt: the beginning of the validation part.
        backward: whether the ids are in the order from the text's end to its beginning.
    """

    source: str
    encoder: TextEncoder
    characters: int
    train_ids: Any
    val_ids: Any
    scored_ids: np.ndarray
    prompt: str
    backward: bool = False

    @property
    def on_disk(self) -> bool:
        """Whether the ids are read from disk."""
        return isinstance(self.train_ids, Corpus)

    @property
    def token(self) -> str:
        """What an id stands for, in words."""
        return "token" if self.on_disk else "character"

    def describe(self) -> str:
        """The sizes, and what a guess is worth, in a sentence."""
        size = len(self.encoder.vocabulary)
        return (
            f"{self.source}: {self.characters:,} characters, {len(self.train_ids):,} {self.token}s "
            f"to train and {len(self.val_ids):,} to validate; |V| = {size}, so a uniform guess has "
            f"perplexity {size}."
        )

    def turned(self) -> "HeldOutText":
        """The same text reversed in time: each token is predicted from those behind it.

        The parts stay what they are, each from its end. Raises `KitError` for a corpus on disk.
        """
        if self.on_disk:
            raise KitError(
                f"a text in memory can be reversed in time; received the corpus {self.source}, "
                "whose ids are read from disk in their order. Give a text file."
            )
        parts = (self.train_ids, self.val_ids, self.scored_ids)
        train, val, scored = (np.ascontiguousarray(ids[::-1]) for ids in parts)
        return dataclasses.replace(
            self, train_ids=train, val_ids=val, scored_ids=scored, backward=not self.backward
        )


def held_out_text(source: StrPath, *, encoding: str = "utf-8") -> HeldOutText:
    """A text in memory or a prepared corpus on disk: the first 90% train, the rest validates.

    The text is encoded by characters, with a vocabulary of the training part; a corpus has its own
    tokens.

    Args:
        source: as `load_text` takes it, or the folder of a corpus.
        encoding: of a file or folder.

    Raises:
        KitError: what `load_text` and `Corpus.open` raise.

    Example:

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "text.txt")
    ...     _ = path.write_text("to be or not to be, " * 5)
    ...     text = held_out_text(path)
    >>> len(text.train_ids), len(text.val_ids), text.prompt
    (90, 10, 'ot to be, ')
    >>> text.encoder.decode(text.turned().val_ids)
    ' ,eb ot to'
    """
    if is_corpus(source):
        corpus = Corpus.open(source)
        train, validation = corpus.split(TRAIN_SHARE)
        scored = validation.ids(0, min(len(validation), SCORED))
        prompt = corpus.encoder.decode(scored[:PROMPT])
        characters = corpus.index.characters
        name, encoder = str(source), corpus.encoder
        return HeldOutText(name, encoder, characters, train, validation, scored, prompt)
    text = load_text(source, encoding=encoding)
    cut = int(len(text) * TRAIN_SHARE)
    encoder = TextEncoder.build([text[:cut]])
    train_ids, val_ids = encoder.encode(text[:cut]), encoder.encode(text[cut:])
    prompt = text[cut : cut + PROMPT]
    return HeldOutText(str(source), encoder, len(text), train_ids, val_ids, val_ids, prompt)
