"""`recipes.teacher_forcing` from its command line, and the oscillator that it learns."""

import json

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from recipes import teacher_forcing

TINY = ["--series", "8", "--length", "6", "--units", "3", "--batch-size", "4", "--updates", "4"]


def test_trains_in_every_way_and_reports(tmp_path, capsys, monkeypatch):
    # The other schedules are trained in the same way.
    some = {name: teacher_forcing.WAYS[name] for name in ("teacher forcing", "free-running")}
    monkeypatch.setattr(teacher_forcing, "WAYS", some)
    out = tmp_path / "run"
    assert teacher_forcing.main(["--out", str(out), "--repeats", "1", *TINY]) == 0
    report = json.loads((out / "report.json").read_text())
    kinds = [(done["feedback"], done["training"]) for done in report["runs"]]
    assert kinds == [(feedback, way) for feedback in ("output", "both") for way in some]
    for done in report["runs"]:
        by_step = done["free_error_by_step"]
        assert len(by_step) == 6
        assert done["free_error"] == pytest.approx(np.sqrt(np.mean(np.square(by_step))))
        assert done["free_error_after"] == {"1": by_step[0], "4": by_step[3], "6": by_step[5]}
        assert done["diverged"] == 0
    for feedback, way in report["best"].items():
        errors = {
            d["training"]: d["free_error"] for d in report["runs"] if d["feedback"] == feedback
        }
        assert errors[way] == min(errors.values())
    assert report["loop_over_at_once"] > 0
    assert (out / "error_by_step.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "step 1   step 4   step 6" in printed
    assert "Recurrence from the output: " in printed


def test_the_oscillator_follows_its_equation(monkeypatch):
    monkeypatch.setattr(teacher_forcing, "STEP", 0.01)
    config = teacher_forcing.Config(length=40, noise=0.0)
    one = teacher_forcing.oscillators(3, config, [0])
    assert one.force.shape == (3, 40, 1)
    assert one.seen.shape == one.true.shape == (3, 40, 2)
    np.testing.assert_array_equal(one.seen, one.true)
    # Central differences are off by STEP² / 6 times a third derivative of 10 or so.
    slopes = (one.true[:, 2:] - one.true[:, :-2]) / 0.02
    position, velocity = one.true[:, 1:-1, 0], one.true[:, 1:-1, 1]
    # The force of a step is that at its beginning, and states are those at its end.
    pull = (1 - position**2) * velocity - position + one.force[:, 2:, 0]
    np.testing.assert_allclose(slopes, np.stack([velocity, pull], -1), rtol=0, atol=2e-3)
    assert np.abs(one.force).max() > 0.3


def test_means_leave_out_what_diverged():
    def done(error, diverged=False):
        return {
            "parameters": 9,
            "forced_error": error,
            "free_error": error,
            "free_error_by_step": np.array([error, error]),
            "diverged": diverged,
        }

    found = teacher_forcing.means([done(3.0), done(99.0, diverged=True), done(4.0)])
    assert found["free_error"] == pytest.approx(np.sqrt((9 + 16) / 2))
    assert (found["free_error_range"], found["diverged"]) == ([3.0, 4.0], 1)
    assert teacher_forcing.means([done(99.0, diverged=True)])["free_error"] == 99


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--updates", "0"], "updates must be a positive integer"),
        (["--noise", "-1"], "noise must be a finite number, and not negative"),
        (["--series", "1"], "half as many series are tested on; received --series 1"),
    ],
)
def test_wrong_options(options, message, tmp_path):
    with pytest.raises(KitError, match=message):
        teacher_forcing.main(["--out", str(tmp_path / "run"), *options])
    assert not (tmp_path / "run").exists()
