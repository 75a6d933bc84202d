import os
import sys

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import open_session, read_bundle
from keras_rnn_kit.runtime.session import check_session, threads_for
from keras_rnn_kit.runtime.spec import Graph, Port

from .conftest import node, onnx, port, save

GRAPH = {"inputs": [port("x", ["B", 2], "float32")], "outputs": [port("y", ["B", 2], "float32")]}


@pytest.fixture
def path(tmp_path):
    save(tmp_path / "m.onnx", [node("Neg", "x", "y")], GRAPH, {})
    return tmp_path / "m.onnx"


@pytest.mark.parametrize("threads", [None, 1, np.int64(2)])
def test_opens_a_path_a_string_and_bytes(path, threads):
    for model in (path, str(path), path.read_bytes()):
        session = open_session(model, threads=threads)
        out = session.run(None, {"x": np.ones((3, 2), np.float32)})[0]
        np.testing.assert_array_equal(out, -np.ones((3, 2)))


def test_auto_runs_everywhere(path):
    assert open_session(path, "auto").get_providers()[-1] == "CPUExecutionProvider"


@pytest.mark.parametrize("threads", [0, -1, 1.5, True])
def test_threads(path, threads):
    with pytest.raises(KitError, match="threads must be a positive integer"):
        open_session(path, threads=threads)


def test_provider(path):
    with pytest.raises(KitError, match=r"provider must be one of.*received provider='tpu'"):
        open_session(path, "tpu")


def test_cuda_missing_names_what_is_there(path):
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    with pytest.raises(KitError, match=r"CPUExecutionProvider.*keras-rnn-kit\[gpu\]"):
        open_session(path, "cuda")


def test_cuda_that_does_not_load_is_told(path, monkeypatch):
    import onnxruntime

    cpu = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    monkeypatch.setattr(
        onnxruntime,
        "get_available_providers",
        lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
    )
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_, **__: cpu)
    with pytest.raises(KitError, match="provider='cuda' must find CUDA and cuDNN"):
        open_session(path, "cuda")
    assert open_session(path, "auto") is cpu


def test_onnxruntime_missing_names_the_extra(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(KitError, match=r"pip install keras-rnn-kit\[cpu\]"):
        open_session(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(KitError, match=r"can be read; received .*no\.onnx"):
        open_session(tmp_path / "no.onnx")


@pytest.mark.parametrize("cut", [0.0, 0.3, 0.9])
def test_a_truncated_model(path, cut):
    content = path.read_bytes()
    path.write_bytes(content[: int(cut * len(content))])
    with pytest.raises(KitError, match=r"m\.onnx must be an ONNX model that onnxruntime"):
        open_session(path)


def test_an_operator_this_onnxruntime_lacks(tmp_path):
    save(tmp_path / "m.onnx", [node("Hyperjump", "x", "y")], GRAPH, {})
    with pytest.raises(KitError, match="Hyperjump"):
        open_session(tmp_path / "m.onnx")


def test_an_opset_from_the_future(tmp_path):
    save(tmp_path / "m.onnx", [node("Neg", "x", "y")], GRAPH, {}, opset=999)
    with pytest.raises(KitError, match=r"999.*upgrade onnxruntime"):
        open_session(tmp_path / "m.onnx")


@pytest.mark.parametrize("where", ["beside", "above", "absolute", "here"])
def test_tensors_outside_the_file_are_refused(tmp_path, monkeypatch, where):
    folder = tmp_path / "bundle"
    folder.mkdir()
    monkeypatch.chdir(folder)
    location = {
        "beside": "w.bin",
        "here": "./w.bin",
        "above": "../w.bin",
        "absolute": str(tmp_path / "w.bin"),
    }[where]
    for place in (folder, tmp_path):
        (place / "w.bin").write_bytes(np.arange(2, dtype=np.float32).tobytes())
    tensor = onnx.TensorProto(name="w", data_type=1, dims=[2])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, text in (("location", location), ("offset", "0"), ("length", "8")):
        tensor.external_data.add(key=key, value=text)
    save(folder / "m.onnx", [node("Add", "x w", "y")], GRAPH, {})
    model = onnx.load(folder / "m.onnx", load_external_data=False)
    model.graph.initializer.append(tensor)
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    for given in (folder / "m.onnx", (folder / "m.onnx").read_bytes()):
        with pytest.raises(KitError, match="received one it refuses"):
            open_session(given)


@pytest.mark.parametrize(
    "graph",
    [
        Graph("m", (Port("z", ("B", 2), "float32"),), (Port("y", ("B", 2), "float32"),)),
        Graph("m", (Port("x", ("B", 2), "int32"),), (Port("y", ("B", 2), "float32"),)),
        Graph("m", (Port("x", ("B", 3), "float32"),), (Port("y", ("B", 2), "float32"),)),
        Graph("m", (Port("x", ("B", 2), "float32"),), (Port("y", ("B", "T", 2), "float32"),)),
        Graph(
            "m",
            (Port("x", ("B", 2), "float32"), Port("s", ("B",), "float32")),
            (Port("y", ("B", 2), "float32"),),
        ),
    ],
)
def test_a_session_unlike_its_spec(path, graph):
    with pytest.raises(KitError, match=r"m\.onnx must have the (in|out)puts that spec\.json lists"):
        check_session(open_session(path), graph, "m.onnx")


def test_a_session_like_its_spec(bundle_folder):
    bundle = read_bundle(bundle_folder)
    for graph in bundle.spec.graphs.values():
        check_session(open_session(bundle.read(graph.file)), graph, graph.file)


@pytest.mark.parametrize(
    ("size", "cores", "threads"),
    [(0, 4, 1), (1 << 20, 4, 1), ((1 << 20) + 1, 4, 2), (1 << 24, 4, 4), (1 << 24, 1, 1)],
)
def test_a_thread_a_megabyte_and_no_more_than_cores(monkeypatch, size, cores, threads):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(cores), raising=False)
    assert threads_for(size) == threads
