"""A forecaster: `model` gives the points of its horizon; `forecast` any number, if it is iterated.

`settings` says what the series must be, and what comes out:

```
{"window": 4, "features": 1, "targets": [0], "horizon": 1, "multi_step": "iterated",
 "quantiles": null, "distribution": "normal"}
```

Both graphs take `series [B, window, features]` and give `forecast [B, points, targets]`, with one
axis more where there are quantiles (as many), or a distribution (2: mean, standard deviation).
`forecast` also takes `steps`, a number; or, where there is a distribution, standard normal `noise
[B, S, targets]`, from which S points are sampled, in the place of their means: zeros give those.
"""

from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.forecasts import Forecasting, checked_quantiles
from keras_rnn_kit.runtime.fields import choice, field, typed, wrong
from keras_rnn_kit.runtime.kinds.contract import About, Kind
from keras_rnn_kit.runtime.ports import Port

FORECAST = "forecast"  # the graph that is fed back, and the output of either


def forecasting_of(settings: Any, source: str) -> Forecasting:
    """What the settings say, each checked for its type."""
    names = ("window", "features", "horizon")
    sizes = {name: field(settings, name, int, source, "settings") for name in names}
    for name, size in sizes.items():
        if size < 1:
            raise wrong(source, f"settings.{name}", "1 or more", size)
    targets = field(settings, "targets", list, source, "settings")
    if not targets or any(typed(k, int, source, "settings.targets[]") < 0 for k in targets):
        raise wrong(source, "settings.targets", "numbers of variables", targets)
    way = choice(settings, "multi_step", ("direct", "iterated"), source, "settings")
    normal = settings.get("distribution")
    if normal not in (None, "normal"):
        raise wrong(source, "settings.distribution", "null or 'normal'", normal)
    try:
        quantiles = checked_quantiles(settings.get("quantiles"))
    except KitError:
        rule = "null, or increasing numbers with 0.5 among them"
        raise wrong(source, "settings.quantiles", rule, settings["quantiles"]) from None
    return Forecasting(
        **sizes,
        variables=len(targets),
        iterated=way == "iterated",
        quantiles=quantiles,
        normal=normal is not None,
    )


def inputs_of(graph: str, made: Forecasting) -> tuple[Port, ...]:
    """What a graph of that name takes."""
    series = Port("series", ("B", made.window, made.features), "float32")
    if graph != FORECAST:
        return (series,)
    if made.normal:
        return series, Port("noise", ("B", "S", made.variables), "float32")
    return series, Port("steps", (), "int64")


def output_of(graph: str, made: Forecasting) -> Port:
    """What it gives."""
    figures = (2,) if made.normal else (len(made.quantiles),) if made.quantiles else ()
    points = "S" if graph == FORECAST else made.horizon
    return Port(FORECAST, ("B", points, made.variables, *figures), "float32")


def check(about: About) -> None:
    """The settings must be whole, and the ports those that they ask for."""
    made = forecasting_of(about.settings, about.source)
    wanted = ["model", FORECAST] if made.iterated else ["model"]
    if sorted(about.graphs) != sorted(wanted):
        raise wrong(about.source, "graphs", f"those of its kind, {wanted}", list(about.graphs))
    for name, graph in about.graphs.items():
        for side, found, ports in (
            ("inputs", graph.inputs, inputs_of(name, made)),
            ("outputs", graph.outputs, (output_of(name, made),)),
        ):
            if found != ports:
                rule = f"{[(port.name, list(port.shape), port.dtype) for port in ports]}"
                shown = [(port.name, list(port.shape), port.dtype) for port in found]
                raise wrong(about.source, f"graphs.{name}.{side}", rule, shown)


KIND = Kind(
    name="forecaster",
    graphs=("model",),
    check=check,
    runner="keras_rnn_kit.runtime.forecaster:Forecaster",
    vocabularies=(),
)
