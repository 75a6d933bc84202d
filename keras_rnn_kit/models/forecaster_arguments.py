"""The arguments of a forecaster, checked."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_kit.data.checks import chosen_variables
from keras_rnn_kit.data.series_scaler import SeriesScaler
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models.cells import CellClass, cell_names, name_of_cell, serialized_arguments

MULTI_STEP = ("direct", "iterated")
LINEAR, MLP = "linear", "mlp"


def recurrence_name(recurrence: str | CellClass) -> str:
    """What the config calls it; `KitError` for what is neither linear, mlp nor a cell."""
    if isinstance(recurrence, str) and recurrence in (LINEAR, MLP):
        return recurrence
    with contextlib.suppress(KitError):
        return name_of_cell(recurrence)
    raise KitError(
        f"recurrence must be 'linear', 'mlp', one of {', '.join(cell_names())}, or a ProjectedCell "
        "class registered with keras.saving.register_keras_serializable, which takes its units "
        f"first; received {recurrence!r}. Pass one of these."
    )


def checked_cell_arguments(
    recurrence: str | CellClass, cell_arguments: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Further arguments of the cell as a config has them; `KitError` where there is no cell."""
    if cell_arguments is None:
        return None
    if isinstance(recurrence, str) and recurrence in (LINEAR, MLP):
        raise KitError(
            f"cell_arguments are those of a cell; received {cell_arguments!r} with "
            f"recurrence={recurrence!r}. Leave them out, or pass a cell, such as 'GRU'."
        )
    return serialized_arguments(recurrence, cell_arguments)


def checked_targets(targets: int | Sequence[int] | None, features: int) -> tuple[int, ...]:
    """The numbers of the variables that are predicted; all for None."""
    return tuple(int(k) for k in chosen_variables(targets, features))


def checked_scaler(given: Any, features: int) -> Any:
    """A `SeriesScaler` from one or from its config, of so many variables."""
    if given is None:
        return None
    scaler = SeriesScaler(**given) if isinstance(given, Mapping) else given
    if not isinstance(scaler, SeriesScaler) or scaler.center.size != features:
        raise KitError(
            f"scaler must be a data.SeriesScaler of the {features} features; received {given!r}. "
            "Make it with SeriesScaler.fit on the training part."
        )
    return scaler


def check_together(
    multi_step: str,
    targets: tuple[int, ...],
    features: int,
    quantiles: tuple[float, ...],
    distribution: str | None,
) -> None:
    """`KitError` for what is none of the choices, and for choices that contradict each other."""
    if multi_step not in MULTI_STEP:
        raise KitError(
            f"multi_step must be one of {', '.join(MULTI_STEP)}; received {multi_step!r}. Pass "
            "one of the two."
        )
    if distribution not in (None, "normal"):
        raise KitError(
            f"distribution must be None or 'normal'; received {distribution!r}. Pass one of the "
            "two."
        )
    if quantiles and distribution:
        raise KitError(
            f"a model has quantiles or a distribution; received quantiles={list(quantiles)} and "
            f"distribution={distribution!r}. Leave one out."
        )
    if multi_step == "direct":
        return
    if quantiles:
        raise KitError(
            "quantiles are for direct models, since one that is fed back is none any more; "
            "received them with multi_step='iterated'. Pass distribution='normal', whose paths are "
            "sampled, or multi_step='direct'."
        )
    if targets != tuple(range(features)):
        raise KitError(
            "an iterated model predicts what it reads, all variables in their order; received "
            f"targets={list(targets)} of {features} features. Leave targets out, or pass "
            "multi_step='direct'."
        )
