"""The path of a bar: in which order its extremes are met, and when it is told as a whole.

Where within a bar its high and low lay is unknown. What hurts comes first: with a position,
the extreme against it; when flat, the low first in a rising bar and the high first in a falling
one, so that the open moves away from the close before it comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ikbr.backtest.stage import Stage
from ikbr.domain.events import Bar
from ikbr.domain.tape import NO_PRICE, Kind, Tape

_OPEN, _HIGH, _LOW, _CLOSE = (
    int(k) for k in (Kind.BAR_OPEN, Kind.BAR_HIGH, Kind.BAR_LOW, Kind.BAR_CLOSE)
)
_TS, _SYM, _KIND, _LAST, _SIZE = 0, 1, 2, 5, 8

Row = tuple[Any, ...]


def between_bars(tape: Tape) -> NDArray[np.int64] | None:
    """Find where a tape may be cut without cutting a bar in two.

    Args:
        tape: A piece of tape.

    Returns:
        The rows before which no bar is open, with the end of the tape as the last; None for a
        tape without bars, which may be cut anywhere.
    """
    rows = np.flatnonzero((tape.kind >= _OPEN) & (tape.kind <= _CLOSE))
    if not len(rows):
        return None
    rows = rows[np.argsort(tape.sym[rows], kind="stable")]
    this, following = rows[:-1], rows[1:]
    joined = (tape.sym[this] == tape.sym[following]) & (tape.kind[this] != _CLOSE)
    bars = np.zeros(len(tape) + 2, np.int64)
    np.add.at(bars, this[joined] + 1, 1)
    np.add.at(bars, following[joined] + 1, -1)
    whole: NDArray[np.int64] = np.flatnonzero(np.cumsum(bars)[:-1] == 0)
    return whole


class BarPath:
    """Turn the rows of bars into the conservative order and close the bars."""

    def __init__(self, stage: Stage) -> None:
        """Start without open bars."""
        self._stage = stage
        count = len(stage.instruments)
        self._partners: dict[int, tuple[int, int, Row, Row, Row]] = {}
        self._swapped: dict[int, Row] = {}
        self._open: list[Row | None] = [None] * count
        self._high = [NO_PRICE] * count
        self._low = [NO_PRICE] * count
        self._span: dict[int, int] = {}

    def look_ahead(self, columns: Sequence[Sequence[Any]]) -> None:
        """Find, for every HIGH row of a block, the LOW and CLOSE rows of the same bar."""
        self._partners.clear()
        waiting: dict[int, list[tuple[int, Row]]] = {}
        for number, row in enumerate(zip(*columns, strict=True)):
            kind, sym = row[_KIND], row[_SYM]
            if kind in (_HIGH, _LOW):
                waiting.setdefault(sym, []).append((number, row))
            elif kind == _CLOSE and len(waiting.get(sym, ())) == 2:
                (high_at, high), (low_at, low) = waiting.pop(sym)
                self._partners[high_at] = (high_at, low_at, high, low, row)
            elif kind == _OPEN:
                waiting.pop(sym, None)

    def turn(self, number: int, row: Row) -> Row:
        """Give the row to replay in this place: itself, or the bar's other extreme."""
        if number in self._swapped:
            return self._swapped.pop(number)
        partner = self._partners.get(number)
        if partner is None or not self._low_first(partner):
            return row
        _, low_at, high, low, _ = partner
        self._swapped[low_at] = (low[_TS], *high[1:])
        return (high[_TS], *low[1:])

    def _low_first(self, partner: tuple[int, int, Row, Row, Row]) -> bool:
        _, _, high, _, close = partner
        held = self._stage.valuation.held[high[_SYM]]
        if held is not None:
            return held.quantity > 0
        opened = self._open[high[_SYM]]
        return opened is None or bool(close[_LAST] >= opened[_LAST])

    def after(self, row: Row) -> None:
        """Follow a bar; its close is told when it ends."""
        kind, sym = row[_KIND], row[_SYM]
        if kind == _OPEN:
            self._open[sym] = row
        elif kind == _HIGH:
            self._high[sym] = row[_LAST]
        elif kind == _LOW:
            self._low[sym] = row[_LAST]
        elif kind == _CLOSE:
            opened = self._open[sym]
            if opened is not None and row[_LAST] != NO_PRICE:
                self._close(sym, opened, row)
            self._open[sym] = None

    def _close(self, sym: int, opened: Row, closed: Row) -> None:
        stage = self._stage
        instrument = stage.instruments[sym]
        price = instrument.to_price
        end = closed[_TS] + 1
        bar = Bar(
            instrument.symbol,
            opened[_TS],
            end,
            price(opened[_LAST]),
            price(self._high[sym]),
            price(self._low[sym]),
            price(closed[_LAST]),
            closed[_SIZE],
        )
        listeners = [
            running
            for running in stage.trader.manager.by_symbol.get(instrument.symbol, ())
            if running.hears_bars and not running.strategy.bars
        ]
        stage.clock.call_at(end, stage.trader.on_bar, bar, listeners)
