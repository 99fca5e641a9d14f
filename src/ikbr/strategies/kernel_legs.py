"""Kernels over several symbols: one state, and at every tick the standing prices of every leg."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from typing import Any

from ikbr.domain.ticker import NAN, Ticker
from ikbr.strategies.context import StrategyContext
from ikbr.strategies.kernel import KernelStrategy
from ikbr.strategies.kernel_layout import Layout, cells

LEGS = ("bid", "ask", "last", "position", "pending")
"""What a kernel sees of every leg: the first three as prices, NaN while unknown."""


def legs_layout(symbols: int) -> Layout:
    """Lay out what a kernel sees of so many legs."""
    prices = {name: cells(symbols, NAN) for name in LEGS[:3]}
    return Layout("legs", prices | {name: cells(symbols, 0) for name in LEGS[3:]})


class LegsStrategy(KernelStrategy):
    """Decide about several symbols together in one function of numbers.

    As `KernelStrategy`, but the symbols share one state, and `on_legs` gets `legs` besides: at
    every tick of any symbol, `legs.bid[n]`, `.ask[n]`, `.last[n]`, `.position[n]` and
    `.pending[n]` of the symbol number n, in the order in which they were given. What is to be
    done about which leg is for `signal` to say, which most override.
    """

    kernel_name = "on_legs"
    kernel_arguments = ("state", "params", "tick", "legs")

    _legs: Any
    _legs_rows: array[int]

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        """Do nothing: `on_legs` is called instead."""
        return 0

    @staticmethod
    @abstractmethod
    def on_legs(state: Any, params: Any, tick: Any, legs: Any) -> int:
        """Look at a tick of any leg.

        Args:
            state: The one row of the declared state; what is written stays.
            params: The strategy's parameters that are numbers.
            tick: What happened; `tick.number` says to which leg.
            legs: The standing prices and the holdings of every leg.

        Returns:
            +1, -1, or 0 for nothing.
        """

    @property
    def legs(self) -> Any:
        """What the kernel sees of every leg, as it stands."""
        return self._legs

    @property
    def legs_memory(self) -> array[int]:
        """The same, as the compiled form reads and writes it."""
        return self._legs_rows

    def bind(self, context: StrategyContext) -> None:
        """Connect it with the pipeline, and start from fresh states."""
        super().bind(context)
        layout = legs_layout(len(context.symbols))
        self._legs_rows = layout.rows(1)
        self._legs = layout.view(self._legs_rows, 0, fixed=True)

    def rows_of(self, symbols: int) -> int:
        """Say that one row of state is enough."""
        return 1

    def run_kernel(self, ticker: Ticker) -> Any:
        """Run the kernel on a tick; give what it returned, whatever that is."""
        tick, legs = self._tick_of(ticker), self._legs
        number = tick.number
        for prices, price in (
            (legs.bid, ticker.bid),
            (legs.ask, ticker.ask),
            (legs.last, ticker.last),
        ):
            prices[number] = NAN if price is None else price
        for leg, symbol in enumerate(self.symbols):
            legs.position[leg] = self.position(symbol)
            legs.pending[leg] = self.pending(symbol)
        return self._kernel(tick.state, self._numbers, tick, legs)
