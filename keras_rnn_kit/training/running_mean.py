"""A mean gathered as two float64 sums: exact enough for 10⁸ tokens, where float32 stops at 10⁷."""

from typing import Any

import keras
from keras import ops


class RunningMean(keras.metrics.Metric):
    """The mean of everything added since the last reset; NaN while nothing has been added.

    A float32 sum of single tokens stops growing at 2²⁴ ≈ 1.7·10⁷, so both sums are float64.

    Example:
        >>> mean = RunningMean(name="mean")
        >>> mean.add(total=6.0, count=2)
        >>> mean.add(total=3.0, count=1)
        >>> float(mean.result())
        3.0
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype="float64", name="total")
        self.count = self.add_variable((), "zeros", dtype="float64", name="count")

    def add(self, total: Any, count: Any) -> None:
        """Adds a sum of values and their number."""
        # Not ops.cast, which takes a Python number through float32.
        self.total.assign_add(ops.convert_to_tensor(total, "float64"))
        self.count.assign_add(ops.convert_to_tensor(count, "float64"))

    def mean(self) -> Any:
        """The mean, float64."""
        return ops.divide(self.total, self.count)

    def result(self) -> Any:
        return ops.cast(self.mean(), self.dtype)
