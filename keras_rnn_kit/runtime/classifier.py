"""A text classifier that runs in onnxruntime."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime.bundle import Bundle
from keras_rnn_kit.runtime.session import check_session, open_session
from keras_rnn_kit.runtime.tokens import padded
from keras_rnn_kit.text.cutting import Keep, cut_ids

# A batch holds at most so many rows, and so many tokens with its padding, unless one text alone
# has more.
_BATCH_ROWS = 256
_BATCH_TOKENS = 1 << 15


class Classifier:
    """A bundle's text classifier; `keras_rnn_kit.runtime.load` makes it.

    Nothing changes from call to call, so threads may share one.

    Attributes:
        bundle: where it came from.
        encoder: its `TextEncoder`.
        labels: the names of the classes, in the order of the probabilities.
    """

    def __init__(self, bundle: Bundle, provider: str = "cpu", threads: int | None = None) -> None:
        if bundle.kind != "text_classifier":
            raise KitError(
                f"Classifier must be given a text classifier; received {bundle.path}, a "
                f"{bundle.kind}. Use keras_rnn_kit.runtime.load."
            )
        self.bundle = bundle
        self.encoder = bundle.encoder()
        self.labels = bundle.spec.labels
        pad_id, unk_id = self.encoder.vocabulary.pad_id, self.encoder.vocabulary.unk_id
        if pad_id is None:
            raise KitError(
                f"a classifier's vocabulary must have <pad>; received one without from "
                f"{bundle.path}. Build it with the usual specials."
            )
        self._pad_id = pad_id
        self._empty_id = pad_id if unk_id is None else unk_id
        graph = bundle.spec.graphs["model"]
        source = str(bundle.path / graph.file)
        self._session = open_session(bundle.read(graph.file), provider, threads, name=source)
        check_session(self._session, graph, source)

    def predict_proba(
        self, texts: Iterable[str], *, max_length: int | None = None, keep: Keep = "head"
    ) -> npt.NDArray[np.float64]:
        """The probability of each class for each text.

        Args:
            texts: texts of any lengths, as a list or whatever yields them; they are batched by
                length. A text without a token is read as one <unk>.
            max_length: cuts longer texts to so many tokens; None reads them whole.
            keep: the part of a longer text that is read, "head", "tail" or "both"; see
                `keras_rnn_kit.text.cutting.cut_ids`.

        Returns:
            [N, C] float64, in the order of ``texts`` and of ``labels``; [0, C] for no texts.

        Raises:
            KitError: a single str, or what isn't text.
        """
        if max_length is not None:
            max_length = positive_integer("max_length", max_length)
        sequences = [cut_ids(ids, max_length, keep) for ids in self._encode(texts)]
        logits = np.zeros((len(sequences), len(self.labels)))
        for rows in _batches([len(ids) for ids in sequences]):
            tokens = padded([sequences[row] for row in rows], self._pad_id)
            logits[rows] = self._session.run(["logits"], {"tokens": tokens})[0]
        finite = np.isfinite(logits).all(axis=1)
        if not finite.all():
            raise KitError(
                f"a model must give finite logits; received NaN or infinity for text "
                f"{int(finite.argmin())} from {self.bundle.path}. Train it anew."
            )
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    def predict(
        self, texts: Iterable[str], *, max_length: int | None = None, keep: Keep = "head"
    ) -> list[str]:
        """The likeliest label of each text; see `predict_proba`."""
        probabilities = self.predict_proba(texts, max_length=max_length, keep=keep)
        return [self.labels[i] for i in probabilities.argmax(axis=1)]

    def _encode(self, texts: Iterable[str]) -> list[npt.NDArray[np.int32]]:
        if isinstance(texts, str):
            raise KitError(
                "texts must be a list of texts; received a single str. Pass [text] for one text."
            )
        sequences = []
        for i, text in enumerate(texts):
            if not isinstance(text, str):
                raise KitError(
                    f"texts must hold str; received a {type(text).__name__} at {i}. Decode it."
                )
            ids = self.encoder.encode(text)
            sequences.append(ids if len(ids) else np.array([self._empty_id], np.int32))
        return sequences


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of sequences of like lengths, each batch ending in its longest.

    Example:
        >>> list(_batches([3, 1, 2]))
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
