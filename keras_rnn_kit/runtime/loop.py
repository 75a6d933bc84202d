"""Several texts at once through `generate.onnx`, which has the whole sampling loop inside."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.runtime.kinds.language_model import BEGINNINGS
from keras_rnn_kit.runtime.ports import Graph, Port
from keras_rnn_kit.runtime.tokens import padded

NAME = "generate"
INPUTS = (
    Port("tokens", ("B", "P"), "int32"),
    Port("lengths", ("B",), "int32"),
    Port("length", (), "int64"),
    Port("temperature", (), "float32"),
    Port("top_k", (), "int64"),
    Port("top_p", (), "float32"),
    Port("seed", (), "int64"),
    Port("stop", (), "int32"),
)
OUTPUTS = (Port("generated", ("B", "L"), "int32"), Port("counts", ("B",), "int32"))

# The states after every token of all prompts lie side by side in memory while they are read.
_MOST_TOKENS = 1 << 15


def settings(**given: Any) -> dict[str, npt.NDArray[Any]]:
    """The graph's inputs but the prompts, at their defaults where nothing else is given.

    Example:

    >>> settings(length=3)["temperature"]
    array(1., dtype=float32)
    """
    values = {"temperature": 1, "top_k": 0, "top_p": 1, "seed": 0, "stop": -1, **given}
    return {p.name: np.array(values[p.name], p.dtype) for p in INPUTS if p.name in values}


def takes(graph: Graph | None, prompts: Sequence[npt.NDArray[np.int32]]) -> bool:
    """Whether the graph is the one that is known here, and the prompts are not too many for it."""
    if graph is None or graph.outputs != OUTPUTS or graph.inputs[: len(INPUTS)] != INPUTS:
        return False
    if any(port not in BEGINNINGS for port in graph.inputs[len(INPUTS) :]):
        return False
    return len(prompts) * max(map(len, prompts)) <= _MOST_TOKENS


def run(
    session: Any,
    prompts: Sequence[npt.NDArray[np.int32]],
    begin: Mapping[str, npt.NDArray[np.int32]],
    **given: Any,
) -> list[list[int]]:
    """The ids that follow each prompt, without the stop; see `settings`.

    `begin` is what goes into `start`, by name, where the model has one.
    """
    lengths = np.array([len(ids) for ids in prompts], np.int32)
    feed = {"tokens": padded(prompts, 0), "lengths": lengths, **settings(**given), **begin}
    generated, counts = session.run([port.name for port in OUTPUTS], feed)
    return [row[:count].tolist() for row, count in zip(generated, counts, strict=True)]
