"""A sequence tagger that runs in onnxruntime."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.runtime.text_model import TextModel, checked_texts, softmax


class Tagger(TextModel):
    """A bundle's sequence tagger; `keras_rnn_kit.runtime.load` makes it.

    Nothing changes from call to call, so threads may share one.

    Attributes:
        bundle: where it came from.
        encoder: its `TextEncoder`.
        labels: the names of the tags, in the order of the probabilities.
    """

    kind: ClassVar[str] = "sequence_tagger"

    def predict_proba(
        self, texts: Iterable[str]
    ) -> list[tuple[list[str], npt.NDArray[np.float64]]]:
        """The tokens of each text, and the probability of each tag for each of them.

        Args:
            texts: texts of any lengths, as a list or whatever yields them; they are batched by
                length, and each is read whole.

        Returns:
            For each text its T tokens, as the encoder cuts and cleans it, and `[T, C]` float64 in
            the order of ``labels``; T is 0 for a text without a token.

        Raises:
            KitError: a single str, or what isn't text.
        """
        tokens = [self.encoder.tokenize(text) for text in checked_texts(texts)]
        found = [(some, np.zeros((len(some), len(self.labels)))) for some in tokens]
        full = [i for i, some in enumerate(tokens) if some]
        ids = [self.encoder.vocabulary.encode(tokens[i]) for i in full]
        for row, logits in self._logits(ids):
            found[full[row]][1][:] = softmax(logits)
        return found

    def tag(self, texts: Iterable[str]) -> list[list[tuple[str, str]]]:
        """`(token, its likeliest tag)` of each token of each text; see `predict_proba`."""
        return [
            [(token, self.labels[k]) for token, k in zip(tokens, rows.argmax(axis=1), strict=True)]
            for tokens, rows in self.predict_proba(texts)
        ]
