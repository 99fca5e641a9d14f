"""A single run whose orders are decided in compiled code, piece by piece of the tape."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Any

import numpy as np

from ikbr.backtest.grid import layout
from ikbr.backtest.grid.build import build_loop, build_steps
from ikbr.backtest.grid.outcome import equity_path
from ikbr.backtest.grid.samples import Samples
from ikbr.backtest.grid.tables import terms_of
from ikbr.backtest.outcome import Ending
from ikbr.backtest.single import loop as at
from ikbr.backtest.single import rows
from ikbr.backtest.single.orders import OrderMaker
from ikbr.backtest.stage import Stage
from ikbr.backtest.tape_ticker import Columns, ticker_class
from ikbr.core.ports import Journal
from ikbr.core.recorder import PricePath
from ikbr.domain.instrument import MICRO
from ikbr.domain.tape import NO_PRICE, Kind, Tape, TapeSource
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.sim.day_trades import WINDOW
from ikbr.strategies.kernel import KernelStrategy
from ikbr.strategies.kernel_layout import Layout
from ikbr.strategies.running import FAULTS

ROOM = 512
"""Orders that are noted before Python makes what is kept of them."""
RESERVE = 2
"""Room for the fills of the order that finds no room any more."""
WIDEST = 4_096
"""Slots of a state that is noted at every order."""

_NONE = np.zeros(0, np.int64)
_COLUMNS = ("ts", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")


class SingleReplay:
    """Replay a tape from order to order.

    Attributes:
        note: What a reader must know of the compiled code; "" for nothing.
        maker: Holds the orders, fills and records that were made.
        samples: Marks at the moments at which the equity is noted.
        events: Rows so far.
    """

    def __init__(self, stage: Stage, source: TapeSource, first: Tape) -> None:
        """Compile the loop, or find it compiled.

        Args:
            stage: Its one strategy is bound.
            source: The market data.
            first: The first piece of tape.

        Raises:
            StrategyError: When the kernel cannot be compiled.
        """
        stage.clock.now_ns = min(int(first.ts[0]), source.sessions[0].open_ns) - 1
        stage.trader.start()
        (slot,) = stage.trader.slots
        strategy = slot.running.strategy
        assert isinstance(strategy, KernelStrategy)
        self._stage, self._source, self._slot = stage, source, slot
        self._strategy = strategy
        values = strategy.kernel_params()
        who = type(strategy).__name__
        state = Layout(who, strategy.state, values).fields
        params = Layout(f"{who}.kernel_params", values).fields
        found, steps = build_loop(strategy, state, params, at, [rows]), build_steps()
        self._scan = found.scan
        self.note = found.note or steps.note
        self._ticker = ticker_class(())(slot.instrument, Columns(first))
        self.maker = OrderMaker(stage, slot, self._ticker)
        self.samples = Samples(source.sessions)
        self.events = 0
        self._first_ns = int(first.ts[0])
        self._terms_until = -1
        self._before = NO_PRICE
        self._take_memory(strategy, steps.scan.address)

    def _take_memory(self, strategy: KernelStrategy, steps: int) -> None:
        """Make the memory that the loop works on; the state is the strategy's own."""
        form = layout.set_layout(len(self._source.sessions), WINDOW - 1)
        width = len(strategy.memory)
        room = ROOM if width <= WIDEST else 1
        memory, pool = form.rows(1), layout.pool_layout(room + RESERVE)
        pool_memory, place = pool.rows(1), layout.ROW.rows(1)
        self._held = [memory, pool_memory, place, strategy.memory, strategy.numbers]
        self.account: Any = form.view(memory, 0)
        self._pool = pool.view(pool_memory, 0)
        account, running = self.account, self._slot.running
        account.short = strategy.allow_short
        account.leaves = strategy.opposite == "flat"
        account.share = running.share
        account.pool = _address(pool_memory)
        account.cash = account.peak = account.day_start = round(self._stage.setup.capital * MICRO)
        # A state too wide to be noted is looked at as it stands, order by order.
        self._width = width if room > 1 else 0
        self._values = np.zeros(room, np.int64)
        self._states = np.zeros(room * self._width, np.int64)
        self._packed = np.zeros(at.PACKED, np.int64)
        self._pack = pack = self._packed.data
        pack[at.STEP] = steps
        pack[at.SET], pack[at.POOL], pack[at.PLACE] = map(_address, self._held[:3])
        pack[at.STATE], pack[at.PARAMS] = map(_address, self._held[3:])
        pack[at.SCALE] = self._slot.instrument.price_scale
        pack[at.WIDTH], pack[at.ROOM] = self._width, room
        pack[at.VALUES], pack[at.STATES] = self._values.ctypes.data, self._states.ctypes.data
        self._found = [np.zeros((0, layout.FILL_COLUMNS), np.int64)]

    def run(self, tape: Tape) -> bool:
        """Replay one piece; say whether it held nothing but what compiled code knows."""
        pack = self._pack
        self._begin(tape)
        if not self.events:
            self._settle(layout.NOT_YET)
        self._ticker.columns = Columns(tape)
        reason = at.AT_FULL
        while reason == at.AT_FULL:
            try:
                self._scan(self._packed)
            except FAULTS:  # a person's kernel may raise anything; the engine says what and where
                return False
            reason = pack[at.REASON]
            if reason == at.AT_UNKNOWN or not self._make():
                return False
        self.samples.look(tape, self.events)
        self._before, self._last = self.account.mark, tape
        self.events += len(tape)
        return True

    def _make(self) -> bool:
        """Make what is kept of the orders that were noted; say whether all were meant."""
        count, width = self._pool.count, self._width
        if not count:
            return True
        noted = self._pool.records[: count * layout.FILL_COLUMNS]
        records = np.array(noted, np.int64).reshape(-1, layout.FILL_COLUMNS)
        self._found.append(records)
        make, first, states = self.maker.make, self.events, self._states.data.cast("B").cast("q")
        live = memoryview(self._strategy.memory)
        end = live[:width].tobytes()
        meant = True
        for n, (value, record) in enumerate(
            zip(self._values[:count].tolist(), records.tolist(), strict=True)
        ):
            live[:width] = states[n * width : (n + 1) * width]
            meant = meant and make(value, record[layout.FILL_ROW] - first, record)
        live[:width] = memoryview(end).cast("q")
        return meant

    def _begin(self, tape: Tape) -> None:
        """Point the loop at a piece of tape."""
        pack, stage = self._pack, self._stage
        last_ns = int(tape.ts[-1])
        if last_ns > self._terms_until:
            source = self._source
            self._terms_until = max(last_ns, source.sessions[-1].close_ns)
            self._terms = terms_of(
                source.instruments[0], stage.setup, source.sessions, self._first_ns, last_ns
            )
            pack[at.RULES] = _address(self._terms)
        self._tape = [np.ascontiguousarray(getattr(tape, name)) for name in _COLUMNS]
        kinds = self._tape[1]
        self._halts = np.flatnonzero(kinds >= Kind.HALT) if kinds.max() >= Kind.HALT else _NONE
        for place, column in zip(range(at.TS, at.HALT_ROWS + 1), [*self._tape, self._halts],
                                 strict=True):  # fmt: skip
            pack[place] = column.ctypes.data
        pack[at.LENGTH], pack[at.HALTS] = len(tape), len(self._halts)
        pack[at.FIRST_ROW], pack[at.BEFORE], pack[at.ROW] = self.events, self._before, 0
        self.account.next_row = 0

    def finish(self, end_ns: int) -> Ending:
        """Run what is due after the last row, and say what the run came to.

        Args:
            end_ns: The end, ns UTC.
        """
        stage, account, samples = self._stage, self.account, self.samples
        samples.finish(end_ns)
        self._settle(end_ns)
        stage.clock.now_ns = end_ns
        self._stand_still()
        instrument = self._slot.instrument
        records = np.concatenate(self._found)
        equity_ts, equity = equity_path(records, samples, stage.setup.capital, instrument)
        known = samples.standing != NO_PRICE
        sessions = np.array(account.equity, np.int64) / MICRO
        held = account.position
        return Ending(
            orders=self.maker.orders,
            refused={},
            equity_ts=equity_ts,
            equity=equity,
            session_equity=[
                (s.date, e) for s, e in zip(self._source.sessions, sessions.tolist(), strict=True)
            ],
            prices={
                instrument.symbol: PricePath(
                    samples.ts[known], samples.standing[known] / instrument.price_scale
                )
            },
            final_equity_micro=account.cash
            + held * (account.mark if held else 0) * instrument.unit_value_micro,
            positions={instrument.symbol: held} if held else {},
            commission_micro=account.fees_paid,
        )

    def _stand_still(self) -> None:
        """Let the standing market be as the last row left it."""
        market, (tape, row) = self._stage.market, (self._last, -1)
        market.bid[0], market.ask[0] = int(tape.bid[row]), int(tape.ask[row])
        market.last[0] = int(tape.last[row])
        market.bid_size[0], market.ask_size[0] = int(tape.bid_size[row]), int(tape.ask_size[row])
        market.ts[0] = int(tape.ts[row])

    def tell(self, journal: Journal) -> None:
        """Write the record of the run, in order of time."""
        records, sessions = self.maker.records, self._source.sessions
        times = [ts for _, ts, _ in records]
        for session in reversed(sessions):
            place = bisect_left(times, session.open_ns)
            records.insert(place, ("session", session.open_ns, session))
        if type(journal) is MemoryJournal:
            journal.records += records
        else:
            for record in records:
                journal.append(*record)

    def _settle(self, to_ns: int) -> None:
        self._pack[at.ROW], self._pack[at.TIME] = -1, to_ns
        self._scan(self._packed)
        self._pack[at.ROW] = 0


def _address(memory: array[int]) -> int:
    return memory.buffer_info()[0]
