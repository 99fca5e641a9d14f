"""The sets of a grid that run through one compiled loop, and the memory they work on."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ikbr.backtest.grid import layout
from ikbr.backtest.stage import Instance
from ikbr.domain.instrument import MICRO
from ikbr.sim.day_trades import WINDOW
from ikbr.strategies.kernel import KernelStrategy
from ikbr.strategies.kernel_layout import Fields, Layout

ROOM = 65_536
"""Fills that are noted before they are taken away."""
BLOCK = 16_384
"""Rows that one set after the other runs over, so that they stay in the processor's cache."""

ITEM = 8


class Group:
    """Hold the sets whose kernels see the same fields, with all their memory."""

    def __init__(self, state: Fields, params: Fields) -> None:
        """Start without sets.

        Args:
            state: The fields of the kernel's state.
            params: The fields of its parameters.
        """
        self.state = state
        self.params = params
        self.members: list[int] = []
        self.memory: list[tuple[array[int], array[int]]] = []
        self.pieces: list[NDArray[np.int64]] = []

    def start(self, instances: Sequence[Instance], capital: float, sessions: int) -> str:
        """Make everything ready; give what is to be said of the compiled code."""
        from ikbr.backtest.grid.build import build_loop, build_steps

        own = [instances[n] for n in self.members]
        strategy = own[0].strategy
        assert isinstance(strategy, KernelStrategy)
        loaded = build_loop(strategy, self.state, self.params)
        self.scan: Any = loaded.scan
        self.steps: Any = build_steps().scan
        form = layout.set_layout(sessions, WINDOW - 1)
        self.rows = form.rows(len(own))
        self.sets = [form.view(self.rows, k) for k in range(len(own))]
        pool = layout.pool_layout(ROOM)
        self.pool_memory = pool.rows(1)
        self.pool = pool.view(self.pool_memory, 0)
        self.place = layout.ROW.rows(1)
        self.prices = array("q", bytes(3 * BLOCK * ITEM))
        start = self.rows.buffer_info()[0]
        self.set_at = start + np.arange(len(own), dtype=np.int64) * form.width * ITEM
        self.states = np.array([m.buffer_info()[0] for m, _ in self.memory], np.int64)
        self.params_at = np.array([m.buffer_info()[0] for _, m in self.memory], np.int64)
        for k, (one, seen) in enumerate(zip(own, self.sets, strict=True)):
            seen.number = k
            seen.short = one.strategy.allow_short
            seen.leaves = isinstance(one.strategy, KernelStrategy) and (
                one.strategy.opposite == "flat"
            )
            seen.share = one.share
            seen.pool = self.pool_memory.buffer_info()[0]
            seen.cash = seen.peak = seen.day_start = round(capital * MICRO)
        return loaded.note

    def begin(self, terms: array[int], market: array[int]) -> None:
        """Turn to a new piece of tape."""
        held = (terms, self.pool_memory, market, self.place, self.prices)
        at = [memory.buffer_info()[0] for memory in held]
        self.addresses = np.array([self.steps.address, *at], np.int64)
        for one in self.sets:
            one.row = one.next_row = 0

    def run(self, start: int, stop: int) -> None:
        """Run every set over rows of the piece."""
        while True:
            try:
                if self._call(start, stop) < 0:
                    return
            except Exception:  # noqa: BLE001 - a person's kernel may raise anything
                # The engine runs it again, and says what it raised.
                self.sets[self.pool.present].left = layout.LEFT_ERROR
            self._take_fills()

    def settle(self, to_ns: int) -> None:
        """Run what is due by a time in every set."""
        self._call(to_ns, -1)

    def _call(self, start: int, stop: int) -> int:
        return int(self.scan(self.addresses, self.set_at, self.states, self.params_at, start, stop))

    def _take_fills(self) -> None:
        """Take the fills away that were noted."""
        count = self.pool.count * layout.FILL_COLUMNS
        if count:
            found = np.array(self.pool.records[:count], np.int64)
            self.pieces.append(found.reshape(-1, layout.FILL_COLUMNS))
        self.pool.count = 0

    def fills(self) -> list[NDArray[np.int64]]:
        """Give the fills by set."""
        self._take_fills()
        found = np.concatenate([np.zeros((0, layout.FILL_COLUMNS), np.int64), *self.pieces])
        found = found[np.argsort(found[:, layout.FILL_SET], kind="stable")]
        ends = np.searchsorted(found[:, layout.FILL_SET], np.arange(len(self.members) + 1))
        return [found[ends[k] : ends[k + 1]] for k in range(len(self.members))]


def groups_of(instances: Sequence[Instance]) -> list[Group]:
    """Sort parameter sets into groups.

    Args:
        instances: One per parameter set, all with the same kernel strategy.
    """
    groups: dict[tuple[Fields, Fields], Group] = {}
    for number, one in enumerate(instances):
        strategy = one.strategy
        assert isinstance(strategy, KernelStrategy)
        who, values = type(strategy).__name__, strategy.kernel_params()
        params = Layout(f"{who}.kernel_params", values)
        state = Layout(who, strategy.state, values)
        key = state.fields, params.fields
        group = groups.setdefault(key, Group(*key))
        group.members.append(number)
        group.memory.append((state.rows(1), params.rows(1)))
    return list(groups.values())
