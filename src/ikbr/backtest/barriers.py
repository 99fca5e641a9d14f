"""The barriers: what the compiled scan must not run past, copied from the objects that decide."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ikbr.backtest import scan as at
from ikbr.backtest.scan import (
    ACTIVE,
    BARRIER,
    BUY_AHEAD,
    BUY_LIMIT,
    BUY_QUEUE,
    BUY_STOP,
    DAILY_FLOOR,
    EQUITY,
    EVERY_ROW,
    KEEP,
    MARK,
    MARK_HIGH,
    MARK_LOW,
    ON_PRINT,
    PEAK,
    PPB,
    SELL_AHEAD,
    SELL_LIMIT,
    SELL_QUEUE,
    SELL_STOP,
    TOTALS,
    UNIT,
    WIDTH,
    marks_of,
    scan_packed,
)
from ikbr.backtest.stage import Stage
from ikbr.core.halts import NO_FLOOR
from ikbr.domain.tape import Kind, Tape


class Barriers:
    """Keep the scan's table equal to what exchange, risk manager and books say.

    Two copies are kept: `_table` stands at the last settled row, `_ahead` is what a scan works
    on. When the strategies let the scan's whole stretch pass, the copies are exchanged.
    """

    def __init__(self, stage: Stage) -> None:
        """Start with nothing to watch."""
        self._stage = stage
        count = len(stage.instruments)
        self._watches = [stage.exchange.watch(n) for n in range(count)]
        self._table = np.zeros((count, WIDTH), np.int64)
        self._ahead = self._table.copy()
        self._cells, self._cells_ahead = self._table.reshape(-1).data, self._ahead.reshape(-1).data
        self._totals = np.zeros(TOTALS, np.int64)
        self._totals_ahead = self._totals.copy()
        self._sums, self._sums_ahead = self._totals.data, self._totals_ahead.data
        self._packs = self._pack_of(self._table, self._totals)
        self._packs_ahead = self._pack_of(self._ahead, self._totals_ahead)
        self._columns: tuple[NDArray[Any], ...] = ()
        self._keep = PPB - round(stage.setup.limits.max_drawdown_pct * PPB)
        # Which rows of the table (of either copy) say anything.
        self._listed = [True] * count
        self._from = 0
        self._anything = False
        self._stops: NDArray[np.int64]

    def load(self) -> None:
        """Copy the barriers anew, after anything may have changed them."""
        stage = self._stage
        margin, held = stage.margin, stage.valuation.held
        cells = self._cells
        self._anything = False
        listed = self._listed
        for number, (watch, position) in enumerate(zip(self._watches, held, strict=True)):
            if position is None and not watch.active and not listed[number]:
                continue
            listed[number] = position is not None or watch.active
            at = number * WIDTH
            if watch.active:
                self._anything = True
                cells[at + EVERY_ROW] = watch.every_row
                cells[at + ON_PRINT] = watch.on_print
                cells[at + BUY_LIMIT] = watch.buy_limit
                cells[at + SELL_LIMIT] = watch.sell_limit
                cells[at + BUY_STOP] = watch.buy_stop
                cells[at + SELL_STOP] = watch.sell_stop
                cells[at + BUY_QUEUE] = watch.buy_queue
                cells[at + SELL_QUEUE] = watch.sell_queue
                cells[at + BUY_AHEAD] = watch.buy_ahead
                cells[at + SELL_AHEAD] = watch.sell_ahead
            cells[at + ACTIVE] = watch.active
            if position is None:
                cells[at + UNIT] = 0
            else:
                self._anything = True
                cells[at + UNIT] = position.quantity * position.unit_value_micro
                cells[at + MARK] = position.mark_units
                cells[at + MARK_LOW] = margin.low[number]
                cells[at + MARK_HIGH] = margin.high[number]
        if not self._anything:
            return
        halts = stage.trader.risk.halts
        totals = self._sums
        totals[EQUITY] = stage.valuation.equity_micro
        totals[PEAK] = halts.peak_micro
        totals[KEEP] = self._keep if halts.floor_micro > NO_FLOOR else 0
        totals[DAILY_FLOOR] = halts.daily_floor_micro
        totals[BARRIER] = halts.barrier_micro

    def begin(self, tape: Tape, marks: NDArray[np.int32]) -> None:
        """Turn to a new piece of tape."""
        prices, sizes = (tape.bid, tape.ask, tape.last), (tape.bid_size, tape.ask_size)
        # Kept, because compiled code holds nothing but their addresses.
        self._columns = (
            np.ascontiguousarray(tape.sym, np.int16),
            np.ascontiguousarray(tape.kind, np.uint8),
            *(np.ascontiguousarray(column, np.int32) for column in (*prices, *sizes, marks)),
        )
        for pack in (self._packs, self._packs_ahead):
            pack[at.LENGTH] = len(tape)
            for place, column in zip(range(at.SYM, at.TABLE), self._columns, strict=True):
                pack[place] = column.ctypes.data
        self._stops = np.flatnonzero(tape.kind >= Kind.AUCTION)
        self._from = 0
        self.load()

    def prepare(self, tape: Tape) -> None:
        """Load the compiled code for a tape, which takes its time on the first call."""
        nothing = tape.rows(0, 0)
        self.begin(nothing, marks_of(nothing.bid, nothing.ask, nothing.last))
        self._advance(0, 0, self._packs)

    def scan(self, start: int, end: int) -> int:
        """Find the first row in `[start, end)` that needs a decision; `end` without one."""
        self._from = start
        if not self._anything:
            return self._next_stop(start, end)
        np.copyto(self._ahead, self._table)
        np.copyto(self._totals_ahead, self._totals)
        return self._advance(start, end, self._packs_ahead)

    def accept(self, row: int) -> None:
        """Let the last scan stand: everything before a row was seen by the strategies."""
        if self._anything:
            self._table, self._ahead = self._ahead, self._table
            self._cells, self._cells_ahead = self._cells_ahead, self._cells
            self._totals, self._totals_ahead = self._totals_ahead, self._totals
            self._sums, self._sums_ahead = self._sums_ahead, self._sums
            self._packs, self._packs_ahead = self._packs_ahead, self._packs
        self._from = row

    @property
    def table(self) -> NDArray[np.int64]:
        """The table, standing at the last settled row."""
        return self._table

    @property
    def totals(self) -> NDArray[np.int64]:
        """The totals, standing there too."""
        return self._totals

    def moved(self, row: int) -> None:
        """Hear that another scan has brought table and totals to just before a row itself."""
        self._from = row

    def settle(self, row: int) -> None:
        """Bring marks, equity and high-water mark to just before a row."""
        if not self._anything:
            return
        if row > self._from:
            self._advance(self._from, row, self._packs)
            self._from = row
        stage = self._stage
        equity, peak = self._sums[EQUITY], self._sums[PEAK]
        stage.valuation.take(equity, self._cells[MARK::WIDTH])
        if peak > stage.trader.risk.peak_micro:
            stage.trader.on_equity(peak)

    def _next_stop(self, start: int, end: int) -> int:
        if not len(self._stops):
            return end
        place = int(np.searchsorted(self._stops, start))
        return min(end, int(self._stops[place])) if place < len(self._stops) else end

    def _pack_of(self, table: NDArray[np.int64], totals: NDArray[np.int64]) -> NDArray[np.int64]:
        pack = np.zeros(at.PACKED, np.int64)
        pack[at.COUNT] = len(table)
        pack[at.TABLE], pack[at.SUMS] = table.ctypes.data, totals.ctypes.data
        return pack

    def _advance(self, start: int, end: int, pack: NDArray[np.int64]) -> int:
        pack[at.START], pack[at.END] = start, end
        return int(scan_packed(pack))
