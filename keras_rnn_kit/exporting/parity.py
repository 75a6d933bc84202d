"""The check without which an export is not done: onnxruntime against Keras, on the same inputs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting.graphs import CHECKED_SIZES, Graph
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.runtime import loop
from keras_rnn_kit.runtime.check import record
from keras_rnn_kit.runtime.difference import TOLERANCES, Difference, least_likely, relative
from keras_rnn_kit.runtime.session import open_session


def check(
    graph: Graph,
    exported: onnx.ModelProto,
    records: dict[str, Any] | None = None,
    *,
    precision: str = "float32",
) -> list[Difference]:
    """Runs both at two batch sizes and two lengths; `KitError` lists every output that differs.

    `graph` is Keras's in float32, `exported` may have another `precision`. What was given and what
    Keras made of it goes into `records`, where there are any. It is a `KitError` too where Keras
    itself gives NaN or infinity: there is nothing to compare.

    Of whole numbers (`int8`) nothing is refused, and it is recorded what they give: what rounding
    may cost is no matter of single outputs (`precision.loss_of_precision`).
    """
    session = open_session(exported.SerializeToString(), name=f"{graph.name}.onnx")
    rng = np.random.default_rng(0)
    differences = [
        difference
        for batch, length in CHECKED_SIZES
        for difference in _compare(graph, session, rng, (batch, length), records, precision)
    ]
    refuse_wrong(differences, precision)
    return differences


def refuse_wrong(differences: Sequence[Difference], precision: str) -> None:
    """`KitError` that lists all that is further off than the precision allows."""
    if precision == "int8":
        return
    allowed = TOLERANCES[precision]
    wrong = [str(found) for found in differences if not found.value <= allowed]
    if wrong:
        raise KitError(
            f"an export in {precision} must equal Keras to {allowed:.0e} of the largest value; "
            f"received {'; '.join(wrong)}. Nothing was written: please report the model."
        )


def check_generation(
    model: LanguageModel,
    specials: int,
    exported: onnx.ModelProto,
    records: dict[str, Any] | None = None,
    *,
    precision: str = "float32",
) -> list[Difference]:
    """Runs the sampling loop with the likeliest tokens, prompts of unequal lengths, beside Keras.

    The difference is by how much another token would have been likelier to Keras, in its logits.
    """
    name = f"{loop.NAME}.onnx"
    session = open_session(exported.SerializeToString(), name=name)
    rng = np.random.default_rng(0)
    differences = []
    for batch, length in CHECKED_SIZES:
        lengths = (length - np.arange(batch)).astype(np.int32)
        prompts = rng.integers(0, model.vocabulary_size, (batch, length)).astype(np.int32)
        given = loop.settings(length=length, temperature=0)
        begin = {}
        if model.labels is not None:
            begin["labels"] = np.arange(batch, dtype=np.int32)[::-1] % len(model.labels)
        if model.countdown is not None:  # long enough for what is generated
            begin["text_lengths"] = np.minimum(lengths + length, model.max_length)
        given |= {"tokens": prompts, "lengths": lengths, **begin}

        def logits_of(text: np.ndarray, row: int, begin: Any = begin) -> Any:
            of_row = {name: values[row : row + 1] for name, values in begin.items()}
            states = model.initial_states(1, **of_row)
            return model(text, states=states, training=False)

        generated, counts = session.run(["generated", "counts"], given)
        worst = np.inf
        if (counts == length).all() and generated.shape == (batch, length):
            worst = least_likely(prompts, lengths, generated, specials, logits_of)
        if records is not None:
            records |= record(loop.NAME, batch, length, given, {"counts": counts})
        differences.append(Difference(loop.NAME, "generated", batch, length, worst))
    refuse_wrong(differences, precision)
    return differences


def _compare(
    graph: Graph,
    session: Any,
    rng: np.random.Generator,
    size: tuple[int, int],
    records: dict[str, Any] | None,
    precision: str,
) -> list[Difference]:
    given = {port.name: port.type for port in session.get_inputs()}
    inputs = {  # a state in half precision is the same number to Keras
        name: values.astype(np.float16) if given.get(name) == "tensor(float16)" else values
        for name, values in graph.example(rng, *size).items()
    }
    expected = {name: np.asarray(value) for name, value in _of_keras(graph, inputs).items()}
    broken = [name for name, value in expected.items() if not np.isfinite(value).all()]
    if broken:
        raise KitError(
            f"a model to export must give finite outputs; received NaN or infinity in "
            f"{', '.join(broken)} from Keras itself. Its weights have diverged: train it anew."
        )
    received = dict(zip(expected, session.run(list(expected), dict(inputs)), strict=True))
    if records is not None:
        shown = received if precision == "int8" else expected
        records |= record(graph.name, *size, inputs, shown)
    return [
        Difference(graph.name, name, *size, relative(received[name], value))
        for name, value in expected.items()
    ]


def _of_keras(graph: Graph, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What Keras makes of them, each in the type that it takes."""
    types = {port.name: object if port.dtype == "string" else port.dtype for port in graph.inputs}
    return graph.function(*(values.astype(types[name]) for name, values in inputs.items()))
