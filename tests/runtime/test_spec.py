import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import parse_spec

STORED = {"sha256": "0" * 64, "bytes": 3}


def port(name, shape, dtype="float32"):
    return {"name": name, "shape": shape, "dtype": dtype}


def language_model():
    states = [port("state_0", ["B", 4]), port("state_1", ["B", 2, 2])]
    after = [port("next_state_0", ["B", 4]), port("next_state_1", ["B", 2, 2])]
    return {
        "format": 1,
        "kind": "language_model",
        "target": "cpu",
        "opset": 17,
        "versions": {"keras": "3"},
        "files": {n: dict(STORED) for n in ("model.onnx", "step.onnx", "vocabulary.json")},
        "graphs": {
            name: {
                "file": f"{name}.onnx",
                "inputs": [port("tokens", axes, "int32"), *copy.deepcopy(states)],
                "outputs": [port("logits", [*axes, 7]), *copy.deepcopy(after)],
            }
            for name, axes in (("model", ["B", "T"]), ("step", ["B"]))
        },
        "labels": None,
        "metrics": {"perplexity": 2.5},
    }


def classifier():
    spec = language_model()
    spec["kind"] = "text_classifier"
    spec["labels"] = ["no", "yes"]
    spec["graphs"] = {
        "model": {
            "file": "model.onnx",
            "inputs": [port("tokens", ["B", "T"], "int32")],
            "outputs": [port("logits", ["B", 2])],
        }
    }
    del spec["files"]["step.onnx"]
    return spec


def test_a_language_model():
    spec = parse_spec(language_model())
    assert spec.classes == 7
    assert [(s.name, s.shape) for s in spec.states] == [
        ("state_0", ("B", 4)),
        ("state_1", ("B", 2, 2)),
    ]
    assert spec.labels == ()
    assert spec.files["model.onnx"].size == 3


def test_a_classifier():
    spec = parse_spec(classifier())
    assert (spec.classes, spec.states, spec.labels) == (2, (), ("no", "yes"))


def test_labels_and_metrics_may_be_left_out():
    fields = language_model()
    del fields["labels"], fields["metrics"]
    assert parse_spec(fields).metrics == {}


def test_a_model_may_be_stateless_and_may_have_further_graphs():
    fields = language_model()
    for graph in fields["graphs"].values():
        del graph["inputs"][1:], graph["outputs"][1:]
    fields["graphs"]["loop"] = {**fields["graphs"]["step"], "inputs": [port("seed", [], "int64")]}
    spec = parse_spec(fields)
    assert spec.states == ()
    assert spec.graphs["loop"].inputs[0].shape == ()


def put(*path_and_value):
    *path, last, value = path_and_value

    def change(fields):
        for key in path:
            fields = fields[key]
        fields[last] = value

    return change


def drop(*path):
    def change(fields):
        for key in path[:-1]:
            fields = fields[key]
        del fields[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("format"), "format must be there"),
        (put("format", "1"), "format must be a whole number; received '1'"),
        (put("format", True), "format must be a whole number; received True"),
        (put("format", 0), "format must be from 1"),
        (drop("kind"), "kind must be there"),
        (put("kind", "oracle"), "kind must be one of"),
        (put("kind", []), "kind must be a string"),
        (put("target", "tpu"), "target must be one of"),
        (put("opset", 17.0), "opset must be a whole number"),
        (drop("versions"), "versions must be there"),
        (put("versions", {"keras": 3}), r"versions\.keras must be a string"),
        (put("metrics", [1]), "metrics must be an object"),
        (put("labels", "yes"), "labels must be a list"),
        (put("files", []), "files must be an object"),
        (drop("files", "vocabulary.json"), r"files must be every file .* vocabulary\.json too"),
        (drop("files", "step.onnx"), r"files must be every file .* step\.onnx too"),
        (put("files", "model.onnx", "sha256", "xyz"), r"files\.model\.onnx\.sha256 must be 64"),
        (put("files", "model.onnx", "bytes", -1), "bytes must be 0 or more"),
        (drop("files", "model.onnx", "bytes"), "bytes must be there"),
        (drop("graphs", "step"), r"graphs must be those of a language_model: \['model', 'step'\]"),
        (put("graphs", "step", None), r"graphs\.step must be an object"),
        (put("graphs", "step", "inputs", []), r"graphs\.step\.inputs must be one or more"),
        (put("graphs", "step", "inputs", 1, "name", "tokens"), "of different names"),
        (put("graphs", "step", "inputs", 0, "dtype", "int64"), r"inputs\[0\] must be tokens"),
        (put("graphs", "step", "inputs", 0, "shape", ["B", "T"]), r"inputs\[0\] must be tokens"),
        (put("graphs", "step", "inputs", 0, "dtype", "object"), "dtype must be one of"),
        (put("graphs", "step", "inputs", 1, "name", "h"), r"must be state_0 \[B, sizes\]"),
        (put("graphs", "step", "inputs", 1, "shape", [4]), r"must be state_0 \[B, sizes\]"),
        (put("graphs", "step", "inputs", 1, "shape", ["B", "H"]), r"must be state_0"),
        (put("graphs", "step", "inputs", 1, "shape", ["B", 0]), "sizes and names of axes"),
        (put("graphs", "step", "inputs", 1, "shape", ["B", True]), "sizes and names of axes"),
        (put("graphs", "step", "outputs", 0, "shape", ["B", "V"]), r"outputs\[0\] must be logits"),
        (put("graphs", "step", "outputs", 0, "dtype", "int32"), r"outputs\[0\] must be logits"),
        (put("graphs", "step", "outputs", 0, "shape", ["B", 8]), "the model's states and V"),
        (drop("graphs", "step", "outputs", 2), r"outputs must be the logits and \['next_state_0'"),
        (put("graphs", "step", "outputs", 1, "shape", ["B", 5]), "each shaped as its state"),
        (put("graphs", "model", "outputs", 0, "shape", ["B", 7]), r"outputs\[0\] must be logits"),
    ],
)
def test_a_wrong_field_is_named(change, message):
    fields = language_model()
    change(fields)
    with pytest.raises(KitError, match=message) as error:
        parse_spec(fields, "here/spec.json")
    assert str(error.value).startswith("here/spec.json")


