"""What runs a graph from whole texts to logits: encoded, in batches of like length, in any order.

Classifier and tagger do no more than say what the logits mean.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime.bundle import Bundle
from keras_rnn_kit.runtime.session import check_session, open_session
from keras_rnn_kit.runtime.tokens import padded

# A batch holds at most so many rows, and so many tokens with its padding, unless one text alone
# has more.
_BATCH_ROWS = 256
_BATCH_TOKENS = 1 << 15


class TextModel:
    """A bundle with one graph, `tokens [B, T]` to logits, and a label for each of these.

    Nothing changes from call to call, so threads may share one.

    Attributes:
        bundle: where it came from.
        encoder: its `TextEncoder`.
        labels: what each logit stands for.
    """

    kind: ClassVar[str]

    def __init__(self, bundle: Bundle, provider: str = "cpu", threads: int | None = None) -> None:
        bundle.must_be(self.kind, type(self).__name__)
        self.bundle = bundle
        self.encoder = bundle.encoder()
        self.labels = bundle.spec.labels
        pad_id = self.encoder.vocabulary.pad_id
        if pad_id is None:
            raise KitError(
                f"the vocabulary of a {self.kind} must have <pad>; received one without from "
                f"{bundle.path}. Build it with the usual specials."
            )
        self._pad_id = pad_id
        graph = bundle.spec.graphs["model"]
        source = str(bundle.path / graph.file)
        self._session = open_session(bundle.read(graph.file), provider, threads, name=source)
        check_session(self._session, graph, source)

    def _logits(
        self, sequences: Sequence[npt.NDArray[np.int32]]
    ) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
        """`(index, logits)` of each sequence of ids, none of them empty, those of like length
        together; the logits of its real tokens where each has its own.

        Raises:
            KitError: for logits that are no numbers.
        """
        for rows in batches([len(ids) for ids in sequences]):
            tokens = padded([sequences[row] for row in rows], self._pad_id)
            logits = self._session.run(["logits"], {"tokens": tokens})[0].astype(np.float64)
            for row, own in zip(rows, logits, strict=True):
                if own.ndim == 2:  # [T, C]
                    own = own[: len(sequences[row])]
                if not np.isfinite(own).all():
                    raise KitError(
                        f"a model must give finite logits; received NaN or infinity for text {row} "
                        f"from {self.bundle.path}. Train it anew."
                    )
                yield row, own


def checked_texts(texts: Iterable[str]) -> Iterator[str]:
    """The texts one by one; `KitError` for a single str, or what isn't text.

    Example:
        >>> list(checked_texts(["one", "two"]))
        ['one', 'two']
    """
    if isinstance(texts, str):
        raise KitError(
            "texts must be a list of texts; received a single str. Pass [text] for one text."
        )
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise KitError(
                f"texts must hold str; received a {type(text).__name__} at {i}. Decode it."
            )
        yield text


def softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Probabilities of logits `[..., C]`.

    Example:
        >>> softmax(np.array([0.0, 0.0]))
        array([0.5, 0.5])
    """
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of sequences of like lengths, each batch ending in its longest.

    Example:
        >>> list(batches([3, 1, 2]))
        [[1, 2, 0]]
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        tokens = (len(batch) + 1) * lengths[index]
        if batch and (len(batch) == _BATCH_ROWS or tokens > _BATCH_TOKENS):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
