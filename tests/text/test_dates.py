import datetime
import re

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import date_pairs
from keras_rnn_kit.text.dates import FIRST, FORMATS, LAST

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def read(written: str) -> datetime.date:
    """A reader of its own: what a person takes each form for."""
    text = re.sub(r"\b(\d+)(st|nd|rd|th)\b", r"\1", written.lower())
    words = re.findall(r"[a-z]+", text)
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    months = [MONTHS.index(word[:3]) + 1 for word in words if word[:3] in MONTHS]
    if months:
        year = max(numbers, key=lambda number: number > 99)
        if re.search(r"'\d\d|-\d\d$", text):
            day, year = numbers
        else:
            year, day = max(numbers), min(numbers)
        month = months[0]
    elif "." in text:
        day, month, year = numbers
    else:
        month, day, year = numbers
    if year < 100:
        year += 1900 if year >= 70 else 2000
    date = datetime.date(year, month, day)
    weekdays = [WEEKDAYS.index(word[:3]) for word in words if word[:3] in WEEKDAYS]
    assert weekdays in ([], [date.weekday()]), written
    return date


def test_each_can_be_read_in_one_way() -> None:
    pairs = date_pairs(3000, seed=1)
    for written, iso in pairs:
        assert read(written).isoformat() == iso, written
    # All twelve forms came; digits and letters alike, their patterns tell them apart.
    shapes = {re.sub(r"\d+", "0", re.sub(r"[A-Za-z]+", "a", written)) for written, _ in pairs}
    assert len(shapes) >= 9
    assert len(FORMATS) == 12


def test_every_day_comes_once() -> None:
    pairs = date_pairs((LAST - FIRST).days + 1)
    days = [iso for _, iso in pairs]
    assert len(set(days)) == len(days) == 36525
    assert (min(days), max(days)) == ("1970-01-01", "2069-12-31")
    assert len({written for written, _ in pairs}) == len(pairs)


def test_the_seed_settles_them() -> None:
    assert date_pairs(50, seed=2) == date_pairs(50, seed=2) != date_pairs(50, seed=3)


def test_no_more_days_than_there_are() -> None:
    with pytest.raises(KitError, match="at most 36525"):
        date_pairs(36526)
    with pytest.raises(KitError, match="count must be a positive integer"):
        date_pairs(0)
