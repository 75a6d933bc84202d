"""A forecaster: the points of its horizon, and any number of an iterated one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.exporting.graphs import Graph, Port
from keras_rnn_kit.exporting.kinds.contract import Card, Endpoint, Kind
from keras_rnn_kit.models import Forecaster
from keras_rnn_kit.runtime import kinds, ports
from keras_rnn_kit.runtime.kinds.forecaster import FORECAST, inputs_of, output_of


def graphs(model: Forecaster) -> list[Graph]:
    """`model`, and `forecast` of an iterated model, whose loop is inside."""

    def whole(series: Any) -> dict[str, Any]:
        return {FORECAST: model(series, training=False)}

    def iterated(series: Any, steps: Any) -> dict[str, Any]:
        if model.distribution is None:
            shape = (tf.shape(series)[0], tf.cast(steps, tf.int32), len(model.targets))
            noise = tf.zeros(shape)
        else:
            noise = steps
        return {FORECAST: model.iterate(series, noise)}

    made = [_graph(model, "model", whole)]
    if model.multi_step == "iterated":
        made.append(_graph(model, FORECAST, iterated))
    return made


def _graph(model: Forecaster, name: str, function: Any) -> Graph:
    made = model.forecasting

    def example(rng: np.random.Generator, batch: int, length: int) -> dict[str, Any]:
        series = rng.standard_normal((batch, model.window, model.features))
        if model.scaler is not None:
            series = model.scaler.inverse_transform(series)
        given = {
            "series": series.astype(np.float32),
            "steps": np.array(length, np.int64),
            "noise": rng.standard_normal((batch, length, made.variables)).astype(np.float32),
        }
        return {port.name: given[port.name] for port in inputs_of(name, made)}

    inputs = tuple(map(_port, inputs_of(name, made)))
    return Graph(name, function, inputs, (_port(output_of(name, made)),), example)


def _port(port: ports.Port) -> Port:
    return Port(port.name, port.shape, port.dtype)


def _served(model: Forecaster, graphs: dict[str, Graph], ids: Sequence[Any]) -> dict[str, Endpoint]:
    """`serve` of `series [B, τ, C]`; `forecast` of an iterated model, with `steps` or `noise`."""
    return {
        "serve" if name == "model" else name: (
            graph.function,
            [port.tensor_spec() for port in graph.inputs],
        )
        for name, graph in graphs.items()
    }


def _settings(model: Forecaster) -> dict[str, Any]:
    names = ("window", "features", "targets", "horizon", "multi_step", "quantiles", "distribution")
    config = model.get_config()
    return {name: config[name] for name in names}


KIND = Kind(
    runtime=kinds.KINDS["forecaster"],
    model=Forecaster,
    graphs=graphs,
    served=_served,
    settings=_settings,
    card=Card(
        what="A forecaster of a numeric series: the last points of it to those that follow.",
        graphs={
            "model": "the points of its horizon",
            FORECAST: "any number of points, its own predictions fed back",
        },
        run='load("THIS_FOLDER").forecast(series, 16).values',
        command="python -m export.forecast {out} --data FILE.csv --column NAME --steps 16",
    ),
)
