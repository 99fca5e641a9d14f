"""What the tape says of a moment, beside what the session says that it saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ikbr.domain.instrument import Instrument
from ikbr.domain.marks import mark_units
from ikbr.domain.tape import NO_PRICE, Tape

CLOSE_TO = 1e-9
"""Prices this close together, relative, are the same."""


class SeenMarket:
    """Look prices up on a tape.

    Attributes:
        incomplete: Why rows are known to be missing; "" when none are.
    """

    def __init__(
        self, tapes: Sequence[Tape], gaps: Mapping[str, int], incomplete: str = ""
    ) -> None:
        """Take a tape.

        Args:
            tapes: Its pieces.
            gaps: From when on prices of a symbol were missing, ns UTC.
            incomplete: Why rows are known to be missing.
        """
        self.incomplete = incomplete
        self._gaps = dict(gaps)
        self._columns: dict[str, _Columns] = {}
        for number, instrument in enumerate(tapes[0].instruments if tapes else ()):
            self._columns[instrument.symbol] = _Columns(instrument, tapes, number)

    def missing(self, symbol: str, ts_ns: int) -> str:
        """Say why data of a symbol is missing before a moment; "" when none is."""
        if self.incomplete:
            return self.incomplete
        since = self._gaps.get(symbol)
        return "" if since is None or since > ts_ns else f"the session had no data of {symbol}"

    def differs(self, symbol: str, ts_ns: int, seen: float) -> str:
        """Say how a price that was seen differs from the tape; "" where it does not.

        Args:
            symbol: Of which instrument.
            ts_ns: When it was seen, ns UTC.
            seen: The price; NaN says nothing.
        """
        columns = self._columns.get(symbol)
        if seen != seen or columns is None:
            return ""
        prices = columns.standing(ts_ns)
        if not prices:
            return f"it saw {seen:g}, and the tape has no price of {symbol} then"
        if any(abs(price - seen) <= CLOSE_TO * max(1.0, abs(seen)) for price in prices):
            return ""
        return f"it saw {seen:g}, and the tape has {', '.join(f'{p:g}' for p in prices)}"

    def marks(self) -> dict[str, int]:
        """Give the last mark of every symbol on the tape."""
        found = {symbol: one.mark() for symbol, one in self._columns.items()}
        return {symbol: units for symbol, units in found.items() if units != NO_PRICE}


class _Columns:
    """Hold the rows of one symbol."""

    def __init__(self, instrument: Instrument, tapes: Sequence[Tape], number: int) -> None:
        self._instrument = instrument
        rows = [tape.sym == number for tape in tapes]

        def joined(name: str) -> NDArray[np.int64]:
            pieces = [getattr(tape, name)[own] for tape, own in zip(tapes, rows, strict=True)]
            return np.concatenate(pieces)

        self._ts = joined("ts")
        self._bid, self._ask, self._last = joined("bid"), joined("ask"), joined("last")

    def standing(self, ts_ns: int) -> list[float]:
        """List bid, ask, last and mid as they stood at a moment."""
        first = int(np.searchsorted(self._ts, ts_ns, side="left"))
        last = int(np.searchsorted(self._ts, ts_ns, side="right"))
        # Several rows may be of that moment; the decision came with one of them.
        rows = range(first, last) if first < last else range(max(0, last - 1), last)
        return list(dict.fromkeys(price for row in rows for price in self._prices(row)))

    def _prices(self, row: int) -> list[float]:
        bid, ask, last = int(self._bid[row]), int(self._ask[row]), int(self._last[row])
        known = [self._instrument.to_price(u) for u in (bid, ask, last) if u != NO_PRICE]
        if NO_PRICE not in {bid, ask}:
            known.append((self._instrument.to_price(bid) + self._instrument.to_price(ask)) * 0.5)
        return known

    def mark(self) -> int:
        if not len(self._ts):
            return NO_PRICE
        return mark_units(int(self._bid[-1]), int(self._ask[-1]), int(self._last[-1]))
