"""An encoder-decoder that runs in onnxruntime: a text for each text."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from keras_rnn_kit.arguments import number, positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime.bundle import Bundle
from keras_rnn_kit.runtime.kinds.encoder_decoder import SOURCE_VOCABULARY, TARGET_VOCABULARY
from keras_rnn_kit.runtime.session import check_session, open_session
from keras_rnn_kit.runtime.text_model import batches, checked_texts
from keras_rnn_kit.runtime.tokens import padded

Ids = list[int]


class Translator:
    """A bundle's encoder-decoder; `keras_rnn_kit.runtime.load` makes it.

    Nothing changes from call to call, so threads may share one. The parts of the model are there
    as `encoder.onnx` and `decoder_step.onnx`, too, for a search of one's own (`session`).

    Attributes:
        bundle: where it came from.
        source_encoder: the `TextEncoder` of the sources; ``source_encoder.unknown(text)`` tells
            which tokens of a text the model doesn't know.
        target_encoder: that of the targets.
    """

    def __init__(self, bundle: Bundle, provider: str = "cpu", threads: int | None = None) -> None:
        bundle.must_be("encoder_decoder", "Translator")
        self.bundle = bundle
        self.source_encoder = bundle.encoder(SOURCE_VOCABULARY)
        self.target_encoder = bundle.encoder(TARGET_VOCABULARY)
        vocabulary = self.source_encoder.vocabulary
        if vocabulary.pad_id is None or vocabulary.unk_id is None:
            raise KitError(
                "the vocabulary of the sources must have <pad> and <unk>; received one without "
                f"from {bundle.path}. Build it with the usual specials."
            )
        self._pad_id = vocabulary.pad_id
        self._max_length = int(bundle.spec.settings["max_length"])
        self._given = provider, threads
        self._session = self.session("translate")

    def session(self, graph: str) -> Any:
        """A new onnxruntime session of one of the graphs: `encoder`, `decoder_step`, `translate`.

        Raises:
            KitError: see `open_session`.
        """
        described = self.bundle.spec.graphs[graph]
        name = str(self.bundle.path / described.file)
        session = open_session(self.bundle.read(described.file), *self._given, name=name)
        check_session(session, described, name)
        return session

    def translate(
        self,
        texts: Iterable[str],
        *,
        beam: int = 1,
        length_penalty: float = 0.6,
        max_length: int | None = None,
    ) -> list[str]:
        """Writes the best target that a search finds for each text.

        Args:
            texts: texts of any lengths, as a list or whatever yields them; they are batched by
                length. Unknown tokens are read as <unk>; of a text without a token nothing is
                written, so that lines stay lines.
            beam: how many hypotheses are kept; 1 takes the likeliest token at each step.
            length_penalty: hypotheses compare by their log-probability over ``((5 + n) / 6) **
                length_penalty``, n being their tokens (Wu et al. 2016); without effect for a beam
                of 1.
            max_length: the most tokens of a target; None is the model's own.

        Raises:
            KitError: a single str, what isn't text, an argument out of its range.
        """
        found = self.search(texts, beam=beam, length_penalty=length_penalty, max_length=max_length)
        return [self.target_encoder.decode(ids) for ids, _ in found]

    def search(
        self,
        texts: Iterable[str],
        *,
        beam: int = 1,
        length_penalty: float = 0.6,
        max_length: int | None = None,
    ) -> list[tuple[Ids, float]]:
        """As `translate`, but gives the target's ids, and its score: what hypotheses compare by."""
        most = len(self.target_encoder.vocabulary) - 2
        if positive_integer("beam", beam) > most:
            raise KitError(
                f"beam must be {most} or less, as many tokens as can be written; received "
                f"beam={beam}. Pass a smaller one."
            )
        limit = self._max_length if max_length is None else max_length
        settings = {
            "beam": np.array(beam, np.int64),
            "length": np.array(positive_integer("max_length", limit), np.int64),
            "length_penalty": np.array(
                number(
                    "length_penalty",
                    length_penalty,
                    "a number of 0 or more",
                    lambda given: 0 <= given < math.inf,
                    "Pass 0 for log-probabilities as they are.",
                ),
                np.float32,
            ),
        }
        sources = [self.source_encoder.encode(text) for text in checked_texts(texts)]
        found: list[tuple[Ids, float]] = [([], 0.0)] * len(sources)
        said = [row for row, ids in enumerate(sources) if len(ids)]
        # The search repeats each source for each hypothesis.
        for chosen in batches([len(sources[row]) * beam for row in said]):
            rows = [said[k] for k in chosen]
            tokens = padded([sources[row] for row in rows], self._pad_id)
            ids, counts, scores = self._session.run(
                ["ids", "counts", "scores"], {"tokens": tokens, **settings}
            )
            if not np.isfinite(scores).all():
                raise KitError(
                    "a model must give finite scores; received NaN or infinity for text "
                    f"{rows[int(np.isfinite(scores).argmin())]} from {self.bundle.path}. Train it "
                    "anew."
                )
            for row, one, count, score in zip(rows, ids, counts, scores, strict=True):
                found[row] = one[:count].tolist(), float(score)
        return found
