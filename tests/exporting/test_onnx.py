import concurrent.futures
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from keras_rnn_kit import runtime
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx, parity
from keras_rnn_kit.models import score
from keras_rnn_kit.models.cells import cell_names
from keras_rnn_kit.runtime import loop
from keras_rnn_kit.runtime.loop import settings
from keras_rnn_kit.runtime.session import open_session
from keras_rnn_kit.text import TextEncoder
from tests.catalogue import REPRESENTATIVE, cases_of
from tests.exporting.conversions import kinds
from tests.exporting.models import (
    REVIEWS,
    TEXT,
    characters,
    classifier,
    language_model,
    softmax,
    words,
)

# Both compute in float32 and add up in another order; see `parity.TOLERANCE`.
PROBABILITY = 1e-5


def load(folder: Path) -> Any:
    return runtime.load(folder)


def greedy(model: Any, encoder: TextEncoder, prompt: str, length: int) -> str:
    """The likeliest continuation, by Keras's `step`; no special token is ever taken."""
    states, logits = None, None
    for token in encoder.encode(prompt):
        logits, states = model.step(np.array([token]), states)
    tokens = []
    for _ in range(length):
        allowed = np.asarray(logits)[0].copy()
        allowed[: len(encoder.vocabulary.specials)] = -np.inf
        tokens.append(int(allowed.argmax()))
        logits, states = model.step(np.array(tokens[-1:]), states)
    return encoder.decode(tokens)


@pytest.mark.parametrize(
    "cell",
    cases_of(
        cell_names(), [name for name in cell_names() if {name, f"{name}RNN"} & REPRESENTATIVE]
    ),
)
def test_a_language_model_of_every_cell(cell: str, tmp_path: Path) -> None:
    encoder = characters()
    model = language_model(encoder, cell=cell, layers=1)
    model.set_weights([weight / 2 for weight in model.get_weights()])  # a ReLU's state would grow
    differences = export_onnx(model, tmp_path / "bundle", encoder)
    assert {found.graph for found in differences} == {"model", "step", "generate"}
    loaded = load(tmp_path / "bundle")
    assert loaded.generate("not", 8, temperature=0) == greedy(model, encoder, "not", 8)
    expected = score(model, encoder.encode(TEXT)).perplexity
    assert loaded.perplexity(TEXT) == pytest.approx(expected, rel=PROBABILITY)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: Any) -> tuple[Path, Any, TextEncoder, list[parity.Difference]]:
    encoder = characters()
    model = language_model(encoder)
    folder = tmp_path_factory.mktemp("language") / "bundle"
    metrics = {
        "val_perplexity": 3.5,
        "epochs": 2,
        "broken": math.nan,
        "infinite": math.inf,
        "negative": -math.inf,
    }
    return folder, model, encoder, export_onnx(model, folder, encoder, metrics=metrics)


def test_a_bundle_s_files(bundle: Any) -> None:
    folder, _, encoder, _ = bundle
    assert sorted(file.name for file in folder.iterdir()) == [
        "MODEL_CARD.md",
        "check.npz",
        "generate.onnx",
        "model.onnx",
        "spec.json",
        "step.onnx",
        "vocabulary.json",
    ]
    assert [file.name for file in folder.parent.iterdir()] == ["bundle"]
    spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    assert {key: spec[key] for key in ("format", "kind", "target", "opset", "labels")} == {
        "format": 1,
        "kind": "language_model",
        "target": "cpu",
        "opset": 18,
        "labels": [],
    }
    assert {"keras", "tensorflow", "onnx", "numpy", "python"} <= set(spec["versions"])
    size = len(encoder.vocabulary)
    states = [{"name": f"state_{k}", "shape": ["B", 6], "dtype": "float32"} for k in range(2)]
    after = [{**state, "name": f"next_{state['name']}"} for state in states]
    for name, axes in (("model", ["B", "T"]), ("step", ["B"])):
        graph = spec["graphs"][name]
        assert graph["file"] == f"{name}.onnx"
        assert graph["inputs"] == [{"name": "tokens", "shape": axes, "dtype": "int32"}, *states]
        logits = {"name": "logits", "shape": [*axes, size], "dtype": "float32"}
        assert graph["outputs"] == [logits, *after]
    graph = spec["graphs"]["generate"]
    assert graph["file"] == "generate.onnx"
    assert graph["inputs"][0] == {"name": "tokens", "shape": ["B", "P"], "dtype": "int32"}
    assert graph["inputs"][2] == {"name": "length", "shape": [], "dtype": "int64"}
    assert [output["name"] for output in graph["outputs"]] == ["generated", "counts"]
    assert TextEncoder.load(folder / "vocabulary.json").vocabulary == encoder.vocabulary


