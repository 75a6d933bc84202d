"""The period of a series, for the forecast that any other has to beat."""

from typing import Any

import numpy as np

from keras_rnn_kit.data.checks import series_matrix
from keras_rnn_kit.errors import KitError

_NEARLY = 0.9  # of the highest peak, above which another is as good


def find_period(series: Any) -> int | None:
    """After how many points a series is most like itself; None where it is at no distance.

    It is where the autocorrelation of the series, without its straight trend, has its highest peak
    from 2 to T / 2, beyond the first distance at which it falls below 0; of peaks that are nearly
    as high, the first. A peak counts above `4 / √T`, which noise alone hardly passes at any
    distance. Pass the training part alone: at least two periods of it must be there.

    Args:
        series: `[T]` or `[T, 1]`, points in order of time.

    Raises:
        KitError: the series is wrong, has gaps, or is of several variables.

    Example:
        >>> find_period(np.sin(2 * np.pi * np.arange(100) / 12))
        12
        >>> find_period(np.arange(100.0)) is None
        True
    """
    points = series_matrix("series", series)
    length, variables = points.shape
    if variables != 1:
        raise KitError(
            f"a period is found in one variable; received {variables}. Pass them one by one."
        )
    if length < 4:
        return None
    time = np.arange(length)
    rest = points[:, 0] - np.polyval(np.polyfit(time, points[:, 0], 1), time)
    total = float(rest @ rest)
    # A straight line leaves rounding errors, which have no period.
    if total <= 1e-18 * max(1.0, float(points[:, 0] @ points[:, 0])):
        return None
    spectrum = np.abs(np.fft.rfft(rest, 2 * length)) ** 2  # padded: no wrapping around
    similar = np.fft.irfft(spectrum)[: length // 2 + 2] / total
    below = np.flatnonzero(similar < 0)
    if not below.size:
        return None
    inner = np.arange(max(2, below[0]), len(similar) - 1)
    higher = (similar[inner] >= similar[inner - 1]) & (similar[inner] >= similar[inner + 1])
    peaks = inner[higher & (similar[inner] > 4 / np.sqrt(length))]
    if not peaks.size:
        return None
    return int(peaks[similar[peaks] >= _NEARLY * similar[peaks].max()][0])
