"""The gates: which signals of a kernel can matter now, copied from the slots that decide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ikbr.backtest.kernel_scan import (
    BUY_OPEN,
    GATE,
    GATED,
    MUTE_BUY,
    MUTE_SELL,
    MUTED,
    PENDING,
    POSITION,
    SELL_OPEN,
)
from ikbr.core.slot import Slot
from ikbr.domain.signal import Signal
from ikbr.domain.timers import NEVER
from ikbr.strategies.kernel import KernelStrategy
from ikbr.strategies.kernel_legs import LegsStrategy
from ikbr.strategies.kernel_orders import OrdersStrategy

KNOWN = 1_000
"""Holdings for which a gate remembers what the slot said."""


class _Gate:
    """Note what a gate was copied from."""

    __slots__ = (
        "at",
        "buy",
        "known",
        "legs",
        "mute_buy_ns",
        "mute_sell_ns",
        "number",
        "orders",
        "pending",
        "position",
        "sell",
        "slot",
    )

    def __init__(self, at: int, slot: Slot) -> None:
        symbol = slot.instrument.symbol
        self.at = at
        self.slot = slot
        self.buy, self.sell = Signal("BUY", symbol, 0.0), Signal("SELL", symbol, 0.0)
        self.known: dict[int, tuple[bool, bool]] = {}
        self.mute_buy_ns = self.mute_sell_ns = self.position = self.pending = 0
        strategy = slot.running.strategy
        self.legs = strategy.legs if isinstance(strategy, LegsStrategy) else None
        self.orders = strategy.records(symbol) if isinstance(strategy, OrdersStrategy) else None
        self.number = slot.running.symbols.index(symbol)


class Gates:
    """Keep the scan's gates equal to what the slots say.

    Attributes:
        cells: Gate by gate, those of the first kernel first, each in the order of the symbols.
    """

    def __init__(self, slots: Sequence[Sequence[Slot | None]]) -> None:
        """Make a gate for every slot.

        Args:
            slots: By kernel, then by symbol; None where a kernel does not run.
        """
        count = sum(len(own) for own in slots)
        self.cells = np.zeros(max(1, count) * GATE, np.int64)
        self._view = self.cells.data
        self._gates: list[_Gate] = []
        for place, slot in enumerate(slot for own in slots for slot in own):
            if slot is None:
                continue
            gate = _Gate(place * GATE, slot)
            self._gates.append(gate)
            strategy = type(slot.running.strategy)
            assert issubclass(strategy, KernelStrategy)
            # Whoever makes signals of its own must be asked about each.
            self._view[gate.at + GATED] = strategy.signal is KernelStrategy.signal
            self._open(gate)

    def load(self) -> None:
        """Copy the gates anew, after anything may have changed them."""
        view = self._view
        for gate in self._gates:
            slot = gate.slot
            if slot.mute_buy_ns != gate.mute_buy_ns or slot.mute_sell_ns != gate.mute_sell_ns:
                view[gate.at + MUTE_BUY] = gate.mute_buy_ns = slot.mute_buy_ns
                view[gate.at + MUTE_SELL] = gate.mute_sell_ns = slot.mute_sell_ns
            if gate.orders is not None:
                gate.orders.halted = slot.ticker.halted
            pending = slot.in_flight if slot.entries else 0
            if slot.position != gate.position or pending != gate.pending:
                view[gate.at + POSITION] = gate.position = slot.position
                view[gate.at + PENDING] = gate.pending = pending
                if gate.legs is not None:
                    gate.legs.position[gate.number] = slot.position
                    gate.legs.pending[gate.number] = pending
                self._open(gate)

    def _open(self, gate: _Gate) -> None:
        """Ask the slot which signals can matter, but for the muted ones."""
        held = gate.position + gate.pending
        found = gate.known.get(held)
        if found is None:
            if len(gate.known) >= KNOWN:
                gate.known.clear()
            # At the end of time nothing is muted: what is left is what is held and in flight.
            slot = gate.slot
            found = not slot.is_idle(gate.buy, NEVER), not slot.is_idle(gate.sell, NEVER)
            gate.known[held] = found
        self._view[gate.at + BUY_OPEN], self._view[gate.at + SELL_OPEN] = found

    def tell_muted(self) -> None:
        """Give the slots the count of signals that were not asked because they were muted."""
        view = self._view
        for gate in self._gates:
            gate.slot.muted += view[gate.at + MUTED]
            view[gate.at + MUTED] = 0
