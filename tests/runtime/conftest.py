"""Tiny bundles, written with onnx.helper alone, whose answers NumPy knows."""

import numpy as np
import pytest

from keras_rnn_kit.runtime import load, write_spec
from keras_rnn_kit.text import TextEncoder

onnx = pytest.importorskip("onnx", reason="needs onnx, which the extra [train] brings")
pytest.importorskip("onnxruntime", reason="needs onnxruntime, which the extra [cpu] brings")

WORD = "bardc."  # each letter is followed by the next one, and the last by the first
VERSIONS = {"onnx": onnx.__version__}


def port(name, shape, dtype):
    return {"name": name, "shape": shape, "dtype": dtype}


def value(entry):
    kind = {"int32": 6, "int64": 7, "float32": 1}[entry["dtype"]]
    return onnx.helper.make_tensor_value_info(entry["name"], kind, entry["shape"])


def node(kind, inputs, outputs, **attributes):
    return onnx.helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


def save(path, nodes, graph, weights, opset=17):
    body = onnx.helper.make_graph(
        nodes,
        "graph",
        [value(entry) for entry in graph["inputs"]],
        [value(entry) for entry in graph["outputs"]],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opsets = [onnx.helper.make_opsetid("", opset)]
    model = onnx.helper.make_model(body, opset_imports=opsets, ir_version=8)
    path.write_bytes(model.SerializeToString())


class TinyRNN:
    """h = tanh(embedding[token] + h @ recurrent), logits = h @ head; a second state counts."""

    def __init__(self, embedding, recurrent, head):
        self.embedding, self.recurrent, self.head = (
            np.asarray(a, np.float32) for a in (embedding, recurrent, head)
        )

    def reference(self, ids):
        """ids [T] to logits [T, V] and the last h [H], float64."""
        h = np.zeros(len(self.recurrent))
        logits = []
        for i in ids:
            h = np.tanh(self.embedding[i].astype(float) + h @ self.recurrent)
            logits.append(h @ self.head)
        return np.array(logits), h

    def graphs(self):
        size, units = self.embedding.shape
        states = [port("state_0", ["B", units], "float32"), port("state_1", ["B", 1], "int64")]
        after = [{**state, "name": f"next_{state['name']}"} for state in states]
        return {
            name: {
                "file": f"{name}.onnx",
                "inputs": [port("tokens", axes, "int32"), *states],
                "outputs": [port("logits", [*axes, size], "float32"), *after],
            }
            for name, axes in (("model", ["B", "T"]), ("step", ["B"]))
        }

    def write(self, folder):
        graphs = self.graphs()
        weights = {
            "embedding": self.embedding,
            "recurrent": self.recurrent,
            "head": self.head,
            "one": np.array(1, np.int64),
        }
        update = [
            node("MatMul", "h recurrent", "product"),
            node("Add", "product x", "sum"),
            node("Tanh", "sum", "next_h"),
        ]
        step = [
            node("Gather", "embedding tokens", "x"),
            node("Identity", "state_0", "h"),
            *update,
            node("Identity", "next_h", "next_state_0"),
            node("MatMul", "next_h head", "logits"),
            node("Add", "state_1 one", "next_state_1"),
        ]
        save(folder / "step.onnx", step, graphs["step"], weights)
        units = self.embedding.shape[1]
        body = onnx.helper.make_graph(
            [*update, node("Identity", "next_h", "y")],
            "body",
            [value(port(name, ["B", units], "float32")) for name in ("h", "x")],
            [value(port(name, ["B", units], "float32")) for name in ("next_h", "y")],
        )
        model = [
            node("Gather", "embedding tokens", "xs"),  # [B, T, H]
            node(
                "Scan",
                "state_0 xs",
                "next_state_0 hs",
                body=body,
                num_scan_inputs=1,
                scan_input_axes=[1],
                scan_output_axes=[1],
            ),
            node("MatMul", "hs head", "logits"),
            node("Shape", "tokens", "steps", start=1, end=2),
            node("Add", "state_1 steps", "next_state_1"),
        ]
        save(folder / "model.onnx", model, graphs["model"], weights)
        return graphs


def speller(encoder):
    """A model that says WORD over and over, whatever the states: its logits are 0 or about 20."""
    size = len(encoder.vocabulary)
    table = np.zeros((size, size))
    for letter, following in zip(WORD, WORD[1:] + WORD[:1], strict=True):
        table[encoder.encode(letter)[0], encoder.encode(following)[0]] = 3
    return TinyRNN(table, np.zeros((size, size)), 20 * np.eye(size))


def random_rnn(encoder, units=5):
    rng = np.random.default_rng(0)
    size = len(encoder.vocabulary)
    return TinyRNN(
        rng.normal(size=(size, units)),
        rng.normal(size=(units, units)) / 2,
        rng.normal(size=(units, size)),
    )


def write_language_model(folder, rnn, encoder):
    folder.mkdir()
    encoder.save(folder / "vocabulary.json")
    spec = {
        "kind": "language_model",
        "target": "cpu",
        "opset": 17,
        "versions": VERSIONS,
        "graphs": rnn.write(folder),
        "metrics": {"perplexity": 1.5},
    }
    write_spec(folder, spec)
    return folder


def write_classifier(folder, encoder, table):
    """logits = the mean of table[token] over the tokens that aren't <pad>."""
    folder.mkdir()
    encoder.save(folder / "vocabulary.json")
    graph = {
        "file": "model.onnx",
        "inputs": [port("tokens", ["B", "T"], "int32")],
        "outputs": [port("logits", ["B", table.shape[1]], "float32")],
    }
    nodes = [
        node("Gather", "table tokens", "rows"),  # [B, T, C]
        node("Cast", "tokens", "present", to=9),
        node("Cast", "present", "mask", to=1),
        node("Unsqueeze", "mask last", "weights"),
        node("Mul", "rows weights", "masked"),
        node("ReduceSum", "masked time", "total", keepdims=0),
        node("ReduceSum", "weights time", "count", keepdims=0),
        node("Div", "total count", "logits"),
    ]
    weights = {
        "table": table.astype(np.float32),
        "last": np.array([2], np.int64),
        "time": np.array([1], np.int64),
    }
    save(folder / "model.onnx", nodes, graph, weights)
    spec = {
        "kind": "text_classifier",
        "target": "cpu",
        "opset": 17,
        "versions": VERSIONS,
        "graphs": {"model": graph},
        "labels": ["negative", "positive"],
    }
    write_spec(folder, spec)
    return folder


@pytest.fixture(scope="session")
def encoder():
    return TextEncoder.build([WORD], tokenizer="characters")


@pytest.fixture
def bundle_folder(tmp_path, encoder):
    """A fresh language model's bundle, to be damaged."""
    return write_language_model(tmp_path / "bundle", speller(encoder), encoder)


@pytest.fixture
def classifier_folder(tmp_path):
    encoder = TextEncoder.build(["good bad film dull fine"], tokenizer="words")
    table = np.zeros((len(encoder.vocabulary), 2))
    for word, column in (("bad", 0), ("dull", 0), ("good", 1), ("fine", 1)):
        table[encoder.encode(word)[0], column] = 4
    table[encoder.vocabulary.unk_id] = [1, 2]
    table[encoder.vocabulary.pad_id] = 1000  # seen at once where the mask fails
    return write_classifier(tmp_path / "classifier", encoder, table)


@pytest.fixture(scope="session")
def spelling_model(tmp_path_factory, encoder):
    folder = tmp_path_factory.mktemp("spelling") / "bundle"
    return load(write_language_model(folder, speller(encoder), encoder))


@pytest.fixture(scope="session")
def rnn(encoder):
    return random_rnn(encoder)


@pytest.fixture(scope="session")
def model(tmp_path_factory, rnn, encoder):
    """A random recurrent model, whose reference is `rnn`."""
    folder = tmp_path_factory.mktemp("random") / "bundle"
    return load(write_language_model(folder, rnn, encoder))
