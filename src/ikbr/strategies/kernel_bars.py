"""Kernels on bars: one function of numbers, called at the close of every bar."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from ikbr.domain.events import Bar
from ikbr.domain.ticker import Ticker
from ikbr.strategies.base_strategy import Answer
from ikbr.strategies.kernel import KernelStrategy


class BarKernelStrategy(KernelStrategy):
    """Decide at the close of bars in one function of numbers.

    As `KernelStrategy`, but `on_close` is called instead, with each of the strategy's `bars`.
    Between bars a backtest looks at orders and limits only, compiled: bars are few, so that the
    function itself need not be.
    """

    bars = ("1min",)
    kernel_name = "on_close"
    kernel_arguments = ("state", "params", "bar")
    sees_ticks = False

    @staticmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        """Do nothing between bars."""
        return 0

    @staticmethod
    @abstractmethod
    def on_close(state: Any, params: Any, bar: Any) -> int:
        """Look at a bar that closed.

        Args:
            state: The symbol's row of the declared state; what is written stays.
            params: The strategy's parameters that are numbers.
            bar: Its open, high, low, close, volume, count, vwap, start_ns and end_ns.

        Returns:
            +1 to buy, -1 to sell, 0 for nothing.
        """

    def run_kernel(self, ticker: Ticker) -> Any:
        """Do nothing at a tick."""
        return 0

    def on_bar(self, bar: Bar) -> Answer:
        """Run the kernel on a bar."""
        value = self._kernel(self._states[bar.symbol], self._numbers, bar)
        if value == 0:
            return None
        return self.answer(value, self.ticker(bar.symbol))
