"""Encoder-decoders in a bundle and in a SavedModel: the parts, and the search in one graph."""

import json

import numpy as np
import pytest
import tensorflow as tf

from export import translate as translate_command
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx, export_saved_model
from keras_rnn_kit.exporting.kinds.encoder_decoder import search
from keras_rnn_kit.models import EncoderDecoder
from keras_rnn_kit.runtime import Translator, load, parse_spec
from keras_rnn_kit.runtime.check import check_bundle
from keras_rnn_kit.text import TextEncoder
from tests.exporting.models import saves_models, with_weights

SOURCES = ["go away", "the cat sat", "a cat", "the dog sat on a mat"]
TARGETS = ["va loin", "le chat dort", "un chat"]
HOW = {
    "luong": {"attention": "luong"},
    "length": {"termination": "length", "context": "both", "bidirectional": False},
    "bernoulli": {"attention": "bahdanau", "termination": "bernoulli", "cell": "LSTM", "layers": 2},
}


def encoders() -> list[TextEncoder]:
    return [TextEncoder.build(texts, tokenizer="words") for texts in (SOURCES, TARGETS)]


def model_of(how: str) -> EncoderDecoder:
    sizes = [len(encoder.vocabulary) for encoder in encoders()]
    model = EncoderDecoder(*sizes, units=6, embedding=4, max_length=8, dropout=0.3, **HOW[how])
    model.build()
    return with_weights(model)


@pytest.fixture(scope="module", params=HOW)
def exported(request, tmp_path_factory):
    model, folder = model_of(request.param), tmp_path_factory.mktemp("bundles") / request.param
    differences = export_onnx(model, folder, encoders())
    return model, folder, differences


def test_the_bundle_holds_the_parts_and_the_whole(exported):
    model, folder, differences = exported
    spec = json.loads((folder / "spec.json").read_text())
    assert list(spec["graphs"]) == ["encoder", "decoder_step", "translate"]
    assert spec["settings"] == {"bos_id": 2, "max_length": 8}
    assert {d.graph for d in differences} == {"encoder", "decoder_step", "translate"}
    given = [port["name"] for port in spec["graphs"]["encoder"]["outputs"]]
    assert given == [*model.state_names, *model.memory_names]
    assert "beam search" in (folder / "MODEL_CARD.md").read_text()
    assert len(check_bundle(folder)) == len(differences)


def test_it_writes_what_keras_writes(exported):
    model, folder, _ = exported
    translator = load(folder)
    assert isinstance(translator, Translator)
    for beam in (1, 3):
        found = translator.search(SOURCES, beam=beam, length_penalty=0.6)
        for text, (ids, score) in zip(SOURCES, found, strict=True):
            tokens = translator.source_encoder.encode(text)[None]
            alone = {k: v.numpy() for k, v in search(model, tokens, beam, 8, 0.6).items()}
            assert ids == alone["ids"][0, : alone["counts"][0]].tolist()
            np.testing.assert_allclose(score, alone["scores"][0], rtol=1e-4)  # float32, 8 steps
    texts = translator.translate(SOURCES, beam=3)
    assert texts == [translator.target_encoder.decode(ids) for ids, _ in found]


def test_a_beam_of_one_is_greedy_decoding_step_by_step(exported):
    _, folder, _ = exported
    translator = load(folder)
    encode, step = translator.session("encoder"), translator.session("decoder_step")
    graph = translator.bundle.spec.graphs["decoder_step"]
    ids = translator.source_encoder.encode("the cat sat")[None]
    names = [port.name for port in graph.inputs[1:]]
    carried = dict(zip(names, encode.run(names, {"tokens": ids}), strict=True))
    last, written = np.array([2], np.int32), []
    while len(written) < 8:
        outputs = [port.name for port in graph.outputs]
        logits, *after = step.run(outputs, {"tokens": last, **carried})
        carried |= {n.removeprefix("next_"): v for n, v in zip(outputs[1:], after, strict=True)}
        logits[:, [0, 2]] = -np.inf
        last = logits.argmax(-1).astype(np.int32)
        if last[0] == 3:
            break
        written.append(int(last[0]))
    assert translator.search(["the cat sat"])[0][0] == written