def test_the_graph_that_generates_says_what_the_runtime_says(bundle: Any) -> None:
    folder, _, encoder, _ = bundle
    prompts, length = ["to be", "not", "b"], 12
    rows = [encoder.encode(prompt) for prompt in prompts]
    given = settings(length=length, temperature=0)
    given["lengths"] = np.array([len(row) for row in rows], np.int32)
    given["tokens"] = np.array([np.resize(row, 5) for row in rows], np.int32)
    session = open_session(folder / "generate.onnx")
    generated, counts = session.run(["generated", "counts"], given)
    assert counts.tolist() == [length] * 3
    texts = [encoder.decode(row.tolist()) for row in generated]
    assert texts == load(folder).generate(prompts, length, temperature=0)


def test_one_file_is_enough_to_know_the_vocabulary(bundle: Any) -> None:
    folder, *_ = bundle
    for name in ("model", "step", "generate"):
        session = open_session(folder / f"{name}.onnx")
        about = session.get_modelmeta().custom_metadata_map
        assert about["kind"] == "language_model"
        wanted = (folder / "vocabulary.json").read_text(encoding="utf-8")
        assert about["vocabulary"] == wanted


def test_the_model_card_says_what_the_spec_says(bundle: Any) -> None:
    folder, _, encoder, _ = bundle
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"{len(encoder.vocabulary)} tokens, 4 of them special (`<pad>`, `<unk>`" in card
    assert "| val_perplexity | 3.5 |\n| epochs | 2 |\n" in card
    assert "broken" not in card
    assert "| `step.onnx` | one token a row, states in and out | `tokens` [B] int32, `sta" in card
    assert "MODEL_CARD.md" in json.loads((folder / "spec.json").read_text())["files"]


def test_figures_that_json_can_t_spell_are_left_out(bundle: Any) -> None:
    text = (bundle[0] / "spec.json").read_text(encoding="utf-8")
    metrics = json.loads(text, parse_constant=lambda name: pytest.fail(name))["metrics"]
    assert metrics == {"val_perplexity": 3.5, "epochs": 2}


def test_free_axes_have_names(bundle: Any) -> None:
    for name, axes in (("model", ["B", "T"]), ("step", ["B"])):
        graph = onnx.load(bundle[0] / f"{name}.onnx").graph
        shapes = {
            value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
            for value in (*graph.input, *graph.output)
        }
        assert shapes["tokens"] == axes
        assert shapes["logits"] == [*axes, len(bundle[2].vocabulary)]
        assert shapes["state_1"] == shapes["next_state_1"] == ["B", 6]


def test_every_output_was_checked(bundle: Any) -> None:
    found = {(d.graph, d.output) for d in bundle[3]}
    assert {(d.batch, d.length) for d in bundle[3]} == {(1, 7), (3, 12)}
    assert found == {
        (graph, output)
        for graph in ("model", "step")
        for output in ("logits", "next_state_0", "next_state_1")
    } | {("generate", "generated"), ("step", "logits, repeated,"), ("generate", "the likeliest")}
    assert len(bundle[3]) == 2 * len(found)
    assert all(difference.value < 1e-5 for difference in bundle[3])


def test_a_language_model_runs_as_in_keras(bundle: Any) -> None:
    folder, model, encoder, _ = bundle
    loaded = load(folder)
    assert isinstance(loaded, runtime.LanguageModel)
    text = TEXT * 3
    keras_score = score(model, encoder.encode(text))
    assert loaded.perplexity(text) == pytest.approx(keras_score.perplexity, rel=1e-5)
    assert loaded.score(text).sum() == pytest.approx(-keras_score.nats, rel=1e-5)
    assert len(loaded.score(text)) == keras_score.tokens
    continuation = loaded.generate("to be", 30, temperature=0)
    assert continuation == greedy(model, encoder, "to be", 30)
    assert len(set(continuation)) > 1
    assert "".join(loaded.stream("to be", 30, temperature=0)) == continuation


