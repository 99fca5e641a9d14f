"""The fast replay: stretches of tape in which only the strategies need to see the rows.

A compiled scan finds how far the tape can run without touching an order, a halt or a margin
band; a bare loop hands those rows to the strategies. Where something must be decided, the
ordinary pipeline does it. The orders and fills are those of `RowReplay`; tests hold the two
together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

import numpy as np

from ikbr.backtest.barriers import Barriers
from ikbr.backtest.inner_loop import cut_off, feeds_of, inner_loop
from ikbr.backtest.rows import BLOCK, RowReplay
from ikbr.backtest.scan import marks_of
from ikbr.backtest.stage import Stage
from ikbr.backtest.tape_ticker import Columns, TapeTicker, fields_named, ticker_class
from ikbr.core.slot import Slot
from ikbr.domain.signal import Signal
from ikbr.domain.tape import Kind, Tape
from ikbr.domain.ticker import Ticker

SHORTEST = 64
LONGEST = BLOCK
RESTLESS = 32
"""After so many stretches of a few rows each, rows are taken one by one for a while."""
FEW_ROWS = 8
ONE_BY_ONE = 2_048


class SegmentReplay:
    """Replay a tape in stretches."""

    def __init__(self, stage: Stage, first: Tape) -> None:
        """Exchange the tickers for ones that read from the tape.

        Args:
            stage: What is moved.
            first: The first piece of tape.
        """
        self._stage = stage
        data, trader = stage.trader.market_data, stage.trader
        self._fields = self._fields_of(stage)
        self._columns = Columns(first)
        slots_of = trader.slots.by_symbol
        self._single = [len(slots_of[i.symbol]) for i in stage.instruments] == [1]
        # A single ticker need not be told its row: the column that it reads says which.
        self._follows = self._single and bool(self._fields)
        make = ticker_class(self._fields, follows=self._follows)
        self._tickers = [make(i, self._columns) for i in stage.instruments]
        for ticker in self._tickers:
            data.tickers[ticker.symbol] = ticker
        self._slots: list[list[Slot]] = []
        for instrument, ticker in zip(stage.instruments, self._tickers, strict=True):
            slots = slots_of[instrument.symbol]
            for slot in slots:
                slot.ticker = ticker
            self._slots.append(slots)
        for context in trader.contexts.values():
            context.tickers = {s: data.tickers[s] for s in context.symbols}
        self._rows = RowReplay(stage, show=self._show)
        self._loop = inner_loop(self._fields, single=self._single)
        self._handlers: list[tuple[Any, ...]] = []
        self._enabled: list[list[Slot]] = []
        self._changes = -1
        self._read_handlers()
        self._barriers = self._make_barriers(stage, first)
        self._tape = first
        self._done = 0
        self._market_row = [-1] * len(self._tickers)
        self._inside = False
        self._awake: list[TapeTicker] = []
        self._leash: Any = None
        self._interrupted = False
        self._fed = 0
        stage.market.refresh = self._refresh_market
        data.refresh = self._refresh_data
        trader.before_action = self._interrupt
        trader.desk.refresh = self._refresh_data
        trader.present_ns = self._present_ns

    def _fields_of(self, stage: Stage) -> tuple[str, ...]:
        """Name the fields to store on every row."""
        return fields_named(type(r.strategy) for r in stage.trader.manager.running)

    def _make_barriers(self, stage: Stage, first: Tape) -> Barriers:
        barriers = Barriers(stage)
        barriers.prepare(first)
        return barriers

    def _read_handlers(self) -> None:
        """Leave out strategies that were disabled meanwhile."""
        changes = self._stage.trader.manager.changes
        if changes == self._changes:
            return
        self._changes = changes
        self._handlers = [
            tuple(s.running.on_market_data for s in slots if s.running.enabled) or (_deaf,)
            for slots in self._slots
        ]
        self._enabled = [[s for s in slots if s.running.enabled] for slots in self._slots]

    # --- the tape, piece by piece --------------------------------------------------------------

    def run(self, tape: Tape) -> None:
        """Replay one piece of tape."""
        self._tape = tape
        self._columns = Columns(tape)
        for ticker in self._tickers:
            ticker.columns = self._columns
        self._done = self._fed = 0
        self._market_row = [-1] * len(self._tickers)
        self._begin(tape)
        for first in range(0, len(tape), BLOCK):
            self._block(tape, first, min(first + BLOCK, len(tape)))
        self._settle(len(tape))
        self._refresh_data()
        for number, ticker in enumerate(self._tickers):
            self._refresh_market(number)
            ticker.freeze()
        self._end()

    def _begin(self, tape: Tape) -> None:
        """Turn to a new piece of tape."""
        self._barriers.begin(tape, marks_of(tape.bid, tape.ask, tape.last))

    def _end(self) -> None:
        """Be done with a piece of tape."""

    def _block(self, tape: Tape, start: int, stop: int) -> None:
        """Replay rows of which the fields in use are Python values already."""
        lists = [self._columns.lists(field, start, stop) for field in self._fields]
        syms = None if self._single else tape.sym[start:stop].tolist()
        clock, ts = self._stage.clock, self._columns.ts
        span, restless = SHORTEST, 0
        row = stopped = start
        while row < stop:
            if clock.next_ns <= ts[row]:
                self._settle(row, wake=False)
                clock.advance(ts[row])
                self._read_handlers()
                self._barriers.load()
            end = min(stop, row + span)
            if clock.next_ns <= ts[end - 1]:
                end = bisect_left(ts, clock.next_ns, row, end)
            if restless > RESTLESS:
                end = min(end, row + ONE_BY_ONE, stop)
                self._one_by_one(row, end)
                row, restless = end, 0
                continue
            began = row
            limit = self._barriers.scan(row, end)
            if limit > row:
                row = self._stretch(lists, syms, start, row, limit)
            if row == limit and limit < end:
                self._one_by_one(row, row + 1)
                row += 1
            if row == end:
                span = min(span * 2, LONGEST)
            else:
                # The next decision is about as far away as the last one was; what lies
                # beyond it is scanned for nothing, what lies before it twice.
                span, stopped = max(SHORTEST, (row - stopped) // 2), row
            restless = restless + 1 if row - began < FEW_ROWS else 0

    def _one_by_one(self, start: int, stop: int) -> None:
        self._settle(start)
        self._feed(start)
        # The rows feed buffers and books themselves.
        self._done = self._fed = stop
        self._rows.run(self._tape, start, stop)
        self._read_handlers()
        self._barriers.load()

    def _stretch(
        self, lists: list[list[Any]], syms: list[int] | None, base: int, start: int, stop: int
    ) -> int:
        """Hand rows to the strategies until one of them wants something.

        Returns:
            The row to go on from.
        """
        columns = feeds_of(lists, start - base)
        rows: Iterable[int] = range(start, stop)
        if not columns:
            rows = iter(list(rows))
        self._leash = columns[0] if columns else rows
        self._inside, self._interrupted = True, False
        for ticker in self._awake:
            ticker.sleep()
        self._awake.clear()
        if self._follows:
            self._tickers[0].follow(columns[0], base + len(lists[0]) - 1)
        place, answer, error = self._loop(
            rows,
            feeds_of([syms], start - base)[0] if syms is not None else None,
            columns,
            self._tickers[0] if self._single else self._tickers,
            self._handlers,
            self._is_idle,
        )
        self._inside = False
        if self._follows:
            self._tickers[0].halt_at_row()
        if place < 0 and not self._interrupted:
            self._barriers.accept(stop)
            return stop
        row = self._last_row()
        self._settle(row + 1)
        if place >= 0:
            self._answer(row, place, answer, error)
        self._read_handlers()
        self._barriers.load()
        return row + 1

    def _is_idle(self, place: int, ticker: Ticker, answer: Any) -> bool:
        if type(answer) is not Signal or answer.symbol != ticker.symbol:
            return False
        slot = self._enabled[self._stage.number[ticker.symbol]][place]
        return slot.is_idle(answer, self._columns.ts[ticker.row])  # type: ignore[attr-defined]

    def _answer(self, row: int, place: int, answer: Any, error: BaseException | None) -> None:
        """Do what a strategy wants, then let the others that share the symbol see the row."""
        trader = self._stage.trader
        number = self._columns.sym[row]
        slots = list(self._enabled[number])
        slot = slots[place]
        if error is not None:
            trader.disable(slot.running, error)
        else:
            trader.desk.decide(slot, answer)
        trader.show(slots[place + 1 :], self._tickers[number])

    def _last_row(self) -> int:
        if self._single:
            return self._tickers[0].row
        return max(ticker.row for ticker in self._tickers)

    # --- bringing the rest of the world up to a row --------------------------------------------

    def _settle(self, row: int, *, wake: bool = True) -> None:
        """Bring clock, marks and equity to just before a row of this piece.

        Args:
            row: The row.
            wake: Whether somebody is about to read the ticker; most timers do not.
        """
        if row > self._done:
            self._barriers.settle(row)
            self._done = row
            if wake:
                self._wake(self._tickers[self._columns.sym[row - 1]])
            clock = self._stage.clock
            clock.now_ns = max(clock.now_ns, self._columns.ts[row - 1])

    def _interrupt(self) -> None:
        """Bring everything to the present row, in the middle of a strategy's handler."""
        if self._inside:
            if self._follows:
                self._tickers[0].halt_at_row()
            cut_off(self._leash)
            self._inside, self._interrupted = False, True
            self._settle(self._last_row() + 1)

    def _present_ns(self) -> int:
        if self._inside:
            return self._columns.ts[self._last_row()]
        return self._stage.clock.now_ns

    def _refresh_data(self) -> None:
        """Bring buffers and bars up to the present row."""
        self._interrupt()
        self._feed(self._done)

    def _feed(self, stop: int) -> None:
        start, self._fed = self._fed, max(self._fed, stop)
        data = self._stage.trader.market_data
        if start >= stop or not (data.buffers or data.builders):
            return
        tape = self._tape
        kind = tape.kind[start:stop]
        printed = (kind >= Kind.PRINT) & (kind <= Kind.AUCTION)
        for number, instrument in enumerate(self._stage.instruments):
            if instrument.symbol not in data.buffers and instrument.symbol not in data.builders:
                continue
            rows = start + np.flatnonzero(printed & (tape.sym[start:stop] == number))
            if len(rows):
                prices = tape.last[rows] / instrument.price_scale
                data.on_prints(instrument.symbol, prices, tape.size[rows], tape.ts[rows])

    def _refresh_market(self, number: int) -> None:
        """Bring the standing state of one symbol up to its last row."""
        row = self._tickers[number].row
        if row < 0 or row == self._market_row[number]:
            return
        self._market_row[number] = row
        market, columns = self._stage.market, self._columns
        market.bid[number] = columns.bid[row]
        market.ask[number] = columns.ask[row]
        market.last[number] = columns.last[row]
        market.bid_size[number] = columns.bid_size[row]
        market.ask_size[number] = columns.ask_size[row]
        market.ts[number] = columns.ts[row]

    def _show(self, ticker: Ticker, row: int) -> None:
        """Update a ticker from one row of the tape."""
        assert isinstance(ticker, TapeTicker)
        ticker.row = row
        self._wake(ticker)

    def _wake(self, ticker: TapeTicker) -> None:
        ticker.wake()
        self._awake.append(ticker)


def _deaf(_ticker: Ticker) -> None:
    """Stand in where every strategy in a symbol was disabled."""
