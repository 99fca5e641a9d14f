"""Memory of this process: how much it holds, and the most it ever held."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def begin() -> int:
    """Forget the peak so far.

    Returns:
        Bytes held now.
    """
    if not _STATUS.exists():
        return peak()
    try:
        _CLEAR.write_text("5")
    except OSError:  # a container may forbid it; the peak is then that of the whole process
        return peak()
    return _read("VmRSS")


def peak() -> int:
    """Give the most bytes that were held since `begin`."""
    if _STATUS.exists():
        return _read("VmHWM")
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024


def _read(name: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0