@pytest.mark.parametrize("target", ["cpu", "cuda"])
@pytest.mark.parametrize("pooling", ["mean", "max", "last"])
def test_a_classifier_runs_as_in_keras(tmp_path: Path, pooling: str, target: str) -> None:
    encoder = words()
    model = classifier(encoder, pooling=pooling)
    export_onnx(model, tmp_path / "bundle", encoder, target=target)
    assert sorted(file.name for file in (tmp_path / "bundle").iterdir()) == [
        "MODEL_CARD.md",
        "check.npz",
        "model.onnx",
        "spec.json",
        "vocabulary.json",
    ]
    loaded = load(tmp_path / "bundle")
    assert isinstance(loaded, runtime.Classifier)
    assert loaded.labels == ("no", "so-so", "yes")
    texts = [*REVIEWS, "good", "an unknown word", ""]
    # One text at a time needs no padding; a text without a token is one <unk>.
    expected = np.concatenate([softmax(model(encoder.encode(text or "?")[None])) for text in texts])
    received = loaded.predict_proba(texts)
    np.testing.assert_allclose(received, expected, rtol=0, atol=PROBABILITY)
    assert loaded.predict(texts) == [model.classes[k] for k in expected.argmax(-1)]
    assert len(set(loaded.predict(texts))) > 1
    found = kinds(onnx.load(tmp_path / "bundle" / "model.onnx"))
    assert found.count("RNN" if target == "cuda" else "Scan") == 2
    assert "Loop" not in found


def test_the_target_cuda_runs_on_a_cpu_too(tmp_path: Path) -> None:
    encoder = characters()
    model = language_model(encoder)
    export_onnx(model, tmp_path / "bundle", encoder, target="cuda", opset=15)
    spec = json.loads((tmp_path / "bundle" / "spec.json").read_text(encoding="utf-8"))
    assert (spec["target"], spec["opset"]) == ("cuda", 15)
    found = kinds(onnx.load(tmp_path / "bundle" / "model.onnx"))
    assert (found.count("RNN"), found.count("Scan"), found.count("Loop")) == (2, 0, 0)
    expected = score(model, encoder.encode(TEXT)).perplexity
    assert load(tmp_path / "bundle").perplexity(TEXT) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "how",
    [
        {"dtype": "mixed_float16"},
        {"dtype": "mixed_bfloat16"},
        {"stateful": True},
        {"dtype": "mixed_float16", "stateful": True},
        {"embedding": None, "layers": 1, "activation": "relu"},
    ],
    ids=["float16", "bfloat16", "stateful", "float16 and stateful", "one-hot"],
)
def test_other_language_models(tmp_path: Path, how: dict[str, Any]) -> None:
    encoder = characters()
    shape = (2, 5) if how.get("stateful") else (None, None)
    model = language_model(encoder, shape, **how)
    plain = language_model(encoder, **{**how, "dtype": "float32", "stateful": False})
    plain.set_weights(model.get_weights())
    if how.get("stateful"):  # states that a training left behind are not the export's
        model(np.ones((2, 5), "int32"))
    states = [np.asarray(s) for layer in model.recurrent_layers for s in layer.states or []]
    export_onnx(model, tmp_path / "bundle", encoder)
    spec = json.loads((tmp_path / "bundle" / "spec.json").read_text(encoding="utf-8"))
    ports = [*spec["graphs"]["model"]["inputs"], *spec["graphs"]["model"]["outputs"]]
    assert {port["dtype"] for port in ports} == {"int32", "float32"}
    loaded = load(tmp_path / "bundle")
    expected = score(plain, encoder.encode(TEXT)).perplexity
    for _ in range(2):  # and one text's states are not the next one's
        assert loaded.perplexity(TEXT) == pytest.approx(expected, rel=1e-5)
    after = [np.asarray(s) for layer in model.recurrent_layers for s in layer.states or []]
    np.testing.assert_equal(after, states)


