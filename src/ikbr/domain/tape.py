"""The tape: market data as columns, all instruments merged into one time order.

A row is one thing that happened to one instrument. Every row carries the full standing state
of its instrument (bid, ask and last are carried forward), so that any row can be looked at alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session

NO_PRICE = -(2**31)
"""The price units of a side that has not been seen (or was withdrawn)."""


class Kind(IntEnum):
    """Say what a row of the tape is."""

    QUOTE = 0
    PRINT = 1
    BAR_OPEN = 2
    BAR_HIGH = 3
    BAR_LOW = 4
    BAR_CLOSE = 5
    AUCTION = 6
    """The print of an opening or closing auction."""
    HALT = 7
    RESUME = 8


class PrintFlag(IntFlag):
    """Mark a print in stored data (bits of its flags)."""

    SUSPICIOUS = 1
    """The publisher doubts it; it never reaches a tape."""
    AUCTION = 2
    """It is the print of an auction."""
    HALT = 4
    """No print (size 0, price of the last one): dealing stops here."""
    RESUME = 8
    """No print (size 0, price of the last one): dealing goes on from here."""


@dataclass(frozen=True, slots=True)
class Tape:
    """Hold rows of market data as columns of one length.

    Attributes:
        instruments: What the numbers in `sym` mean.
        ts: Time of the row, ns since 1970 UTC, never decreasing (int64).
        sym: Index into `instruments` (int16).
        kind: A `Kind` (uint8).
        bid, ask, last: Standing prices after the row, in price units, or NO_PRICE (int32).
        bid_size, ask_size: Standing displayed sizes (int32).
        size: What this row printed (shares; a bar's volume stands on its BAR_CLOSE row;
            0 on quotes) (int64).
    """

    instruments: tuple[Instrument, ...]
    ts: NDArray[np.int64]
    sym: NDArray[np.int16]
    kind: NDArray[np.uint8]
    bid: NDArray[np.int32]
    ask: NDArray[np.int32]
    last: NDArray[np.int32]
    bid_size: NDArray[np.int32]
    ask_size: NDArray[np.int32]
    size: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.ts)

    def rows(self, start: int, stop: int) -> Tape:
        """Cut out rows `[start, stop)` without copying."""
        columns = {f.name: getattr(self, f.name)[start:stop] for f in fields(self)[1:]}
        return Tape(self.instruments, **columns)


class CorporateAction(msgspec.Struct, frozen=True):
    """Say what happens to a holding before the open of its ex-date.

    Attributes:
        symbol: Whose.
        ts_ns: When it takes effect.
        split: New shares per old share (2.0 for two-for-one; 1.0 for none).
        dividend: Cash per share held, in the instrument's currency (0.0 for none).
    """

    symbol: str
    ts_ns: int
    split: float = 1.0
    dividend: float = 0.0


class TapeSource(Protocol):
    """Deliver a tape piece by piece, so that memory does not grow with it."""

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Name what is on the tape, in the order of `Tape.sym`."""

    @property
    def sessions(self) -> tuple[Session, ...]:
        """List the trading sessions covered, in order."""

    @property
    def actions(self) -> tuple[CorporateAction, ...]:
        """List splits and dividends within the sessions, in order."""

    @property
    def synthetic(self) -> bool:
        """Say whether the data is made up (every output must then say so)."""

    @property
    def has_quotes(self) -> bool:
        """Say whether any row carries quotes."""

    @property
    def resolution(self) -> str:
        """Name the resolution: tick, second, minute or daily."""

    def chunks(self) -> Iterator[Tape]:
        """Yield the tape in time order; standing state is carried across pieces."""
