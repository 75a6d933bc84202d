"""Dates as people write them, beside their ISO form: an endless supply of easy translations."""

import datetime
from collections.abc import Callable

import numpy as np

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.pairs import Pair

# A century of days, so that two digits of a year say which it is: 70 to 99 are of the twentieth.
FIRST, LAST = datetime.date(1970, 1, 1), datetime.date(2069, 12, 31)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _ordinal(day: int) -> str:
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _month(date: datetime.date) -> str:
    return _MONTHS[date.month - 1]


def _weekday(date: datetime.date) -> str:
    return _WEEKDAYS[date.weekday()]


# Numbers with dots have the day first, numbers with slashes the month.
FORMATS: tuple[Callable[[datetime.date], str], ...] = (
    lambda d: f"{_weekday(d)}, the {_ordinal(d.day)} of {_month(d)} {d.year}",
    lambda d: f"{_weekday(d)[:3]} {d.day} {_month(d)[:3]} {d.year}",
    lambda d: f"the {_ordinal(d.day)} of {_month(d)}, {d.year}",
    lambda d: f"{_month(d).capitalize()} {d.day}, {d.year}",
    lambda d: f"{_month(d)[:3].capitalize()} {_ordinal(d.day)} '{d.year % 100:02}",
    lambda d: f"{d.day} {_month(d)} {d.year}",
    lambda d: f"{d.day}-{_month(d)[:3].upper()}-{d.year % 100:02}",
    lambda d: f"{d.year} {_month(d)[:3]} {d.day:02}",
    lambda d: f"{d.day}.{d.month}.{d.year % 100:02}",
    lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
    lambda d: f"{d.month}/{d.day}/{d.year % 100:02}",
    lambda d: f"{d.month:02}/{d.day:02}/{d.year}",
)


def date_pairs(count: int, seed: int = 0) -> list[Pair]:
    """`count` different days, each written in one of the `FORMATS`, with its ISO form.

    The days lie between `FIRST` and `LAST`, in random order; weekdays are the true ones. No date
    can be read in two ways: two digits of a year from 70 on mean 19.., below 20..; numbers with
    dots are day.month.year, numbers with slashes month/day/year.

    Args:
        count: how many, up to the 36,525 days of the century.
        seed: of the days and the formats.

    Raises:
        KitError: `count` is below 1, or more than there are days.

    Example:
        >>> for pair in date_pairs(3, seed=4):
        ...     print(*pair, sep=" -> ")
        mon 22 nov 1993 -> 1993-11-22
        2069 may 03 -> 2069-05-03
        July 5, 2044 -> 2044-07-05
    """
    positive_integer("count", count)
    days = (LAST - FIRST).days + 1
    if count > days:
        raise KitError(
            f"count must be at most {days}, the days from {FIRST} to {LAST}; received {count}. "
            "Ask for fewer."
        )
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(days)[:count].tolist()
    kinds = rng.integers(len(FORMATS), size=count).tolist()
    dates = [FIRST + datetime.timedelta(days=day) for day in chosen]
    return [(FORMATS[k](date), date.isoformat()) for k, date in zip(kinds, dates, strict=True)]