def test_a_classifier_in_half_precision(tmp_path: Path) -> None:
    encoder = words()
    model = classifier(encoder, dtype="mixed_float16")
    plain = classifier(encoder)
    export_onnx(model, tmp_path / "bundle", encoder)
    expected = softmax(plain(encoder.encode(REVIEWS[0])[None]))
    received = load(tmp_path / "bundle").predict_proba(REVIEWS[:1])
    np.testing.assert_allclose(received, expected, rtol=0, atol=PROBABILITY)


def test_several_texts_run_inside_of_the_graph(bundle: Any, monkeypatch: Any) -> None:
    loaded = load(bundle[0])
    prompts = ["to", "be, or", "n"]
    one_by_one = [loaded.generate(prompt, 9, temperature=0) for prompt in prompts]
    steps: list[int] = []
    monkeypatch.setattr(runtime.LanguageModel, "_bound", lambda *_: steps.append(1))
    assert loaded.generate(prompts, 9, temperature=0) == one_by_one
    assert loaded.generate(iter(prompts), 9, temperature=0) == one_by_one
    assert loaded.generate(prompts[:1], 9, temperature=0) == one_by_one[:1]
    again = loaded.generate(prompts, 30, seed=4, top_p=0.9, temperature=0.8)
    assert again == loaded.generate(prompts, 30, seed=4, top_p=0.9, temperature=0.8)
    assert again != loaded.generate(prompts, 30, seed=5, top_p=0.9, temperature=0.8)
    assert {len(text) for text in again} == {30}
    stopped = loaded.generate(prompts, 200, seed=4, stop="o")
    assert all("o" not in text for text in stopped)
    assert len({len(text) for text in stopped}) > 1
    assert not steps
    for wrong in ({"top_k": 0}, {"temperature": -1}, {"top_p": 2}, {"seed": "x"}, {"stop": "Z"}):
        with pytest.raises(KitError, match=next(iter(wrong))):
            loaded.generate(prompts, 5, **wrong)
    with pytest.raises(KitError, match="length must be a positive integer"):
        loaded.generate(prompts, 0)


def test_prompts_that_are_too_many_at_once_go_step_by_step(bundle: Any, monkeypatch: Any) -> None:
    loaded = load(bundle[0])
    inside = loaded.generate(["to", "be"], 7, temperature=0)
    monkeypatch.setattr(loop, "_MOST_TOKENS", 3)
    monkeypatch.setattr(loop, "run", lambda *_, **__: 1 / 0)
    assert loaded.generate(["to", "be"], 7, temperature=0) == inside


def test_threads_share_a_model(bundle: Any) -> None:
    loaded = load(bundle[0])
    prompts = ["to", "be, or", "n", "question"]

    def work(prompt: str) -> tuple[Any, ...]:
        # Each way through the model, all at the same time.
        streamed = "".join(loaded.stream(prompt, 40, seed=1))
        inside = loaded.generate([prompt, prompt], 20, seed=2)
        return streamed, loaded.generate(prompt, 40, seed=1), inside, loaded.perplexity(TEXT)

    alone = [work(prompt) for prompt in prompts]
    fresh = load(bundle[0])  # whose sessions are opened by several threads
    loaded = fresh
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, prompts * 4)) == alone * 4


def test_weights_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    encoder = characters()
    model = language_model(encoder)
    export_onnx(model, tmp_path / "bundle", encoder)
    graph = onnx.load(tmp_path / "bundle" / "step.onnx")
    for tensor in graph.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            values = onnx.numpy_helper.to_array(tensor) * np.nan
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    onnx.save(graph, tmp_path / "bundle" / "step.onnx")
    spec = json.loads((tmp_path / "bundle" / "spec.json").read_text())
    runtime.write_spec(tmp_path / "bundle", {**spec, "files": list(spec["files"])})
    loaded = load(tmp_path / "bundle")
    for prompts in ("to", ["to", "be"]):
        with pytest.raises(KitError, match="NaN"):
            loaded.generate(prompts, 5)