def test_awkward_texts_and_arguments(exported):
    translator = load(exported[1])
    odd = ["", "  ", "字 😀", "x" * 3000, "the " * 300]
    written = translator.translate(odd, beam=2)
    assert len(written) == 5
    assert written[:2] == ["", ""]  # nothing is said of nothing
    assert written[2:4] == translator.translate(odd[2:4], beam=2)
    assert translator.translate([]) == []
    assert all(len(ids) <= 2 for ids, _ in translator.search(SOURCES, max_length=2))
    with pytest.raises(KitError, match=r"single str\. Pass \[text\]"):
        translator.translate("the cat")
    size = len(translator.target_encoder.vocabulary)
    for wrong, message in (
        ({"beam": 0}, "beam must be a positive integer"),
        ({"beam": size}, f"beam must be {size - 2} or less"),
        ({"length_penalty": -1}, "length_penalty must be a number of 0 or more"),
        ({"max_length": 0}, "max_length must be a positive integer"),
    ):
        with pytest.raises(KitError, match=message):
            translator.translate(SOURCES, **wrong)


def test_the_command(exported, capsys, tmp_path):
    folder = exported[1]
    file = tmp_path / "texts.txt"
    file.write_text("a cat\nthe dog sat\n")
    assert translate_command.main([str(folder), "go away", "--file", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == load(folder).translate(["go away", "a cat", "the dog sat"], beam=4)
    assert translate_command.main([str(folder), "go away", "--json", "--beam", "1"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert set(line) == {"text", "translation", "score"}
    with pytest.raises(KitError, match="received none"):
        translate_command.main([str(folder)])


@saves_models
def test_the_saved_model(tmp_path):
    model = model_of("length")
    names = export_saved_model(model, tmp_path / "saved", encoders())
    assert names == ["serve", "serve_text", "translate", "encoder", "decoder_step"]
    served = tf.saved_model.load(str(tmp_path / "saved")).signatures
    found = served["serve_text"](tf.constant(["the cat sat", "go away"]))
    rows = found["ids"].numpy()
    for row, count, text in zip(
        rows, found["counts"].numpy(), ["the cat sat", "go away"], strict=True
    ):
        alone = search(model, encoders()[0].encode(text)[None], 1, 8, 0.0)
        assert row[:count].tolist() == alone["ids"].numpy()[0, :count].tolist()


def fields(folder) -> dict:
    return json.loads((folder / "spec.json").read_text())


def test_a_spec_that_does_not_fit_together(exported):
    def states(spec):
        return spec["graphs"]["decoder_step"]

    for change, message in (
        (lambda s: states(s)["inputs"].pop(), "what the encoder gives"),
        (lambda s: states(s)["outputs"][-1].update(name="next_other"), "states as they came in"),
        (lambda s: s["graphs"]["translate"]["inputs"].pop(), r"graphs\.translate"),
        (lambda s: s["settings"].pop("bos_id"), r"settings\.bos_id must be there"),
        (lambda s: s["settings"].update(max_length=0), r"settings\.max_length must be 1 or more"),
        (lambda s: s["files"].pop("target_vocabulary.json"), "target_vocabulary"),
    ):
        spec = fields(exported[1])
        change(spec)
        with pytest.raises(KitError, match=message):
            parse_spec(spec)


def test_the_encoders_must_be_both(tmp_path):
    with pytest.raises(KitError, match=r"has 2 encoders .* received 1"):
        export_onnx(model_of("luong"), tmp_path / "out", encoders()[0])
    with pytest.raises(KitError, match=r"target_vocabulary\.json must be the model's"):
        export_onnx(model_of("luong"), tmp_path / "out", [encoders()[0]] * 2)
    with pytest.raises(KitError, match="not measured for a encoder decoder"):
        export_onnx(model_of("luong"), tmp_path / "out", encoders(), precision="int8")
    assert not (tmp_path / "out").exists()
