"""The check without which an export is not done: onnxruntime against Keras, on the same inputs."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import generation_graph
from keras_rnn_kit.exporting.graphs import CHECKED_SIZES, Graph
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.runtime.session import open_session

# Two float32 programs that sum in another order differ by some 1e-6 of the largest value, and a
# recurrence carries that from step to step. A wrong graph is off by orders of magnitude more.
TOLERANCE = 1e-4


@dataclasses.dataclass(frozen=True)
class Difference:
    """The largest difference of one output at one size, relative to its largest value.

    Or to 1, where that is smaller: what is added up inside is of that size.
    """

    graph: str
    output: str
    batch: int
    length: int
    value: float

    def __str__(self) -> str:
        where = f"{self.graph}.onnx: {self.output} at batch {self.batch}, length {self.length}"
        return f"{where}: {self.value:.1e}"


def check(graph: Graph, exported: onnx.ModelProto) -> list[Difference]:
    """Runs both at two batch sizes and two lengths; `KitError` lists every output that differs.

    It is a `KitError` too where Keras itself gives NaN or infinity: there is nothing to compare.
    """
    session = open_session(exported.SerializeToString(), name=f"{graph.name}.onnx")
    rng = np.random.default_rng(0)
    differences = [
        difference
        for batch, length in CHECKED_SIZES
        for difference in _compare(graph, session, graph.example(rng, batch, length), batch, length)
    ]
    _refuse_wrong(differences)
    return differences


def _refuse_wrong(differences: Sequence[Difference]) -> None:
    wrong = [str(found) for found in differences if not found.value <= TOLERANCE]
    if wrong:
        raise KitError(
            f"an export must equal Keras to {TOLERANCE:.0e} of the largest value; received "
            f"{'; '.join(wrong)}. Nothing was written: please report the model."
        )


def check_generation(
    model: LanguageModel, specials: int, exported: onnx.ModelProto
) -> list[Difference]:
    """Runs the sampling loop with the likeliest tokens, prompts of unequal lengths, beside Keras.

    The difference is by how much another token would have been likelier to Keras, in its logits:
    where two are as likely as can be told, either may be chosen.
    """
    name = f"{generation_graph.NAME}.onnx"
    session = open_session(exported.SerializeToString(), name=name)
    rng = np.random.default_rng(0)
    differences = []
    for batch, length in CHECKED_SIZES:
        lengths = (length - np.arange(batch)).astype(np.int32)
        prompts = rng.integers(0, model.vocabulary_size, (batch, length)).astype(np.int32)
        given = generation_graph.settings(length=length, temperature=0)
        given |= {"tokens": prompts, "lengths": lengths}
        generated, counts = session.run(["generated", "counts"], given)
        worst = 0.0 if (counts == length).all() and generated.shape == (batch, length) else np.inf
        for prompt, size, row in zip(prompts, lengths, generated, strict=True):
            text = np.concatenate([prompt[:size], row])
            logits = np.array(model(text[None, :-1], training=False))[0, size - 1 :]
            logits[:, :specials] = -np.inf
            best, chosen = logits.max(axis=1), logits[np.arange(len(row)), row]
            scale = max(1.0, float(np.abs(best).max()))
            worst = max(worst, float((best - chosen).max()) / scale)
        differences.append(Difference(generation_graph.NAME, "generated", batch, length, worst))
    _refuse_wrong(differences)
    return differences


def _compare(
    graph: Graph, session: Any, inputs: Mapping[str, np.ndarray], batch: int, length: int
) -> list[Difference]:
    expected = {
        name: np.asarray(value, np.float64)
        for name, value in graph.function(*inputs.values()).items()
    }
    broken = [name for name, value in expected.items() if not np.isfinite(value).all()]
    if broken:
        raise KitError(
            f"a model to export must give finite outputs; received NaN or infinity in "
            f"{', '.join(broken)} from Keras itself. Its weights have diverged: train it anew."
        )
    received = dict(zip(expected, session.run(list(expected), dict(inputs)), strict=True))
    return [
        Difference(graph.name, name, batch, length, _relative(received[name], value))
        for name, value in expected.items()
    ]


def _relative(received: np.ndarray, expected: np.ndarray) -> float:
    if received.shape != expected.shape or not np.isfinite(received).all():
        return float("inf")
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    return float(np.abs(received - expected).max(initial=0.0)) / scale
