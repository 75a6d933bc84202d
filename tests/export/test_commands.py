"""The commands of `export/`, from a small trained run to text and labels."""

import io
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from export import classify, generate, score, to_onnx, to_saved_model
from keras_rnn_kit.errors import KitError
from recipes import char_lm, sentiment
from tests.recipes.conftest import SMALL_CLASSIFIER, SMALL_LM

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """`lm` and `classifier`, trained for an epoch, with their bundles beside them."""
    root = tmp_path_factory.mktemp("runs")
    (root / "text.txt").write_text("To be, or not to be: that is the question.\n" * 40)
    rows = [f"positive\ta good film {k}\nnegative\ta bad film {k}" for k in range(30)]
    (root / "reviews.tsv").write_text("label\ttext\n" + "\n".join(rows) + "\n")
    lm, classifier = str(root / "lm"), str(root / "classifier")
    epochs = ["--epochs", "1"]
    char_lm.main(["--data", str(root / "text.txt"), "--out", lm, *SMALL_LM, *epochs])
    sentiment.main(
        ["--data", str(root / "reviews.tsv"), "--out", classifier, *SMALL_CLASSIFIER, *epochs]
    )
    to_onnx.main([lm, "--out", f"{lm}_bundle"])
    to_onnx.main([classifier, "--out", f"{classifier}_bundle"])
    return root


def test_to_onnx_says_what_it_checked_and_wrote(runs, tmp_path, capsys):
    out = tmp_path / "bundle"
    assert to_onnx.main([str(runs / "lm"), "--out", str(out), "--target", "cuda"]) == 0
    printed = capsys.readouterr().out
    for name in ("model.onnx", "step.onnx", "vocabulary.json", "spec.json"):
        assert (out / name).is_file()
        assert str(out / name) in printed
    assert "logits at batch 1" in printed
    assert "logits at batch 3" in printed


def test_to_onnx_takes_a_keras_file(runs, tmp_path):
    out = tmp_path / "bundle"
    assert to_onnx.main([str(runs / "classifier" / "model.keras"), "--out", str(out)]) == 0
    assert classify.main([str(out), "a good film"]) == 0


def test_to_onnx_refuses_an_existing_folder(runs, tmp_path):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "precious").touch()
    with pytest.raises(KitError, match="--overwrite"):
        to_onnx.main([str(runs / "lm"), "--out", str(tmp_path / "bundle")])


def test_a_keras_file_of_another_kind(runs, tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.save(tmp_path / "model.keras")
    shutil.copy(runs / "lm" / "vocabulary.json", tmp_path)
    for command in (to_onnx, to_saved_model):
        with pytest.raises(
            KitError, match=r"a model of this kit .*TextClassifier.*received Sequential"
        ):
            command.main([str(tmp_path / "model.keras"), "--out", str(tmp_path / "out")])
        assert not (tmp_path / "out").exists()


def test_to_saved_model(runs, tmp_path, capsys):
    out = tmp_path / "saved"
    assert to_saved_model.main([str(runs / "lm"), "--out", str(out)]) == 0
    assert (out / "saved_model.pb").is_file()
    assert "serve, serve_text, step" in capsys.readouterr().out
    for version in ("1", "2"):
        arguments = [str(runs / "lm"), "--out", str(tmp_path / "served"), "--version", version]
        assert to_saved_model.main(arguments) == 0
        assert (tmp_path / "served" / version / "saved_model.pb").is_file()
    assert sorted(path.name for path in (tmp_path / "served").iterdir()) == ["1", "2"]
    with pytest.raises(KitError, match="must not be there yet"):
        to_saved_model.main(arguments)
    with pytest.raises(KitError, match="version must be a positive integer; received version=0"):
        to_saved_model.main([*arguments[:-1], "0"])


def generated(capsys, bundle, *arguments):
    capsys.readouterr()
    assert generate.main([str(bundle), *arguments]) == 0
    return capsys.readouterr()


def test_generate_prints_the_prompt_and_so_many_characters(runs, capsys):
    arguments = ["--prompt", "To be", "--length", "20", "--seed", "1"]
    first = generated(capsys, runs / "lm_bundle", *arguments)
    assert first.out.startswith("To be")
    assert len(first.out) == len("To be") + 20 + 1
    assert generated(capsys, runs / "lm_bundle", *arguments).out == first.out
    assert first.err == ""


def test_generate_names_unknown_characters_and_goes_on(runs, capsys):
    printed = generated(capsys, runs / "lm_bundle", "--prompt", "To €", "--length", "3")
    assert "'€'" in printed.err
    assert len(printed.out) == len("To €") + 3 + 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prompt", "To", "--length", "0"], "length"),
        (["--prompt", "", "--length", "5"], "prompt"),
        (["--prompt", "To", "--length", "5", "--temperature", "-1"], "temperature"),
        (["--prompt", "To", "--length", "5", "--top-k", "0"], "top_k"),
        (["--prompt", "To", "--length", "5", "--top-p", "1.5"], "top_p"),
        (["--prompt", "To", "--length", "5", "--provider", "cuda"], "cuda"),
    ],
)
def test_generate_refuses(runs, arguments, message):
    with pytest.raises(KitError, match=message):
        generate.main([str(runs / "lm_bundle"), *arguments])


