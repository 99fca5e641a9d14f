"""Cut a day's columns into pieces of bounded size, all at the same moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray


def cuts(streams: Sequence[NDArray[np.int64]], most: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield pieces as one `(start, stop)` per stream, in order of time.

    Rows of one moment stay together, so a piece is larger than `most` only when more rows than
    that share a moment.

    Args:
        streams: Times, each in order.
        most: Rows a piece may have in all.
    """
    at = [0] * len(streams)
    total = sum(len(stream) for stream in streams)
    while sum(at) < total:
        if total - sum(at) <= most:
            stops = [len(stream) for stream in streams]
        else:
            stops = _next(streams, at, most)
        yield tuple(zip(at, stops, strict=True))
        at = stops


def _next(streams: Sequence[NDArray[np.int64]], at: list[int], most: int) -> list[int]:
    """Find the last moment before which at most so many rows lie, and where it cuts."""
    first = min(int(s[i]) for s, i in zip(streams, at, strict=True) if i < len(s))
    low, high = first + 1, max(int(s[-1]) for s in streams if len(s)) + 1
    while low < high:
        middle = (low + high + 1) // 2
        if sum(_stops(streams, middle)) - sum(at) <= most:
            low = middle
        else:
            high = middle - 1
    return _stops(streams, low)


def _stops(streams: Sequence[NDArray[np.int64]], moment: int) -> list[int]:
    return [int(np.searchsorted(stream, moment)) for stream in streams]
