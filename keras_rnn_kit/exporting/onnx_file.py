"""Any Keras model to one ONNX file, checked against Keras."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import tree

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import parity
from keras_rnn_kit.exporting.carried import NEXT, carried_states, with_carried
from keras_rnn_kit.exporting.conversion import graph_to_onnx
from keras_rnn_kit.exporting.graphs import Graph, Port
from keras_rnn_kit.runtime.spec import DTYPES
from keras_rnn_kit.text.files import write_beside

SUFFIX = ".onnx"
_PADDED = 0.3  # of the steps that the check is given, so that masks have something to do


def export_onnx_file(
    model: keras.Model,
    path: str | os.PathLike[str],
    *,
    target: str = "cpu",
    opset: int = 18,
    overwrite: bool = False,
) -> list[parity.Difference]:
    """Writes a Sequential or functional model as one ONNX file; returns what the check found.

    Recurrent layers become one `Scan` or ONNX operator each, Keras's own as well as the kit's:
    `SimpleRNN`, `GRU`, `LSTM`, `RNN` of their cells, in `Bidirectional` and `TimeDistributed` too.
    Inputs are named as their `keras.Input`, outputs as the layers that give them, or as the keys
    of a dict of outputs; where one layer gives several, they are numbered. Unknown sizes stay free.

    What layers with `stateful=True` carry from call to call goes in and comes out: each state is an
    input `{layer}_state_{k} [B, H]` and an output `next_{layer}_state_{k}`, zeros at the start. The
    batch of such a model, fixed in Keras, is free in the file.

    What was trained under `mixed_float16` or `mixed_bfloat16` is exported in float32, which its
    weights are kept in.

    Args:
        model: a built model with known inputs.
        path: the file, which ends in `.onnx`.
        target: `"cpu"` or `"cuda"`: which form of the recurrence is written. Both run anywhere.
        opset: the ONNX opset, 15 to 18.
        overwrite: whether a file that is there is replaced.

    The file is run in onnxruntime against Keras at two batch sizes and two lengths, on numbers of
    which some steps are zero, so that masks are checked. Raises `KitError` where an output differs,
    a layer can't be exported, the model is a subclass without known inputs (`to_onnx` takes its
    function and signature), or the file can't be written; then nothing is left behind.

    Example:

    >>> import tempfile
    >>> import keras
    >>> from keras_rnn_kit.exporting import export_onnx_file
    >>> series = keras.Input((None, 3), name="series")
    >>> model = keras.Sequential([series, keras.layers.GRU(4, name="gru")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     differences = export_onnx_file(model, f"{folder}/model.onnx")
    >>> sorted({d.output for d in differences}), max(d.value for d in differences) < 1e-5
    (['gru'], True)
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise KitError(f"path must end in {SUFFIX}; received {path}. Pass {path.stem}{SUFFIX}.")
    if path.exists() and not overwrite:
        raise KitError(
            f"an output file must not be there yet; {path} is. Choose another one, or pass "
            "--overwrite (overwrite=True) to replace it."
        )
    if not path.parent.is_dir():
        raise KitError(
            f"{path} must stand in a folder that is there; received none at {path.parent}. Make "
            "the folder first, or give another path."
        )
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise KitError(
            "a model exported to one file must have known inputs, as Sequential and functional "
            f"models have; received a {type(model).__name__}. Build it from keras.Input, or pass "
            "its function and signature to keras_rnn_kit.exporting.to_onnx."
        )
    graph = _graph(_in_single_precision(model), path.stem)
    exported = graph_to_onnx(graph, target, opset)
    differences = parity.check(graph, exported)
    write_beside(path, exported.SerializeToString())
    return differences


_HALF = ("float16", "bfloat16")


def _in_single_precision(model: keras.Model) -> keras.Model:
    """The model, or a copy in float32 where a layer computes in half precision."""
    if all(layer.compute_dtype not in _HALF for layer in model._flatten_layers()):
        return model
    single = keras.models.clone_model(
        model,
        clone_function=lambda layer: type(layer).from_config(_singly(layer.get_config())),
        recursive=True,
    )
    single.set_weights(model.get_weights())
    return single


def _singly(config: Any) -> Any:
    """A layer's config, those of the layers inside it too, with float32 for half precision."""
    if isinstance(config, list | tuple):
        return type(config)(_singly(item) for item in config)
    if not isinstance(config, dict):
        return config
    found = {key: _singly(item) for key, item in config.items()}
    if "dtype" in found:
        name = keras.dtype_policies.get(config["dtype"]).name
        found["dtype"] = "float32" if name.endswith(_HALF) else found["dtype"]
    return found


def _graph(model: keras.Model, name: str) -> Graph:
    states = carried_states(model)
    inputs = _ports(model.inputs, (_layer_name(tensor) for tensor in model.inputs))
    structure = getattr(model, "_inputs_struct", None)  # of a functional model, which may be a dict
    results = getattr(model, "_outputs_struct", None)
    names = [_layer_name(tensor) for tensor in model.outputs]
    if isinstance(results, dict):  # which Keras takes apart in the order of its keys
        names = [str(path[0]) for path, _ in tree.flatten_with_path(results)]
    outputs = _ports(model.outputs, names)
    if states:  # one size of batch for all of them, and any
        kept, next_names = list(states.values()), [f"{NEXT}{name}" for name in states]
        inputs = _any_batch((*inputs, *_ports(kept, states)))
        outputs = _any_batch((*outputs, *_ports(kept, next_names)))

    def function(*values: Any) -> dict[str, Any]:
        given = values[0] if structure is None else tree.pack_sequence_as(structure, list(values))
        flat = tree.flatten(model(given, training=False))
        return dict(zip((port.name for port in outputs), flat, strict=False))  # states come later

    ids = [layer.input_dim for layer in _embeddings(model)]

    def example(rng: np.random.Generator, batch: int, length: int) -> Mapping[str, np.ndarray]:
        return {port.name: _drawn(port, rng, batch, length, min(ids, default=2)) for port in inputs}

    if states:
        signature = [port.tensor_spec() for port in inputs]
        function = with_carried(function, states, signature)
    return Graph(name, function, inputs, outputs, example)


def _layer_name(tensor: Any) -> str:
    name: str = tensor._keras_history.operation.name
    return name


def _ports(tensors: Iterable[Any], names: Iterable[str]) -> tuple[Port, ...]:
    ports: list[Port] = []
    for tensor, given in zip(tensors, names, strict=True):
        taken = {port.name for port in ports}
        name, number = given, 0
        while name in taken:
            number += 1
            name = f"{given}_{number}"
        dtype = keras.backend.standardize_dtype(tensor.dtype)
        if dtype not in DTYPES:
            raise KitError(
                f"inputs and outputs must be of a type among {', '.join(DTYPES)}; received "
                f"{name!r} of {dtype}. Build the model under another dtype policy."
            )
        sizes = enumerate(tensor.shape)
        axes = (size if size is not None else _axis(name, axis) for axis, size in sizes)
        ports.append(Port(name, tuple(axes), dtype))
    return tuple(ports)


def _any_batch(ports: Iterable[Port]) -> tuple[Port, ...]:
    return tuple(Port(port.name, ("B", *port.shape[1:]), port.dtype) for port in ports)


def _axis(name: str, axis: int) -> str:
    """Batches have one size, and sequences that meet each other one length."""
    return {0: "B", 1: "T"}.get(axis, f"{name}_{axis}")


def _embeddings(model: keras.Model) -> list[keras.layers.Embedding]:
    layers = model._flatten_layers()
    return [layer for layer in layers if isinstance(layer, keras.layers.Embedding)]


def _drawn(
    port: Port, rng: np.random.Generator, batch: int, length: int, ids: int
) -> np.ndarray[Any, Any]:
    """Numbers for one input: ids below `ids`, or normal; some steps zero, which masks may see."""
    shape = [size if isinstance(size, int) else length for size in port.shape]
    if port.shape[0] == "B":
        shape[0] = batch
    if port.dtype == "bool":
        return rng.random(shape) >= _PADDED
    drawn = rng.integers(0, ids, shape) if "int" in port.dtype else rng.normal(size=shape)
    if len(shape) > 1:
        real = rng.random((*shape[:2], *[1] * (len(shape) - 2))) >= _PADDED
        drawn = np.where(real, drawn, 0)
    return drawn.astype(port.dtype)