def test_classify_texts_and_files(runs, tmp_path, capsys):
    file = tmp_path / "texts.txt"
    file.write_text("a good film\r\na bad\u0085film\n\n", encoding="utf-8")
    capsys.readouterr()
    bundle = str(runs / "classifier_bundle")
    assert classify.main([bundle, "one", "--file", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[2] for line in lines] == ["one", "a good film", "a bad film", ""]
    for line in lines:
        label, probability, _ = line.split("\t")
        assert label in ("negative", "positive")
        assert 0.5 <= float(probability) <= 1


def test_classify_as_json_lines(runs, capsys):
    capsys.readouterr()
    assert classify.main([str(runs / "classifier_bundle"), "a good\tfilm", "字", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["text"] for line in lines] == ["a good\tfilm", "字"]
    for line in lines:
        shares = line["probabilities"]
        assert set(shares) == {"negative", "positive"}
        assert sum(shares.values()) == pytest.approx(1)
        assert line["label"] == max(shares, key=shares.get)


def test_score_texts_files_and_standard_input(runs, tmp_path, capsys, monkeypatch):
    file = tmp_path / "text.txt"
    file.write_bytes(b"To be,\r\nor not to be")
    bundle = str(runs / "lm_bundle")
    capsys.readouterr()
    assert score.main([bundle, "To be", "be  or", "--file", str(file)]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[2:] for line in lines] == [["4", "To be"], ["5", "be or"], ["18", str(file)]]
    for perplexity, nats, *_ in lines:
        assert float(perplexity) == pytest.approx(math.exp(float(nats)), rel=1e-3)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))
    assert score.main([bundle, "--file", "-", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["scores"]) == 18
    assert f"{found['perplexity']:.4f}" == lines[2][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there must be a text to score; received none"),
        (["T"], "two tokens or more"),
        (["--file", "nowhere.txt"], "nowhere.txt must be a file that can be read"),
    ],
)
def test_score_refuses(runs, arguments, message):
    with pytest.raises(KitError, match=message):
        score.main([str(runs / "lm_bundle"), *arguments])


def test_standard_input_that_is_not_utf_8(runs, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"ab\xff")))
    with pytest.raises(KitError, match=r"standard input must be valid utf-8; received byte 0xff"):
        score.main([str(runs / "lm_bundle"), "--file", "-"])


def test_classify_needs_a_text(runs, tmp_path):
    with pytest.raises(KitError, match="--file"):
        classify.main([str(runs / "classifier_bundle")])
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(KitError, match=r"empty\.txt holds none"):
        classify.main([str(runs / "classifier_bundle"), "--file", str(tmp_path / "empty.txt")])


def test_classify_answers_line_by_line(runs):
    command = [sys.executable, "-m", "export.classify", str(runs / "classifier_bundle")]
    with subprocess.Popen(
        [*command, "--file", "-"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for text in ("a good film", "字", "bad"):
            process.stdin.write(f"{text}\n")
            process.stdin.flush()  # and the pipe stays open: the answer comes before the next text
            assert process.stdout.readline().split("\t")[2] == f"{text}\n"
        process.stdin.close()
        assert process.wait() == 0


def test_classify_prints_what_stands_before_a_broken_line(runs, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(classify, "_TOGETHER", 2)
    file = tmp_path / "texts.txt"
    file.write_bytes(b"good\nbad\ngood \xff film\n")
    capsys.readouterr()
    with pytest.raises(KitError, match=r"received byte 0xff at byte offset 14 \(line 3\)"):
        classify.main([str(runs / "classifier_bundle"), "--file", str(file)])
    assert [line.split("\t")[2] for line in capsys.readouterr().out.splitlines()] == ["good", "bad"]


def test_score_by_line_and_a_file_in_another_encoding(runs, tmp_path, capsys):
    file = tmp_path / "texts.txt"
    file.write_text("To be\nor not\n", encoding="utf-16")
    capsys.readouterr()
    arguments = [str(runs / "lm_bundle"), "--file", str(file), "--encoding", "utf-16", "--lines"]
    assert score.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[2:] for line in lines] == [["4", "To be"], ["5", "or not"]]


def test_the_wrong_bundle_for_the_command(runs):
    with pytest.raises(KitError, match="text_classifier"):
        generate.main([str(runs / "classifier_bundle"), "--prompt", "a", "--length", "1"])
    with pytest.raises(KitError, match="language_model"):
        classify.main([str(runs / "lm_bundle"), "a"])


@pytest.mark.parametrize("name", ["model.onnx", "vocabulary.json", "spec.json"])
def test_a_bundle_with_a_missing_or_altered_file(runs, tmp_path, name):
    bundle = tmp_path / "bundle"
    shutil.copytree(runs / "classifier_bundle", bundle)
    file = bundle / name
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(KitError, match=name):
        classify.main([str(bundle), "a"])
    file.unlink()
    with pytest.raises(KitError, match=name):
        classify.main([str(bundle), "a"])


def test_serving_commands_load_neither_keras_nor_tensorflow(runs):
    script = (
        "import sys\n"
        "from export import check, generate, classify, score\n"
        f"generate.main([{str(runs / 'lm_bundle')!r}, '--prompt', 'To', '--length', '3'])\n"
        f"classify.main([{str(runs / 'classifier_bundle')!r}, 'a good film'])\n"
        f"score.main([{str(runs / 'lm_bundle')!r}, 'To be'])\n"
        f"check.main([{str(runs / 'lm_bundle')!r}])\n"
        "assert not {'keras', 'tensorflow', 'tf2onnx', 'onnx'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
