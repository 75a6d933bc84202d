"""The cores that this process may use."""

import os


def available_cores() -> int:
    """How many there are, 1 or more: those that the system gives the process, where it tells.

    Example:

    >>> available_cores() >= 1
    True
    """
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1
