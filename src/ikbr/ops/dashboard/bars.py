"""Bars of a session that runs, out of the tape that it records: the bot is asked for nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ikbr.data.session_tape import TapeFollower
from ikbr.domain.errors import DataError, UsageError, nearest
from ikbr.domain.instrument import Instrument, SecType
from ikbr.domain.tape import NO_PRICE, Kind

TAPE, RECORD, TICKS = "tape", "session.json", "ticks.bin"
WIDTHS = (1, 5, 15, 60, 300, 900, 3600)
MOST = 2_000
SECOND_NS = 1_000_000_000

Bar = list[float]
"""Start (seconds since 1970), open, high, low, close, volume."""


class _Record(msgspec.Struct):
    """What is needed of the record of a session."""

    instruments: tuple[Instrument, ...]


class SessionBars:
    """Make bars of one session, reading on where it stopped."""

    def __init__(self, folder: Path) -> None:
        """Look into the folder of a session.

        Raises:
            DataError: When nothing is recorded there.
        """
        self._lock = threading.Lock()
        tape = folder / TAPE
        try:
            record = msgspec.json.decode((tape / RECORD).read_bytes(), type=_Record)
        except (OSError, msgspec.MsgspecError, UnicodeError):
            raise DataError("this session is not recorded: there are no bars of it.") from None
        self._instruments = record.instruments
        self._follower = TapeFollower(tape / TICKS)
        self._bars: dict[str, list[Bar]] = {one.symbol: [] for one in record.instruments}

    def bars(self, symbol: str, seconds: int) -> list[Bar]:
        """Give the latest bars.

        Args:
            symbol: Of what.
            seconds: How long each is; one of `WIDTHS`.

        Raises:
            UsageError: When there is no such symbol or width.
            DataError: When the tape cannot be read.
        """
        if seconds not in WIDTHS:
            raise UsageError(f"seconds {seconds} cannot be; choose from {WIDTHS}.")
        if symbol not in self._bars:
            raise UsageError(f"symbol {symbol!r} is not traded; {nearest(symbol, self._bars)}")
        with self._lock:
            while pieces := self._follower.new():
                self._add(np.concatenate(pieces))
            return widened(self._bars[symbol], seconds)[-MOST:]

    def _add(self, rows: NDArray[np.void]) -> None:
        for number in np.unique(rows["sym"]):
            one = self._instruments[int(number)]
            for bar in second_bars(rows[rows["sym"] == number], one):
                _merge(self._bars[one.symbol], bar)


def second_bars(rows: NDArray[np.void], instrument: Instrument) -> list[Bar]:
    """Make bars of a second out of prints; where there are none by nature, out of mids."""
    if instrument.sec_type is SecType.FOREX:
        rows = rows[(rows["bid"] != NO_PRICE) & (rows["ask"] != NO_PRICE)]
        prices = (rows["bid"].astype(np.float64) + rows["ask"]) / 2 / instrument.price_scale
        sizes = np.zeros(len(rows))
    else:
        rows = rows[(rows["kind"] == Kind.PRINT) & (rows["last"] != NO_PRICE)]
        prices = rows["last"] / instrument.price_scale
        sizes = rows["size"].astype(np.float64)
    if not len(rows):
        return []
    seconds = rows["ts"] // SECOND_NS
    starts = np.flatnonzero(np.diff(seconds, prepend=seconds[0] - 1))
    ends = np.append(starts[1:], len(rows)) - 1
    columns = (
        seconds[starts], prices[starts], np.maximum.reduceat(prices, starts),
        np.minimum.reduceat(prices, starts), prices[ends], np.add.reduceat(sizes, starts),
    )  # fmt: skip
    return [list(bar) for bar in zip(*(c.tolist() for c in columns), strict=True)]


def widened(bars: list[Bar], seconds: int) -> list[Bar]:
    """Join bars to longer ones.

    >>> widened([[59, 1.0, 3.0, 1.0, 2.0, 5.0], [60, 2.0, 2.0, 2.0, 2.0, 1.0]], 60)
    [[0, 1.0, 3.0, 1.0, 2.0, 5.0], [60, 2.0, 2.0, 2.0, 2.0, 1.0]]
    """
    wide: list[Bar] = []
    for start, *rest in bars:
        _merge(wide, [start - start % seconds, *rest])
    return wide


def _merge(bars: list[Bar], new: Bar) -> None:
    if not bars or bars[-1][0] != new[0]:
        bars.append(new)
        return
    last = bars[-1]
    last[2], last[3] = max(last[2], new[2]), min(last[3], new[3])
    last[4] = new[4]
    last[5] += new[5]