def test_graphs_must_have_the_same_states():
    fields = language_model()
    for side in ("inputs", "outputs"):
        fields["graphs"]["step"][side][1]["shape"] = ["B", 5]
    with pytest.raises(KitError, match="the model's states and V"):
        parse_spec(fields)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("labels", ["no"]), "labels must be 2 different names"),
        (put("labels", ["no", "no"]), "labels must be 2 different names"),
        (put("labels", None), "labels must be 2 different names"),
        (put("labels", ["no", 1]), r"labels\[\] must be a string"),
        (put("graphs", "model", "outputs", 0, "shape", ["B", "T", 2]), r"outputs\[0\]"),
        (
            put("graphs", "model", "outputs", 0, "name", "probabilities"),
            r"outputs\[0\] must be logits",
        ),
    ],
)
def test_a_wrong_classifier(change, message):
    fields = classifier()
    change(fields)
    with pytest.raises(KitError, match=message):
        parse_spec(fields)


def test_a_classifier_has_no_further_inputs():
    fields = classifier()
    fields["graphs"]["model"]["inputs"].append(port("lengths", ["B"], "int32"))
    with pytest.raises(KitError, match="tokens in and logits out alone"):
        parse_spec(fields)


@pytest.mark.parametrize("fields", [None, [], "x", 1])
def test_what_is_no_object(fields):
    with pytest.raises(KitError, match="the whole file must be an object"):
        parse_spec(fields)


def places(fields, path=()):
    """Every path of keys into nested dicts and lists."""
    items = (
        fields.items()
        if isinstance(fields, dict)
        else enumerate(fields)
        if isinstance(fields, list)
        else ()
    )
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(deadline=None)  # a time would fail on a busy machine
@given(make=st.sampled_from([language_model, classifier]), data=st.data())
def test_whatever_stands_there_is_read_or_a_kit_error(make, data):
    fields = make()
    *path, last = data.draw(st.sampled_from(sorted(places(fields), key=str)))
    put(*path, last, data.draw(JSON))(fields)
    try:
        spec = parse_spec(fields)
    except KitError:
        return
    assert spec.classes > 0


def conditional():
    spec = language_model()
    spec["labels"] = ["prose", "verse"]
    spec["files"]["start.onnx"] = dict(STORED)
    spec["graphs"]["start"] = {
        "file": "start.onnx",
        "inputs": [port("labels", ["B"], "int32")],
        "outputs": copy.deepcopy(spec["graphs"]["step"]["inputs"][1:]),
    }
    return spec


def of_known_lengths():
    spec = conditional()
    spec["settings"] = {"eos_id": 3}
    start = spec["graphs"]["start"]
    start["inputs"].append(port("text_lengths", ["B"], "int32"))
    start["outputs"].append(port("log_lengths", ["B", 41], "float32"))
    return spec


def test_a_conditional_language_model():
    assert parse_spec(conditional()).labels == ("prose", "verse")


def test_a_language_model_of_known_lengths_with_labels_and_without():
    spec = of_known_lengths()
    assert parse_spec(spec).settings == {"eos_id": 3}
    spec["labels"] = None
    del spec["graphs"]["start"]["inputs"][0]
    assert parse_spec(spec).labels == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda spec: spec["graphs"]["start"]["inputs"].pop(), r"start.*labels \[B\] int32 in"),
        (lambda spec: spec["graphs"]["start"]["outputs"].pop(), r"start.*'log_lengths'\] out"),
        (lambda spec: spec["graphs"]["start"]["inputs"].reverse(), "labels and text_lengths"),
        (lambda spec: spec["settings"].clear(), "settings.eos_id"),
        (lambda spec: spec["settings"].update(eos_id=0), "settings.eos_id.*a token's id"),
        (lambda spec: spec["settings"].update(eos_id=10**6), "settings.eos_id.*a token's id"),
        (
            lambda spec: spec["graphs"]["start"]["outputs"][-1].update(shape=["B", 1]),
            "start.outputs.*two lengths or more",
        ),
        (
            lambda spec: spec["graphs"]["start"]["outputs"][-1].update(shape=["B", "L"]),
            "start.outputs.*two lengths or more",
        ),
    ],
)
def test_lengths_are_known_to_the_start(change, message):
    spec = of_known_lengths()
    change(spec)
    with pytest.raises(KitError, match=message):
        parse_spec(spec)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda spec: spec["graphs"].pop("start"), "graphs.start.*received None"),
        (lambda spec: spec.update(labels=None), "labels.*different names, one a label"),
        (lambda spec: spec.update(labels=["a", "a"]), "labels.*different names, one a label"),
        (
            lambda spec: spec["graphs"]["start"]["outputs"].pop(),
            r"graphs.start.*labels \[B\] int32 in and .*'state_1'.* out",
        ),
        (
            lambda spec: spec["graphs"]["start"]["inputs"][0].update(dtype="int64"),
            r"graphs.start.*labels \[B\] int32 in",
        ),
    ],
)
def test_labels_begin_somewhere(change, message):
    spec = conditional()
    change(spec)
    with pytest.raises(KitError, match=message):
        parse_spec(spec)
