"""A text classifier that runs in onnxruntime."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.runtime.text_model import TextModel, checked_texts, softmax
from keras_rnn_kit.text.cutting import Keep, cut_ids


class Classifier(TextModel):
    """A bundle's text classifier; `keras_rnn_kit.runtime.load` makes it.

    Nothing changes from call to call, so threads may share one.

    Attributes:
        bundle: where it came from.
        encoder: its `TextEncoder`.
        labels: the names of the classes, in the order of the probabilities.
    """

    kind: ClassVar[str] = "text_classifier"

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
        unk_id = self.encoder.vocabulary.unk_id
        empty = np.array([self._pad_id if unk_id is None else unk_id], np.int32)
        encoded = (self.encoder.encode(text) for text in checked_texts(texts))
        sequences = [cut_ids(ids if len(ids) else empty, max_length, keep) for ids in encoded]
        logits = np.zeros((len(sequences), len(self.labels)))
        for row, own in self._logits(sequences):
            logits[row] = own
        return softmax(logits)

    def predict(
        self, texts: Iterable[str], *, max_length: int | None = None, keep: Keep = "head"
    ) -> list[str]:
        """The likeliest label of each text; see `predict_proba`."""
        probabilities = self.predict_proba(texts, max_length=max_length, keep=keep)
        return [self.labels[i] for i in probabilities.argmax(axis=1)]
