"""What the pictures share: a figure without a display, and axes that can be read."""

from typing import Any

from keras_rnn_kit.errors import KitError


def new_figure(width: float, height: float) -> Any:
    """A figure that draws without a display and without global state."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise KitError(
            f"pictures need matplotlib; received {error}. Run `pip install keras-rnn-kit[train]`."
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def log_scales(axes: Any, which: str) -> None:
    """Logarithmic axes from about 1, with ticks that can be read, also for one point alone."""
    for name in which:
        getattr(axes, f"set_{name}scale")("log")
        low, high = getattr(axes, f"get_{name}lim")()
        low, high = max(low, 0.7), max(high, 12)
        getattr(axes, f"set_{name}lim")(low, high)
        axis = getattr(axes, f"{name}axis")
        axis.set_major_formatter(_short_number)
        axis.set_minor_formatter(_two_and_five if high < 200 * low else _nothing)
        axis.set_tick_params(which="minor", labelsize=8)


def _short_number(value: float, place: int | None = None) -> str:
    if value < 1:
        return ""
    return f"{value:,.0f}" if value < 1e6 else f"{value / 1e6:,.0f}M"


def _two_and_five(value: float, place: int | None) -> str:
    return _short_number(value) if f"{value:e}"[0] in "25" else ""


def _nothing(value: float, place: int | None) -> str:
    return ""


def whole_ticks(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    axis.set_major_formatter(lambda value, place: f"{value:,.0f}")
