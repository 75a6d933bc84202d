"""A classifier that takes strings: the Python encoder's ids, on every text tried."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export import to_onnx as command
from keras_rnn_kit import runtime
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx
from keras_rnn_kit.runs import save_run
from keras_rnn_kit.runtime.check import check_bundle
from keras_rnn_kit.text import TextEncoder
from tests.exporting.models import REVIEWS, characters, classifier, language_model, softmax, words

TOKENIZERS = ("words", "characters")


@pytest.fixture(scope="module", params=TOKENIZERS)
def served(request: Any, tmp_path_factory: Any) -> tuple[Any, Any]:
    """A session of `text.onnx`, and the runtime's classifier of the same bundle."""
    encoder = TextEncoder.build([*REVIEWS, "字电影"], tokenizer=request.param)
    folder = tmp_path_factory.mktemp("text") / "bundle"
    found = export_onnx(classifier(encoder, pooling="max"), folder, encoder, text_input=True)
    assert {(d.graph, d.output) for d in found} == {("model", "logits"), ("text", "logits")}
    assert check_bundle(folder)
    return runtime.open_session(folder / "text.onnx"), runtime.load(folder)


def both(served: tuple[Any, Any], texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    session, loaded = served
    logits = session.run(["logits"], {"texts": np.array(texts, dtype=object)})[0]
    return softmax(logits), loaded.predict_proba(texts)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_any_texts(served: Any, texts: list[str]) -> None:
    received, wanted = both(served, [text.replace("\0", " ") for text in texts])
    np.testing.assert_allclose(received, wanted, atol=1e-6)


def test_odd_texts(served: Any) -> None:
    odd = ["", " \n\t", "<pad>", "<unk> film", "字", "😀🙂 good", "isn't", "e\u0301", "a" * 10_000]
    received, wanted = both(served, odd)
    np.testing.assert_allclose(received, wanted, atol=1e-6)
    np.testing.assert_allclose(both(served, [""])[0], wanted[:1], atol=1e-6)


def test_in_whole_numbers(tmp_path: Path) -> None:
    encoder = TextEncoder.build(REVIEWS, tokenizer="words")
    how: dict[str, Any] = {"precision": "int8", "data": (REVIEWS, ["yes"] * len(REVIEWS))}
    export_onnx(classifier(encoder), tmp_path / "bundle", encoder, text_input=True, **how)
    kinds = {n.op_type for n in onnx.load(tmp_path / "bundle" / "text.onnx").graph.node}
    assert {"Tokenizer", "MatMulInteger"} <= kinds
    session = runtime.open_session(tmp_path / "bundle" / "text.onnx")
    loaded = runtime.load(tmp_path / "bundle")
    received, wanted = both((session, loaded), REVIEWS)
    np.testing.assert_allclose(received, wanted, atol=0.05)


def test_what_it_can_t_be(tmp_path: Path) -> None:
    cleaned, plain = words(), characters()
    bare = TextEncoder.build(REVIEWS, tokenizer="words", specials=("<pad>",))
    other = TextEncoder.build(REVIEWS, tokenizer="graphemes")
    for model, encoder, message in (
        (classifier(cleaned), cleaned, "do without cleaning.*needs onnxruntime-extensions"),
        (language_model(plain), plain, "text input is for text classifiers"),
        (classifier(other), other, r"'characters' or 'words'; received GraphemeTokenizer\(\)"),
        (classifier(bare), bare, "must have a vocabulary with <pad> and <unk>"),
    ):
        with pytest.raises(KitError, match=message):
            export_onnx(model, tmp_path / "bundle", encoder, text_input=True)
    assert list(tmp_path.iterdir()) == []


def test_the_command(tmp_path: Path, capsys: Any) -> None:
    encoder = TextEncoder.build(REVIEWS, tokenizer="words")
    save_run(tmp_path / "run", classifier(encoder), encoder, {}, {})
    arguments = [str(tmp_path / "run"), "--out", str(tmp_path / "bundle"), "--text-input"]
    assert command.main(arguments) == 0
    assert "text.onnx: logits at batch 3, length 12" in capsys.readouterr().out
    assert (tmp_path / "bundle" / "text.onnx").is_file()
