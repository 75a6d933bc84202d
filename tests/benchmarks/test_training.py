"""The training benchmark at toy sizes: it runs, it agrees, it refuses; no time is asserted."""

import importlib.util
import json

import numpy as np
import pytest

from benchmarks import fit_step, grid, layer_step, training
from benchmarks.grid import Shape
from benchmarks.report import OURS, Row
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import SimpleRNN

TINY = Shape(3, 5, 2, 4)


class AnotherActivation(SimpleRNN):
    """A layer that is wrong."""

    def __init__(self, units, **kwargs):
        super().__init__(units, activation="relu", **kwargs)


@pytest.mark.parametrize("masked", [False, True])
def test_every_peer_of_the_layer_is_timed_and_agrees(masked):
    row = layer_step.layer_row(TINY, masked=masked, rounds=2, seconds=0)
    expected = set(layer_step.PEERS)
    if masked or not importlib.util.find_spec("torch"):
        expected.remove("torch.nn.RNN")
    assert set(row.times) == expected
    assert {len(seconds) for seconds in row.times.values()} == {2}
    assert set(row.differences) == expected - {OURS}
    assert max(row.differences.values()) <= layer_step.TOLERANCE
    assert row.case == {"B, T, E, H": "3, 5, 2, 4"}


def test_the_mask_reaches_the_layer():
    outputs = [layer_step.layer_steps(TINY, masked=m)[OURS]()[0].numpy() for m in (False, True)]
    mask = grid.right_padded(TINY, _after_the_others(TINY))
    assert (np.abs(outputs[0] - outputs[1]).max(axis=2) > 1e-6).any()
    # What the mask lets through is the same, to float32's rounding.
    assert np.abs(outputs[0] - outputs[1])[mask].max() < 1e-6


def _after_the_others(shape):
    """The generator as it is when `layer_steps` draws the mask."""
    rng = np.random.default_rng(0)
    grid.weights(shape, rng)
    rng.normal(size=(shape.batch, shape.time, shape.features))
    rng.normal(size=(shape.batch, shape.time, shape.units))
    return rng


def test_a_layer_that_computes_something_else_is_not_timed(monkeypatch):
    monkeypatch.setattr(layer_step, "SimpleRNN", AnotherActivation)
    monkeypatch.setattr(layer_step, "alternate", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(KitError, match=r"outputs of Keras is away by .*d_kernel of Keras unroll"):
        layer_step.layer_row(TINY, masked=False, rounds=1)


def test_every_peer_of_the_fit_step_is_timed_and_agrees():
    row = fit_step.fit_row(TINY, rounds=2, seconds=0.001)
    assert set(row.times) == set(fit_step.PEERS)
    assert {len(seconds) for seconds in row.times.values()} == {2}
    assert max(row.differences.values()) <= layer_step.TOLERANCE


def test_the_fit_models_differ_in_what_they_are_compiled_with():
    models = fit_step.fit_models(TINY, np.random.default_rng(0))
    assert bool(models["Keras jit_compile"].jit_compile)
    assert models[OURS].jit_compile == models[layer_step.AS_IT_COMES].jit_compile
    ours = [peer for peer, model in models.items() if isinstance(model.layers[2], SimpleRNN)]
    assert ours == [OURS]
    assert models["Keras unroll"].layers[2].unroll
    first, *others = [model.get_weights() for model in models.values()]
    for other in others:
        for ours, theirs in zip(first, other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_fit_that_computes_something_else_is_not_timed(monkeypatch):
    monkeypatch.setattr(fit_step, "SimpleRNN", AnotherActivation)
    monkeypatch.setattr(fit_step, "alternate", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(KitError, match="logits of Keras is away by"):
        fit_step.fit_row(TINY, rounds=1)


def test_a_fit_that_trains_otherwise_is_not_timed(monkeypatch):
    make = fit_step.fit_models

    def one_with_another_optimizer(*given):
        models = make(*given)
        models["Keras unroll"].optimizer.learning_rate = 0.5
        return models

    monkeypatch.setattr(fit_step, "fit_models", one_with_another_optimizer)
    with pytest.raises(KitError, match="after steps: loss of Keras unroll is away by"):
        fit_step.fit_row(TINY, rounds=1)


def test_the_command_prints_tables_and_writes_json(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(grid, "TRAINING", (TINY, Shape(9, 9, 9, 9)))
    monkeypatch.setattr(grid, "TRAINING_ASKED", TINY)
    monkeypatch.setattr(training, "QUICK_SHAPES", 1)
    path = tmp_path / "new" / "training.json"
    assert training.main(["--quick", "--rounds", "1", "--json", str(path)]) == 0
    out, err = capsys.readouterr()
    for heading in (
        "## Layer alone, forward",
        "## Layer alone, right-padded",
        "## One step of fit",
    ):
        assert heading in out
    assert out.count("| 3, 5, 2, 4 |") == 3
    assert "9, 9, 9, 9" not in out  # --quick leaves the larger shapes out
    assert err.count("B, T, E, H 3, 5, 2, 4: kit ") == 3
    read = json.loads(path.read_text(encoding="utf-8"))
    assert read["rounds"] == 1
    assert [len(rows) for rows in read["sections"].values()] == [1, 1, 1]
    assert read["asked"][0]["what"] in out
    assert read["machine"]["cores"] >= 1


def test_what_is_asked_takes_the_worst_shape():
    def row(shape, keras):
        return Row({"B, T, E, H": str(shape)}, {OURS: [1.0], "Keras": [keras]})

    at = grid.TRAINING_ASKED
    rows = [row(Shape(1, 2, 3, 4), 0.9), row(at, 1.6)]
    asked = training.asked_of({training.LAYER: rows, training.MASKED: [], training.FIT: rows[1:]})
    assert [(one.measured, one.met) for one in asked] == [
        ("0.90 (1, 2, 3, 4)", False),
        (f"1.60 ({at})", True),
        ("1.60", True),
        ("1.60", True),
    ]
