"""The same model where it was trained: in a `tf.function`, and in PyTorch.

They run on as many threads as there are cores; only PyTorch can be told another number.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from benchmarks import torch_layers
from benchmarks.onnx_graphs import Structure

TRACED, TORCH = "tf.function", "PyTorch"

Run = Callable[[npt.NDArray[np.int32]], Callable[[], list[Any]]]


def traced(model: keras.Model) -> Run:
    """Keras's model in a `tf.function`, batch and time free where the model has them so."""
    function = tf.function(
        lambda tokens: model(tokens, training=False),
        input_signature=[tf.TensorSpec(model.input_shape, tf.int32)],
        autograph=False,
    )

    def run(tokens: npt.NDArray[np.int32]) -> Callable[[], list[Any]]:
        fixed = tf.constant(tokens)
        return lambda: [function(fixed).numpy()]

    return run


def torch_model(model: keras.Model, structure: Structure, threads: int) -> Run:
    """`torch.nn` of the same weights, for a model without a mask; its output layer included."""
    import torch

    embedding, *rest = model.get_weights()
    output = rest[-2:] if len(rest) % 3 else []
    if output:
        rest = rest[:-2]
    units = rest[1].shape[0]
    layer = getattr(torch.nn, structure.torch)(
        embedding.shape[1],
        units,
        num_layers=structure.layers,
        bidirectional=structure.directions == 2,
        batch_first=True,
    )
    for number in range(structure.layers * structure.directions):
        level, direction = divmod(number, structure.directions)
        end = f"l{level}" + ("_reverse" if direction else "")
        torch_layers.give_weights(layer, structure.torch, rest[3 * number : 3 * number + 3], end)
    table = torch.from_numpy(embedding)
    head = [torch.from_numpy(array) for array in output]

    def run(tokens: npt.NDArray[np.int32]) -> Callable[[], list[Any]]:
        fixed = torch.from_numpy(tokens).long()

        def call() -> list[Any]:
            torch.set_num_threads(threads)
            with torch.inference_mode():
                outputs, _ = layer(torch.nn.functional.embedding(fixed, table))
                return [(outputs @ head[0] + head[1] if head else outputs).numpy()]

        return call

    return run
