"""How well classes were told apart: precision, recall and F1 of each, and the confusions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.errors import KitError


@dataclass(frozen=True)
class ClassScores:
    """What became of `N` examples of C classes.

    Precision is the share of right ones among what was called a class, recall the share that was
    found of it, F1 their harmonic mean. A class that was never called has no precision, one that
    never occurs no recall, and one with neither no F1: NaN, which `macro_f1` leaves out.

    Source: van Rijsbergen, "Information Retrieval", 1979.

    Attributes:
        names: of the classes, in the order of their ids.
        confusion: int64 `[C, C]`, how many of each row's class were taken for each column's.

    Example:

    >>> found = class_scores([0, 0, 0, 1, 1], [0, 0, 1, 1, 0], ("no", "yes"))
    >>> found.confusion.tolist()
    [[2, 1], [1, 1]]
    >>> found.precision.round(3).tolist(), found.accuracy
    ([0.667, 0.5], 0.6)
    """

    names: tuple[str, ...]
    confusion: npt.NDArray[np.int64]

    @property
    def support(self) -> npt.NDArray[np.int64]:
        """How many examples of each class there are, `[C]`."""
        return self.confusion.sum(axis=1)

    @property
    def precision(self) -> npt.NDArray[np.float64]:
        """The share of right ones among those called so, `[C]`."""
        return _ratio(self.confusion.diagonal(), self.confusion.sum(axis=0))

    @property
    def recall(self) -> npt.NDArray[np.float64]:
        """The share of each class that was found, `[C]`."""
        return _ratio(self.confusion.diagonal(), self.support)

    @property
    def f1(self) -> npt.NDArray[np.float64]:
        """2 · right / (called so + are so), `[C]`: the harmonic mean of precision and recall."""
        both = self.confusion.sum(axis=0) + self.support
        return _ratio(2 * self.confusion.diagonal(), both)

    @property
    def accuracy(self) -> float:
        """The share of all examples that are right."""
        return float(_ratio(self.confusion.trace(), self.confusion.sum()))

    @property
    def macro_f1(self) -> float:
        """The mean of the classes' F1, each class counting the same."""
        known = self.f1[~np.isnan(self.f1)]
        return float(known.mean()) if known.size else float("nan")

    def micro(self, leave_out: Sequence[str] = ()) -> "Figures":
        """The figures of all classes taken together, but for those to leave out.

        Leave out what stands for nothing found, such as "no mark": with all classes in, precision,
        recall and F1 are the accuracy.

        Raises:
            KitError: a name is none of the classes'.

        Example:

        >>> class_scores([0, 0, 1, 1], [0, 1, 1, 0], ("none", "mark")).micro(["none"])
        Figures(precision=0.5, recall=0.5, f1=0.5, support=2)
        """
        unknown = [name for name in leave_out if name not in self.names]
        if unknown:
            raise KitError(
                f"a class to leave out must be one of {', '.join(self.names)}; received "
                f"{unknown[0]!r}. Pass names of classes."
            )
        taken = [k for k, name in enumerate(self.names) if name not in leave_out]
        right = self.confusion.diagonal()[taken].sum()
        called, are = self.confusion.sum(axis=0)[taken].sum(), self.support[taken].sum()
        return Figures(
            float(_ratio(right, called)),
            float(_ratio(right, are)),
            float(_ratio(2 * right, called + are)),
            int(are),
        )

    def by_class(self, nothing: str | None = None, together: str = "all") -> dict[str, "Figures"]:
        """The figures of each class, by its name.

        With `nothing`, the name of a class, there is one entry more: `together`, for all classes
        but that one.

        Raises:
            KitError: `nothing` is none of the classes' names.

        Example:

        >>> list(class_scores([0, 1, 2], [0, 1, 1], ("none", ",", ".")).by_class("none", "marks"))
        ['none', ',', '.', 'marks']
        """
        columns = (self.precision, self.recall, self.f1, self.support)
        rows = zip(self.names, *(column.tolist() for column in columns), strict=True)
        found = {name: Figures(*row) for name, *row in rows}
        return found if nothing is None else {**found, together: self.micro([nothing])}


class Figures(NamedTuple):
    """Of one class, or of several together; NaN where there is nothing to divide by."""

    precision: float
    recall: float
    f1: float
    support: int


def class_scores(targets: Any, predictions: Any, names: Sequence[str]) -> ClassScores:
    """Counts what was taken for what.

    Args:
        targets: the ids of the true classes, integers from 0 to C - 1, `[N]`.
        predictions: the ids of those that were called, `[N]`.
        names: the C classes' names.

    Raises:
        KitError: the vectors differ in length, or hold anything but such ids.

    Example:

    >>> class_scores([2, 2, 0], [2, 0, 0], ("a", "b", "c")).support.tolist()
    [1, 0, 2]
    """
    count = len(names)
    true, called = _ids("targets", targets, count), _ids("predictions", predictions, count)
    if true.size != called.size:
        raise KitError(
            f"every target needs one prediction; received {true.size} targets and {called.size} "
            "predictions. Pass as many predictions as targets."
        )
    cells = np.bincount(true * count + called, minlength=count * count)
    return ClassScores(tuple(names), cells.reshape(count, count).astype(np.int64))


def scores_table(models: Mapping[str, Mapping[str, Figures]]) -> str:
    """A line a class: how many there are, and each model's precision, recall and F1 in percent.

    All models must have been scored on the same examples.

    Example:

    >>> found = class_scores([0, 0, 0, 1, 1], [0, 0, 1, 1, 0], ("no", "yes"))
    >>> print(scores_table({"a model": found.by_class()}))
                                        a model
                   count    prec.   rec.     F1
    no                 3     66.7   66.7   66.7
    yes                2     50.0   50.0   50.0
    """
    lines = [
        " " * 20 + "".join(f"  {name:>21}" for name in models),
        f"{'':12}{'count':>8}" + f"{'prec.':>9}{'rec.':>7}{'F1':>7}" * len(models),
    ]
    for name, row in next(iter(models.values())).items():
        cells = [_percent(figure) for each in models.values() for figure in each[name][:3]]
        triples = ["{:>9}{:>7}{:>7}".format(*cells[k : k + 3]) for k in range(0, len(cells), 3)]
        lines.append(f"{name:12}{row.support:8,}" + "".join(triples))
    return "\n".join(line.rstrip() for line in lines)


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.1f}"


def _ids(name: str, values: Any, count: int) -> npt.NDArray[np.int64]:
    array = np.asarray(values)
    if array.ndim == 1 and not array.size:
        return array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu" or array.min() < 0 or array.max() >= count:
        found = f"values from {array.min()} to {array.max()}" if array.dtype.kind in "iu" else ""
        raise KitError(
            f"{name} must be a vector of class ids from 0 to {count - 1}; received "
            f"{found or array.dtype} of shape {array.shape}. Pass the ids in the order of names."
        )
    return array.astype(np.int64)


def _ratio(part: Any, whole: Any) -> Any:
    """`part / whole`, NaN for 0 / 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
