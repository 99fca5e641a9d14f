"""The kernel replay: compiled from one decision to the next.

The scan runs the kernels over the rows and stops where something must be decided. There the same
objects decide as in every other replay, and the same kernel, as Python, sees the row wherever
the row has to go through the whole pipeline.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ikbr.backtest import kernel_scan as at
from ikbr.backtest.barriers import Barriers
from ikbr.backtest.kernel_build import build
from ikbr.backtest.kernel_gates import Gates
from ikbr.backtest.segments import SegmentReplay
from ikbr.backtest.stage import Stage
from ikbr.backtest.tape_ticker import names_in_function
from ikbr.core.slot import Slot
from ikbr.domain.tape import Tape
from ikbr.strategies.kernel import KernelStrategy, kernel_function
from ikbr.strategies.kernel_legs import LegsStrategy
from ikbr.strategies.kernel_orders import OrdersStrategy
from ikbr.strategies.running import FAULTS, Running

_SEES_HOLDINGS = {"position", "pending"}


class Kernel:
    """Hold one strategy with what its compiled form works on.

    Attributes:
        running: The strategy in service.
        slots: By symbol; None where it does not run.
        states: Its rows.
        more: What its kernel sees besides, if anything.
        memories: All that it writes.
        noted: A copy of that.
    """

    def __init__(self, running: Running, slots: Sequence[Slot | None]) -> None:
        """Take a strategy that is bound."""
        assert isinstance(running.strategy, KernelStrategy)
        self.running = running
        self.strategy: KernelStrategy = running.strategy
        self.slots = slots
        self.states: NDArray[np.int64] = _numbers(self.strategy.memory)
        self.params = _numbers(self.strategy.numbers)
        self.memories = [self.states]
        self.more: NDArray[np.int64] | None = None
        if isinstance(self.strategy, LegsStrategy):
            self.more = _numbers(self.strategy.legs_memory)
        elif isinstance(self.strategy, OrdersStrategy):
            self.more = _numbers(self.strategy.orders_memory)
        if self.more is not None:
            self.memories.append(self.more)
        self.noted = [memory.copy() for memory in self.memories]
        own = {symbol: number for number, symbol in enumerate(running.symbols)}
        self.numbers = np.array(
            [own[slot.instrument.symbol] if slot else -1 for slot in slots], np.int64
        )
        # From the state of one symbol to the next; nothing where they share one.
        shared = isinstance(self.strategy, LegsStrategy)
        self.stride = 0 if shared else self.states.nbytes // max(1, len(own))
        self.more_stride = 0 if self.more is None else self.more.nbytes // max(1, len(own))


def _numbers(memory: array[int]) -> NDArray[np.int64]:
    return np.frombuffer(memory, np.int64)


class KernelReplay(SegmentReplay):
    """Replay a tape from decision to decision."""

    def __init__(self, stage: Stage, first: Tape) -> None:
        """Compile the kernels, or find them compiled.

        Args:
            stage: What is moved; its strategies are all kernels.
            first: The first piece of tape.

        Raises:
            StrategyError: When one cannot be compiled.
        """
        strategies = [kernel for _, kernel in _kernels_in(stage)]
        single = len(stage.instruments) == 1
        found = build(strategies, single=single)
        self._scan = found.scan
        self.note = found.note
        super().__init__(stage, first)
        self._kernels: list[Kernel] = []
        self._connected = False
        self._packed = np.zeros(at.FIRST + len(strategies) * at.EACH, np.int64)
        self._pack = self._packed.data
        self._last_rows = np.full(len(stage.instruments), -1, np.int64)
        self._rows_seen = self._last_rows.data
        self._scales = np.array([i.price_scale for i in stage.instruments], np.float64)
        self._sees_holdings = any(
            _SEES_HOLDINGS & names_in_function(kernel_function(type(strategy)))
            for strategy in strategies
        )
        self._noted_at = 0
        self._held: tuple[Any, ...] = ()

    def _fields_of(self, stage: Stage) -> tuple[str, ...]:
        return ()

    def _make_barriers(self, stage: Stage, first: Tape) -> Barriers:
        return Barriers(stage)

    def _read_handlers(self) -> None:
        """Leave out strategies that were disabled meanwhile."""
        before = self._changes
        super()._read_handlers()
        if before != self._changes and before >= 0:
            for kernel in self._kernels:
                if not kernel.running.enabled:
                    kernel.numbers[:] = -1

    # --- the tape, piece by piece --------------------------------------------------------------

    def _connect(self) -> None:
        """Point the scan at everything it works on; the strategies are bound by now."""
        stage = self._stage
        for running, _ in _kernels_in(stage):
            by_symbol = [
                next((s for s in slots if s.running is running), None) for slots in self._slots
            ]
            self._kernels.append(Kernel(running, by_symbol))
            if not running.enabled:
                self._kernels[-1].numbers[:] = -1
        self._gates = Gates([kernel.slots for kernel in self._kernels])
        pack = self._pack
        pack[at.COUNT] = len(stage.instruments)
        pack[at.TABLE] = _address(self._barriers.table)
        pack[at.SUMS] = _address(self._barriers.totals)
        pack[at.SCALES] = _address(self._scales)
        pack[at.ROWS] = _address(self._last_rows)
        pack[at.GATES] = _address(self._gates.cells)
        for n, kernel in enumerate(self._kernels):
            first = at.FIRST + n * at.EACH
            pack[first + at.STATES] = _address(kernel.states)
            pack[first + at.BYTES] = kernel.stride
            pack[first + at.PARAMS] = _address(kernel.params)
            pack[first + at.NUMBERS] = _address(kernel.numbers)
            if kernel.more is not None:
                pack[first + at.MORE] = _address(kernel.more)
                pack[first + at.MORE_BYTES] = kernel.more_stride

    def _begin(self, tape: Tape) -> None:
        if not self._connected:
            self._connect()
            self._connected = True
        columns = [
            np.ascontiguousarray(getattr(tape, name))
            for name in ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
        ]
        self._held = tuple(columns)
        pack = self._pack
        pack[at.LENGTH] = len(tape)
        for place, column in zip(range(at.TS, at.SIZE + 1), columns, strict=True):
            pack[place] = _address(column)
        self._last_rows[:] = -1
        pack[at.CHECKED] = -1
        self._barriers.begin(tape, columns[5])
        self._gates.load()

    def _end(self) -> None:
        self._gates.tell_muted()

    def _block(self, tape: Tape, start: int, stop: int) -> None:
        """Replay rows from decision to decision."""
        clock, ts, pack = self._stage.clock, self._columns.ts, self._pack
        tickers, seen = self._tickers, self._rows_seen
        row = start
        self._note(row)
        while row < stop:
            due = clock.next_ns
            if due <= ts[row] and pack[at.CHECKED] != row:
                self._settle(row, wake=False)
                clock.advance(ts[row])
                self._after()
                due = clock.next_ns
            if self._sees_holdings:
                self._note(row)
            for ticker in self._awake:
                ticker.sleep()
            self._awake.clear()
            pack[at.ROW] = row
            pack[at.END] = stop
            pack[at.DUE] = due
            error: BaseException | None = None
            try:
                row = self._scan(self._packed)
                reason = pack[at.REASON]
            except FAULTS as raised:  # a kernel may raise anything
                error, reason = raised, at.AT_ODD_VALUE
                row = int(self._last_rows.max())
            for number, ticker in enumerate(tickers):
                ticker.row = seen[number]
            if reason == at.AT_END:
                self._barriers.moved(row)
            elif reason == at.AT_BARRIER:
                self._barriers.moved(row)
                if self._market(row):
                    # The kernels go on from this very row.
                    pack[at.CHECKED] = row
                else:
                    row += 1
            else:
                self._barriers.moved(row + 1)
                self._decide(row, reason, error)
                row += 1

    def _after(self) -> None:
        """Look at the world again, after anything may have changed."""
        self._read_handlers()
        self._barriers.load()
        self._gates.load()

    def _market(self, row: int) -> bool:
        """Take one row through everything but the strategies; say whether they must see it."""
        self._settle(row)
        self._feed(row)
        self._done = self._fed = row + 1
        unseen = self._rows.market(self._tape, self._columns, row)
        self._rows_seen[self._columns.sym[row]] = row
        self._after()
        return unseen

    def _decide(self, row: int, reason: int, error: BaseException | None) -> None:
        """Do what a kernel wants, then let the strategies behind it see the row."""
        place, value = self._pack[at.PLACE], self._pack[at.VALUE]
        kernel = self._kernels[place]
        number = self._columns.sym[row]
        slot = kernel.slots[number]
        assert slot is not None
        trader, ticker = self._stage.trader, self._tickers[number]
        slots = self._enabled[number]
        behind = slots[slots.index(slot) + 1 :]
        if reason == at.AT_SIGNAL:
            self._settle(row + 1)
            try:
                answer = kernel.strategy.answer(value, ticker)
            except FAULTS as raised:  # a person's code may raise anything
                trader.disable(slot.running, raised)
            else:
                if answer is not None:
                    trader.desk.decide(slot, answer)
        else:
            self._go_back(kernel, row)
            self._settle(row + 1)
            # As Python it fails in the same way, and says on which line.
            trader.show([slot], ticker)
            if slot.running.enabled and error is not None:
                trader.disable(slot.running, error)
        trader.show(behind, ticker)
        self._after()

    # --- when a kernel fails -------------------------------------------------------------------

    def _note(self, row: int) -> None:
        self._noted_at = row
        for kernel in self._kernels:
            for noted, memory in zip(kernel.noted, kernel.memories, strict=True):
                np.copyto(noted, memory)

    def _go_back(self, kernel: Kernel, row: int) -> None:
        """Bring a kernel's states to just before a row: what it did in it must not count."""
        for noted, memory in zip(kernel.noted, kernel.memories, strict=True):
            np.copyto(memory, noted)
        sym, numbers = self._columns.sym, kernel.numbers
        for earlier in range(self._noted_at, row):
            if numbers[sym[earlier]] >= 0:
                ticker = self._tickers[sym[earlier]]
                ticker.row = earlier
                kernel.strategy.run_kernel(ticker)
        for number, ticker in enumerate(self._tickers):
            ticker.row = self._rows_seen[number]


def _kernels_in(stage: Stage) -> list[tuple[Running, KernelStrategy]]:
    """List the strategies whose kernels look at ticks, in the order in which they do."""
    return [
        (running, running.strategy)
        for running in stage.trader.manager.running
        if isinstance(running.strategy, KernelStrategy) and running.strategy.sees_ticks
    ]


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])
