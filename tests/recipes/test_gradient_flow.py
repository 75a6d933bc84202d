"""`recipes.gradient_flow` from its command line, at toy size."""

import json

import pytest

from keras_rnn_kit.errors import KitError
from recipes import gradient_flow as recipe

SMALL = ["--units", "16", "--seq-length", "30", "--rows", "2", "--features", "2", "--steps", "5"]


def test_the_tables_the_report_and_the_pictures(tmp_path, capsys):
    out = tmp_path / "run"
    assert recipe.main([*SMALL, "--out", str(out)]) == 0
    report = json.loads((out / "report.json").read_text())
    found = {(each["activation"], each["spectral_radius"]): each for each in report["jacobians"]}
    assert len(found) == 9
    far = {key: each["last_by_first_state"] for key, each in found.items()}
    for name in ("tanh", "ReLU", "identity"):
        assert far[name, 0.9] < far[name, 1.0] < far[name, 1.2]
    assert far["tanh", 0.9] < far["identity", 0.9] < 1 < far["identity", 1.2]
    assert found["tanh", 0.9]["last_state_by_first_input"] < 0.01
    # About half of the units of a ReLU are zero, those of an identity are never saturated.
    assert 0.2 < found["ReLU", 1.0]["saturated"]["h = 0"] < 0.8
    assert found["identity", 1.0]["saturated"] == {}
    assert set(report["training"]) == {"not_clipped", "clipped"}
    assert report["training"]["clipped"]["largest_gradient_norm"] > 0
    for picture in ("jacobians.png", "tanh.png", "clipping.png"):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert f"{far['identity', 1.2]:.1e}" in printed
    assert "clipped: gradient norm" in printed
    assert str(out / "clipping.png") in printed.splitlines()[-1]


def test_training_that_diverges_is_told():
    curves = {"loss": [1.0, 4.0, float("nan")], "gradient_norm": [2.0, 1e20, float("inf")]}
    line = recipe._summary("not clipped", curves)
    assert line.endswith("no number any more from step 3 on.")
    assert "1e+20 at most" in line
    none = {"loss": [float("nan")], "gradient_norm": [float("nan")]}
    assert recipe._summary("x", none) == "x: no step had a finite gradient."


def test_a_sequence_that_is_too_short_is_refused(tmp_path):
    with pytest.raises(KitError, match="seq_length must be 5 or more"):
        recipe.main(["--seq-length", "4", "--out", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()
