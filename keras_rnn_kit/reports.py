"""The figures of a run, as `report.json` has them."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Writes figures by their names; those that are NaN or infinite become `null`."""
    text = json.dumps(spelt(report), indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def spelt(value: Any) -> Any:
    """`value` with NaN and infinities, which JSON can't spell, as `None`.

    Example:

    >>> spelt({"loss": float("nan"), "steps": [1, float("inf")]})
    {'loss': None, 'steps': [1, None]}
    """
    if isinstance(value, Mapping):
        return {key: spelt(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [spelt(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
