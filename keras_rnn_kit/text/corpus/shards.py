"""The shards of a corpus while it is written, each with its place in the source."""

import contextlib
import dataclasses
import hashlib
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.corpus.encoding import EncodedPiece, Piece, encoded_pieces
from keras_rnn_kit.text.corpus.index import INDEX, CorpusIndex, Shard, shard_name, write_whole
from keras_rnn_kit.text.encoder import TextEncoder

SHARD_TOKENS = 1 << 24


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far `write_corpus` is.

    Args:
        bytes: text read so far, in UTF-8.
        passed: how many of them an earlier, interrupted run had encoded.
        tokens: in the finished shards and the one that is being filled.
        shards: finished ones.
    """

    bytes: int
    passed: int
    tokens: int
    shards: int


class ShardWriter:
    """Fills shards with ids, and writes each down with the place in the source where it ends.

    The place is a number of pieces and a number of tokens of the piece after them, so that it
    depends on the texts alone. A piece is counted in the shard that its last token lies in.
    """

    def __init__(
        self,
        work: Path,
        index: CorpusIndex,
        encoder: TextEncoder,
        progress: Callable[[Progress], object] | None,
    ) -> None:
        self.work, self.index, self.encoder, self.progress = work, index, encoder, progress
        last = index.shards[-1] if index.shards else None
        self.piece, self.token = (last.next_piece, last.next_token) if last else (0, 0)
        self.read = hashlib.blake2b(digest_size=16)
        self.bytes = self.passed = 0
        self.documents = self.characters = 0  # of the shard that is being filled
        self.parts: list[np.ndarray] = []
        self.room = index.shard_tokens

    def write(self, pieces: Iterator[Piece], workers: int) -> None:
        """Writes what is missing, and last the index that says that it is complete."""
        for text, ends_document in itertools.islice(pieces, self.piece):
            self._note(text, ends_document)
            self.passed = self.bytes
            self._report()
        shards = self.index.shards
        if shards and self.read.hexdigest() != shards[-1].read:
            raise KitError(
                f"the texts must be those that the preparation in {self.work} was begun with; "
                "received others. Go on with the same source, or delete that folder to begin anew."
            )
        encoded = encoded_pieces(
            pieces, self.encoder, dtype=self.index.dtype, eos=self.index.eos, workers=workers
        )
        with contextlib.closing(encoded):
            for piece in encoded:
                self._take(piece)
                self._report()
        if self.parts:
            self._finish_shard()
        if not self.index.shards:
            shutil.rmtree(self.work)
            raise KitError(
                f"a corpus needs at least one token; received {self.documents} documents without "
                "any. Give texts that are not empty."
            )
        shards = self.index.shards
        self.index = dataclasses.replace(
            self.index,
            complete=True,
            # What came behind the last token, such as empty texts, belongs to no shard.
            documents=sum(shard.documents for shard in shards) + self.documents,
            characters=sum(shard.characters for shard in shards) + self.characters,
        )
        write_told(self.work / INDEX, self.index.to_bytes())

    def _take(self, piece: EncodedPiece) -> None:
        while True:
            part = piece.ids[self.token : self.token + self.room]
            if len(part):
                self.parts.append(part)
                self.room -= len(part)
                self.token += len(part)
            ended = self.token == len(piece.ids)
            if ended:
                self._note(piece.text, piece.ends_document)
                self.piece, self.token = self.piece + 1, 0
                self.documents += piece.ends_document
                self.characters += len(piece.text)
            if not self.room:
                self._finish_shard()
            if ended:
                return

    def _note(self, text: str, ends_document: bool) -> None:
        data = text.encode("utf-8", "surrogatepass")
        self.bytes += len(data)
        self.read.update(data)
        self.read.update(b"\xff" if ends_document else b"\xfe")  # bytes that UTF-8 never has

    def _finish_shard(self) -> None:
        ids = np.concatenate(self.parts)
        data = ids.tobytes()
        unknown = self.encoder.vocabulary.unk_id
        shard = Shard(
            file=shard_name(len(self.index.shards)),
            tokens=len(ids),
            documents=self.documents,
            characters=self.characters,
            unknown=0 if unknown is None else int(np.count_nonzero(ids == unknown)),
            sha256=hashlib.sha256(data).hexdigest(),
            next_piece=self.piece,
            next_token=self.token,
            read=self.read.hexdigest(),
        )
        write_told(self.work / shard.file, data)
        index = dataclasses.replace(self.index, shards=(*self.index.shards, shard))
        # A last shard that is not full waits for the complete index.
        if not self.room:
            write_told(self.work / INDEX, index.to_bytes())
        self.index = index
        self.documents = self.characters = 0
        self.parts, self.room = [], self.index.shard_tokens

    def _report(self) -> None:
        if self.progress is not None:
            filled = self.index.shard_tokens - self.room
            tokens = self.index.tokens + filled
            self.progress(Progress(self.bytes, self.passed, tokens, len(self.index.shards)))


def write_told(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise KitError(
            f"{path.parent} must be writable and have room; received "
            f"'{error.strerror or error}'. Make room and run the same once more: it goes on after "
            "the last whole shard."
        ) from None
