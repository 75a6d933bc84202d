"""Steps of a language model whose states never leave onnxruntime's memory (its I/O binding)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.runtime.ports import Graph
from keras_rnn_kit.runtime.session import import_onnxruntime


class BoundSteps:
    """`step(tokens [B], None) -> (logits [B, V], None)`, which keeps the states itself.

    There are two sets of states: a step reads one and writes the other, and the next one the other
    way round. The logits are the same array at every step, overwritten by the next. For one text
    or batch, from one thread.

    Args:
        session: of the graph `step`.
        graph: what goes in and out of it.
        states: to start from, `[B, ...]` each.
        batch: B.
    """

    def __init__(
        self, session: Any, graph: Graph, states: Sequence[npt.NDArray[Any]], batch: int
    ) -> None:
        value = import_onnxruntime().OrtValue.ortvalue_from_numpy
        first, logits = graph.inputs[0], graph.outputs[0]
        # On a CPU onnxruntime reads and writes these arrays themselves.
        self._tokens = np.zeros(batch, first.dtype)
        self._logits = np.zeros((batch, int(logits.shape[-1])), logits.dtype)
        tokens, out = value(self._tokens), value(self._logits)
        device = "cuda" if session.get_providers()[0].startswith("CUDA") else "cpu"
        sets = [[value(np.array(state), device, 0) for state in states] for _ in range(2)]
        self._run = session.run_with_iobinding
        self._bindings = []
        for before, after in (sets, sets[::-1]):
            binding = session.io_binding()
            binding.bind_ortvalue_input(first.name, tokens)
            binding.bind_ortvalue_output(logits.name, out)
            for port, state in zip(graph.inputs[1:], before, strict=True):
                binding.bind_ortvalue_input(port.name, state)
            for port, state in zip(graph.outputs[1:], after, strict=True):
                binding.bind_ortvalue_output(port.name, state)
            self._bindings.append(binding)

    def __call__(
        self, tokens: npt.NDArray[np.int32], states: None = None
    ) -> tuple[npt.NDArray[Any], None]:
        """Reads one token a row; ids are not checked, they come from the logits before."""
        self._tokens[:] = tokens
        binding = self._bindings[0]
        self._run(binding)
        self._bindings.reverse()
        return self._logits, states
