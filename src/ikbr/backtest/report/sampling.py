"""Thin out long series for charts without losing their extremes."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Nanos = NDArray[np.int64]

_QUARTER_NS = 900 * 1_000_000_000


def keep_extremes(values: Floats, limit: int) -> Nanos:
    """Choose the points that a chart needs: per stretch the lowest and the highest.

    Args:
        values: A series without NaN.
        limit: Most points to choose, 4 or more.

    Returns:
        Places in the series, rising: the first, the last and all extremes of equal stretches.

    Source: the min-max step of U. Jugel et al., "M4: A Visualization-Oriented Time Series Data
    Aggregation", VLDB 7 (2014).

    >>> keep_extremes(np.array([1.0, 2.0, 9.0, 2.0, 1.0, 0.0, 1.0, 2.0]), 6).tolist()
    [0, 2, 5, 7]
    """
    count = len(values)
    if count <= limit:
        return np.arange(count, dtype=np.int64)
    stretches = (limit - 2) // 2
    length = -(-count // stretches)
    padded = np.pad(values, (0, -count % length), mode="edge").reshape(-1, length)
    starts = np.arange(len(padded), dtype=np.int64) * length
    lowest, highest = padded.argmin(axis=1), padded.argmax(axis=1)
    # Charts space points evenly: a flat stretch gets two points as well, or time would shrink.
    other = np.where(lowest == length - 1, 0, length - 1)
    highest = np.where(lowest == highest, other, highest)
    places = np.concatenate(([0, count - 1], starts + lowest, starts + highest))
    chosen: Nanos = np.unique(np.minimum(places, count - 1)).astype(np.int64)
    return chosen


def wall_ms(ts_ns: Nanos, zone: str) -> Nanos:
    """Turn UTC times into what the clock on the exchange's wall shows.

    Charts know no time zones; they are given the wall clock as if it were UTC.

    Args:
        ts_ns: Times, ns UTC.
        zone: Name of the exchange's time zone.

    Returns:
        Milliseconds since 1970 on the wall clock.

    >>> int(wall_ms(np.array([1_381_152_601_250_000_000]), "America/New_York")[0])
    1381138201250
    """
    # Offsets change on quarter hours only, so one look-up serves a quarter of an hour.
    quarters, where = np.unique(ts_ns // _QUARTER_NS, return_inverse=True)
    tz = ZoneInfo(zone)
    offsets = np.array([_offset_ms(int(q) * 900, tz) for q in quarters], dtype=np.int64)
    if not len(quarters):
        return np.empty(0, dtype=np.int64)
    shifted: Nanos = ts_ns // 1_000_000 + offsets[where]
    return shifted


def _offset_ms(second: int, tz: ZoneInfo) -> int:
    offset = dt.datetime.fromtimestamp(second, tz=tz).utcoffset() or dt.timedelta()
    return int(offset.total_seconds()) * 1000
