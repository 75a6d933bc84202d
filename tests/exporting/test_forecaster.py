"""A forecaster in a bundle and in a SavedModel says what Keras says, as far ahead as one likes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tensorflow as tf

from export import forecast as command
from keras_rnn_kit import runtime
from keras_rnn_kit.data import SeriesScaler
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx, export_saved_model
from keras_rnn_kit.exporting.tidying import all_nodes
from keras_rnn_kit.models import Forecaster
from tests.exporting.models import with_weights

SERIES = np.random.default_rng(0).normal(size=(9, 2)) * [2.0, 0.5] + [5.0, -1.0]
SCALER = SeriesScaler([5.0, -1.0], [2.0, 0.5])
# Both compute in float32 and add up in another order: 1e-6 a step in the scaler's units, which a
# recurrence hands on for some ten steps.
TOLERANCE = 3e-5


def build(recurrence: str, **arguments: Any) -> Any:
    model = Forecaster(recurrence, 4, features=2, units=5, scaler=SCALER, **arguments)
    model.build(model.free_shape)
    return with_weights(model)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: Any) -> tuple[Path, Any]:
    """A model that samples paths, and its bundle."""
    model = build("GRU", multi_step="iterated", distribution="normal")
    folder = tmp_path_factory.mktemp("forecaster") / "bundle"
    differences = export_onnx(model, folder, None)
    assert {found.graph for found in differences} == {"model", "forecast"}
    return folder, model


@pytest.fixture(scope="module")
def quantiles(tmp_path_factory: Any) -> tuple[Path, Any]:
    """A direct model of one of two variables, and its bundle."""
    model = build("linear", horizon=3, targets=1, quantiles=(0.1, 0.5, 0.9))
    folder = tmp_path_factory.mktemp("forecaster") / "bundle"
    export_onnx(model, folder, None)
    return folder, model


def test_paths_and_intervals_are_those_of_keras(paths: Any) -> None:
    folder, model = paths
    spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    assert spec["kind"] == "forecaster"
    assert spec["settings"] == {
        "window": 4, "features": 2, "targets": [0, 1], "horizon": 1, "multi_step": "iterated",
        "quantiles": None, "distribution": "normal",
    }  # fmt: skip
    loaded = runtime.load(folder)
    for series in (SERIES, np.stack([SERIES, SERIES[::-1]])):
        there = loaded.forecast(series, 11, share=0.5, paths=7, seed=1)
        here = model.forecast(series, 11, share=0.5, paths=7, seed=1)
        for name in ("values", "lower", "upper"):
            one, other = getattr(there, name), getattr(here, name)
            np.testing.assert_allclose(one, other, rtol=0, atol=TOLERANCE)
        assert there.share == 0.5
    there = loaded.sample_paths(SERIES, 2, paths=5, seed=3)
    here = model.sample_paths(SERIES, 2, paths=5, seed=3)
    np.testing.assert_allclose(there, here, rtol=0, atol=TOLERANCE)


def test_the_loop_is_one_scan(paths: Any) -> None:
    folder, _ = paths
    graph = onnx.load(folder / "forecast.onnx").graph
    kinds = [node.op_type for node in all_nodes(graph)]
    # One for the window, one for what is fed back, and none of tf2onnx's own loops.
    assert (kinds.count("Scan"), kinds.count("Loop")) == (2, 0)


def test_a_direct_model_has_one_graph(quantiles: Any) -> None:
    folder, model = quantiles
    assert not (folder / "forecast.onnx").exists()
    there, here = runtime.load(folder).forecast(SERIES, 2), model.forecast(SERIES, 2)
    assert there.share == here.share == 0.8
    for name in ("values", "lower", "upper"):
        one, other = getattr(there, name), getattr(here, name)
        np.testing.assert_allclose(one, other, rtol=0, atol=TOLERANCE)


def test_steps_are_an_input(tmp_path: Path) -> None:
    model = build("mlp", multi_step="iterated", horizon=2)
    export_onnx(model, tmp_path / "bundle", None)
    loaded = runtime.load(tmp_path / "bundle")
    inputs = json.loads((tmp_path / "bundle" / "spec.json").read_text())["graphs"]["forecast"]
    assert inputs["inputs"][1] == {"name": "steps", "shape": [], "dtype": "int64"}
    for steps in (1, 7):
        there, here = loaded.forecast(SERIES, steps), model.forecast(SERIES, steps)
        np.testing.assert_allclose(there.values, here.values, rtol=0, atol=TOLERANCE)
    assert there.lower is None
    served = export_saved_model(model, tmp_path / "saved")
    assert served == ["serve", "forecast"]
    endpoints = tf.saved_model.load(tmp_path / "saved").signatures
    window = tf.constant(SERIES[None, -4:], tf.float32)
    ahead = endpoints["forecast"](series=window, steps=tf.constant(7, tf.int64))["forecast"][0]
    np.testing.assert_allclose(ahead, here.values, rtol=0, atol=TOLERANCE)
    two = endpoints["serve"](window)["forecast"][0]
    np.testing.assert_allclose(two, here.values[:2], rtol=0, atol=TOLERANCE)


def test_what_the_runtime_refuses(paths: Any, quantiles: Any) -> None:
    iterated, direct = runtime.load(paths[0]), runtime.load(quantiles[0])
    gap = SERIES.copy()
    gap[7, 1] = np.nan
    with pytest.raises(KitError, match="received nan at time step 7, variable 1"):
        iterated.forecast(gap, 3)
    with pytest.raises(KitError, match="reads the last 4 points of a series; received 3"):
        iterated.forecast(SERIES[:3], 3)
    with pytest.raises(KitError, match="gives the 3 points of its horizon; received steps=4"):
        direct.forecast(SERIES, 4)
    with pytest.raises(KitError, match="with distribution='normal'; received one without"):
        direct.sample_paths(SERIES)


def test_a_forecast_that_grows_without_end(tmp_path: Path) -> None:
    model = build("linear", multi_step="iterated")
    model.set_weights([np.full_like(weight, 3) for weight in model.get_weights()])
    export_onnx(model, tmp_path / "bundle", None)
    with pytest.raises(KitError, match=r"NaN or infinity from .* within 400 steps"):
        runtime.load(tmp_path / "bundle").forecast(SERIES, 400)


def test_an_encoder_is_not_asked_for(tmp_path: Path, quantiles: Any) -> None:
    from keras_rnn_kit.text import TextEncoder

    with pytest.raises(KitError, match="has 0 encoders"):
        export_onnx(quantiles[1], tmp_path / "bundle", TextEncoder.build(["a"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 5}, r"graphs\.model\.inputs must be"),
        ({"window": 0}, r"settings\.window must be 1 or more"),
        ({"targets": []}, r"settings\.targets must be numbers of variables"),
        ({"targets": [0, 1]}, r"graphs\.model\.outputs must be"),
        ({"quantiles": [0.1]}, r"settings\.quantiles must be null, or increasing"),
        ({"distribution": "cauchy"}, r"settings\.distribution must be null or 'normal'"),
        ({"multi_step": "iterated"}, r"graphs must be those of its kind, \['model', 'forecast'\]"),
        ({"multi_step": "both"}, r"settings\.multi_step must be one of"),
    ],
)
def test_a_spec_that_does_not_hold_together(
    change: dict[str, Any], message: str, quantiles: Any
) -> None:
    fields = json.loads((quantiles[0] / "spec.json").read_text(encoding="utf-8"))
    fields["settings"] |= change
    with pytest.raises(KitError, match=message):
        runtime.parse_spec(fields)


def test_the_command_prints_a_table(
    paths: Any, quantiles: Any, tmp_path: Path, capsys: Any
) -> None:
    table = tmp_path / "series.csv"
    rows = "\n".join(f"{k},{a},{b}" for k, (a, b) in enumerate(SERIES))
    table.write_text(f"day,warm,wet\n{rows}\n")
    given = ["--data", str(table), "--column", "warm", "wet"]
    assert command.main([str(paths[0]), *given, "--steps", "3", "--paths", "20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "step,warm,warm_lower,warm_upper,wet,wet_lower,wet_upper"
    made = paths[1].forecast(SERIES, 3, paths=20, seed=0)
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    warm = [float(line.split(",")[1]) for line in lines[1:]]
    np.testing.assert_allclose(warm, made.values[:, 0], rtol=1e-4)
    assert command.main([str(quantiles[0]), *given]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "step,wet,wet_lower,wet_upper"
    assert len(lines) == 1 + 3
    with pytest.raises(KitError, match="must name the 2 variables that the model reads"):
        command.main([str(paths[0]), "--data", str(table), "--column", "wet"])
    with pytest.raises(KitError, match="no column 'dry'"):
        command.main([str(paths[0]), "--data", str(table), "--column", "dry", "wet"])
