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

Known = tuple[int, int, bool]


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
        self._slots: list[tuple[int, Slot, Signal, Signal]] = []
        for at, slot in enumerate(slot for own in slots for slot in own):
            if slot is None:
                continue
            symbol = slot.instrument.symbol
            buy, sell = Signal("BUY", symbol, 0.0), Signal("SELL", symbol, 0.0)
            self._slots.append((at * GATE, slot, buy, sell))
            # Whoever makes signals of its own must be asked about each.
            strategy = type(slot.running.strategy)
            assert issubclass(strategy, KernelStrategy)
            self._view[at * GATE + GATED] = strategy.signal is KernelStrategy.signal

    def load(self) -> None:
        """Copy the gates anew, after anything may have changed them."""
        view = self._view
        for at, slot, buy, sell in self._slots:
            view[at + MUTE_BUY] = slot.mute_buy_ns
            view[at + MUTE_SELL] = slot.mute_sell_ns
            position = slot.position
            pending = slot.in_flight if slot.entries else 0
            if (
                position == view[at + POSITION]
                and pending == view[at + PENDING]
                and view[at + BUY_OPEN] | view[at + SELL_OPEN]
            ):
                continue
            view[at + POSITION] = position
            view[at + PENDING] = pending
            # At the end of time nothing is muted: what is left is what is held and in flight.
            view[at + BUY_OPEN] = not slot.is_idle(buy, NEVER)
            view[at + SELL_OPEN] = not slot.is_idle(sell, NEVER)

    def tell_muted(self) -> None:
        """Give the slots the count of signals that were not asked because they were muted."""
        view = self._view
        for at, slot, _, _ in self._slots:
            slot.muted += view[at + MUTED]
            view[at + MUTED] = 0
