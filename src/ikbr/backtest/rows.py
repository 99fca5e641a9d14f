"""The reference replay: every row goes through the whole pipeline, one after the other.

This is what a backtest means; any faster way must give the same orders and fills.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ikbr.backtest.bar_path import BarPath, between_bars
from ikbr.backtest.stage import Stage
from ikbr.core.market_data import update
from ikbr.domain.events import EventType
from ikbr.domain.marks import mark_units
from ikbr.domain.tape import NO_PRICE, Kind, Tape
from ikbr.domain.ticker import NAN, Ticker

if TYPE_CHECKING:
    # It needs compiled code, which this replay does without.
    from ikbr.backtest.tape_ticker import Columns

BLOCK = 65_536
"""Rows turned into Python values at a time, so that memory does not grow with the tape.

A block goes on to where no bar is open, as the path of a bar is chosen by all of its rows.
"""

_PRINT, _AUCTION, _HALT, _RESUME = (
    int(k) for k in (Kind.PRINT, Kind.AUCTION, Kind.HALT, Kind.RESUME)
)
_BAR_OPEN, _BAR_CLOSE = int(Kind.BAR_OPEN), int(Kind.BAR_CLOSE)

Show = Callable[[Ticker, int], None]


class RowReplay:
    """Take rows through the pipeline one by one."""

    def __init__(self, stage: Stage, *, show: Show | None = None) -> None:
        """Prepare a replay.

        Args:
            stage: What is moved.
            show: Updates a ticker from the tape by row number, instead of field by field.
        """
        self._stage = stage
        self._show = show
        self._tickers = [stage.trader.market_data.tickers[i.symbol] for i in stage.instruments]
        self._bars = BarPath(stage)
        self._tells_ticks = stage.trader.bus.wants(EventType.TICK)

    def run(self, tape: Tape, start: int, stop: int) -> None:
        """Replay rows `[start, stop)`."""
        if stop - start <= BLOCK:
            self._block(tape, start, stop)
            return
        cuts = between_bars(tape)
        while start < stop:
            end = min(start + BLOCK, stop)
            if cuts is not None and end < stop:
                end = min(int(cuts[np.searchsorted(cuts, end)]), stop)
            self._block(tape, start, end)
            start = end

    def market(self, tape: Tape, columns: Columns, row: int) -> bool:
        """Take one row through everything but the strategies.

        Args:
            tape: The piece of tape.
            columns: The same, as buffers, from which single values are read faster.
            row: Which.

        Returns:
            Whether the strategies have still to see it; a bar's row they have seen.
        """
        kind = columns.kind[row]
        if _BAR_OPEN <= kind <= _BAR_CLOSE:
            self.run(tape, row, row + 1)
            return False
        self._market(
            row,
            columns.ts[row],
            columns.sym[row],
            kind,
            columns.bid[row],
            columns.ask[row],
            columns.last[row],
            columns.bid_size[row],
            columns.ask_size[row],
            columns.size[row],
        )
        return True

    def _block(self, tape: Tape, start: int, stop: int) -> None:
        columns = [
            getattr(tape, name)[start:stop].tolist()
            for name in ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
        ]
        if np.any((tape.kind[start:stop] >= _BAR_OPEN) & (tape.kind[start:stop] <= _BAR_CLOSE)):
            self._bars.look_ahead(columns)
            for row, values in enumerate(zip(*columns, strict=True), start):
                self._row(row, *self._bars.turn(row - start, values))
                self._bars.after(values)
            return
        for row, values in enumerate(zip(*columns, strict=True), start):
            self._row(row, *values)

    def _row(  # noqa: PLR0913, PLR0917 - a row has nine columns
        self,
        row: int,
        ts: int,
        sym: int,
        kind: int,
        bid: int,
        ask: int,
        last: int,
        bid_size: int,
        ask_size: int,
        size: int,
    ) -> None:
        ticker = self._market(row, ts, sym, kind, bid, ask, last, bid_size, ask_size, size)
        trader = self._stage.trader
        trader.process(ticker)
        if self._tells_ticks:
            trader.bus.emit(EventType.TICK, ticker)

    def _market(  # noqa: PLR0913, PLR0917 - a row has nine columns
        self,
        row: int,
        ts: int,
        sym: int,
        kind: int,
        bid: int,
        ask: int,
        last: int,
        bid_size: int,
        ask_size: int,
        size: int,
    ) -> Ticker:
        """Bring clock, ticker, exchange and marks to a row."""
        stage = self._stage
        clock = stage.clock
        if clock.next_ns <= ts:
            clock.advance(ts)
        else:
            clock.now_ns = ts
        ticker = self._tickers[sym]
        if self._show is not None:
            self._show(ticker, row)
        else:
            scale = ticker.instrument.price_scale
            update(
                ticker,
                ts,
                bid / scale if bid != NO_PRICE else NAN,
                ask / scale if ask != NO_PRICE else NAN,
                last / scale if last != NO_PRICE else NAN,
                bid_size,
                ask_size,
                size,
                _PRINT <= kind <= _AUCTION,
            )
        stage.exchange.on_row(sym, ts, kind, bid, ask, last, bid_size, ask_size, size)
        stage.on_mark(sym, mark_units(bid, ask, last))
        if kind >= _HALT:
            ticker.halted = kind == _HALT
        elif kind >= _PRINT:
            self._on_print(ticker, size, ts)
        return ticker

    def _on_print(self, ticker: Ticker, size: int, ts: int) -> None:
        stage = self._stage
        data = stage.trader.market_data
        symbol = ticker.symbol
        if symbol in data.buffers or symbol in data.builders:
            closed = data.on_print(symbol, ticker.last, size, ts)
            for bar, text in closed or ():
                stage.trader.on_bar(bar, stage.agenda.listeners(symbol, text))
