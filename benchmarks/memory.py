"""How much memory this process needs at most.

Linux's own count of this program (`VmHWM`), which can be set back. `getrusage` is the way elsewhere
only: a process starts with the peak of the one that started it, and for a benchmark that is larger
than all that its child will need.
"""

import contextlib
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


class Growth:
    """How far the resident set grows at most, from the moment that this is made.

    Example:

    >>> growth = Growth()
    >>> filled = bytearray(b"x" * 50_000_000)
    >>> growth.peak_bytes() > 40_000_000
    True
    """

    def __init__(self) -> None:
        # Sets the peak back to now. Where that can't be, one in the past may hide a lower one.
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self._before = _bytes("VmRSS")

    def peak_bytes(self) -> int:
        """The peak since then, less what was resident then."""
        return _bytes("VmHWM") - self._before


def _bytes(field: str) -> int:
    if _STATUS.is_file():
        lines = _STATUS.read_text(encoding="utf-8").splitlines()
        (line,) = (line for line in lines if line.startswith(f"{field}:"))
        return int(line.split()[1]) * 1024  # "VmHWM:   123 kB"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
