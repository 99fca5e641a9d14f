"""Kernel strategies: one small function that runs as Python live and compiled over a tape."""

from __future__ import annotations

import datetime as dt
import inspect
from abc import abstractmethod
from array import array
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ikbr.domain.errors import StrategyError
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.strategies.base_strategy import Answer, BaseStrategy
from ikbr.strategies.context import StrategyContext
from ikbr.strategies.kernel_layout import Cells, Layout, cells

if TYPE_CHECKING:
    from ikbr.strategies.running import Running

__all__ = ["TICK_FIELDS", "Cells", "KernelStrategy", "Tick", "cells"]

TICK_FIELDS = (
    "bid",
    "ask",
    "last",
    "bid_size",
    "ask_size",
    "last_size",
    "ts_ns",
    "is_print",
    "number",
    "position",
    "pending",
)
"""What a kernel sees of a tick, in the order of the compiled form."""


class Tick:
    """Show a ticker to a kernel that runs as Python: the same fields as the compiled form.

    Attributes:
        ticker: What is shown.
        number: Number of its symbol among the strategy's.
        state: The state of that symbol.
    """

    __slots__ = ("_strategy", "number", "state", "ticker")

    def __init__(self, strategy: KernelStrategy, ticker: Ticker, number: int, state: Any) -> None:
        """Show a ticker."""
        self._strategy = strategy
        self.ticker = ticker
        self.number = number
        self.state = state

    @property
    def bid(self) -> float:
        """The standing bid; NaN while unknown."""
        return self.ticker.bid

    @property
    def ask(self) -> float:
        """The standing ask; NaN while unknown."""
        return self.ticker.ask

    @property
    def last(self) -> float:
        """The last price; NaN while unknown."""
        return self.ticker.last

    @property
    def bid_size(self) -> int:
        """The size displayed at the bid."""
        return self.ticker.bid_size

    @property
    def ask_size(self) -> int:
        """The size displayed at the ask."""
        return self.ticker.ask_size

    @property
    def last_size(self) -> int:
        """The size of this print; 0 for a quote."""
        return self.ticker.last_size

    @property
    def ts_ns(self) -> int:
        """When, ns UTC."""
        return self.ticker.ts_ns

    @property
    def is_print(self) -> bool:
        """Whether this is a print (else a quote)."""
        return self.ticker.is_print

    @property
    def position(self) -> int:
        """The strategy's own signed position in the symbol."""
        return self._strategy.position(self.ticker.symbol)

    @property
    def pending(self) -> int:
        """The signed quantity that its orders in the symbol have still to fill."""
        return self._strategy.pending(self.ticker.symbol)


class KernelStrategy(BaseStrategy):
    """Decide in one function of numbers, which a backtest compiles.

    Declare the `state` that is kept per symbol and write `on_tick` as a static function in
    Numba's subset of Python. Live, on paper and with `--no-compile` it is called as it stands;
    a backtest runs it compiled over the tape. `docs/kernels.md` says what is allowed.

    Attributes:
        state: The fields of the state with their initial values: numbers, or
            `cells(length, initial)` for several of them.
        opposite: What the answers of a strategy's own `signal` amount to: "reverse", as by
            default, a BUY or a SELL; "flat", the same, but FLAT against what is held. "" leaves
            it open; then the compiled grid leaves the strategy to the engine.
    """

    state: Mapping[str, Any] = {}
    opposite: str = ""

    sees_ticks = True
    kernel_name = "on_tick"
    kernel_arguments: tuple[str, ...] = ("state", "params", "tick")

    _layout: Layout
    _rows: array[int]
    _states: Mapping[str, Any] = {}
    _ticks: dict[str, Tick]
    _kernel: Callable[..., Any]
    _numbers: Any
    _number_layout: Layout
    _number_rows: array[int]

    @staticmethod
    @abstractmethod
    def on_tick(state: Any, params: Any, tick: Any) -> int:
        """Look at a tick.

        Args:
            state: The symbol's row of the declared state; what is written stays.
            params: The strategy's parameters that are numbers.
            tick: What happened, with the `TICK_FIELDS`.

        Returns:
            +1 to buy, -1 to sell, 0 for nothing.
        """

    def signal(self, value: int, state: Any, ticker: Ticker) -> Answer:
        """Turn what the kernel returned into a decision; called only when it is not 0.

        A strategy that overrides this is asked every time, even when nothing can come of it.

        Args:
            value: +1 or -1.
            state: The symbol's state.
            ticker: The symbol's ticker.

        Returns:
            By default a BUY or SELL at the last price, with `reason`.
        """
        price = ticker.last
        if price != price:
            price = ticker.market_price()
        action: Any = "BUY" if value > 0 else "SELL"
        return Signal(action, ticker.symbol, price, 1.0, self.reason(value, state, ticker))

    def reason(self, value: int, state: Any, ticker: Ticker) -> str:
        """Say in words why the kernel signalled; called only where something is decided."""
        return ""

    def kernel_params(self) -> Mapping[str, Any]:
        """Give the numbers that the kernel sees as `params`: by default the parameters."""
        return {n: v for n, v in self.params.items() if isinstance(v, int | float)}

    @property
    def states(self) -> Mapping[str, Any]:
        """The state by symbol; empty before the run began."""
        return self._states

    @property
    def memory(self) -> array[int]:
        """The states of all symbols, as the compiled form reads and writes them."""
        return self._rows

    @property
    def numbers(self) -> array[int]:
        """The parameters, as the compiled form reads them."""
        return self._number_rows

    # --- the same function, called per tick ----------------------------------------------------

    def bind(self, context: StrategyContext) -> None:
        """Connect it with the pipeline, and start from fresh states."""
        super().bind(context)
        who = type(self).__name__
        self._kernel = kernel_function(type(self))
        values = self._take_numbers()
        self._layout = Layout(who, self.state, values)
        self._rows = self._layout.rows(self.rows_of(len(context.symbols)))
        self._states = {
            symbol: self._layout.view(self._rows, min(number, self.rows_of(number + 1) - 1))
            for number, symbol in enumerate(context.symbols)
        }
        self._ticks = {}

    def _take_numbers(self) -> Mapping[str, Any]:
        values = self.kernel_params()
        self._number_layout = Layout(f"{type(self).__name__}.kernel_params", values)
        self._number_rows = self._number_layout.rows(1)
        self._numbers = self._number_layout.view(self._number_rows, 0, fixed=True)
        return values

    def on_parameter(self, name: str, value: Any) -> None:
        """Take another value of a parameter, and let the kernel see it."""
        super().on_parameter(name, value)
        self._take_numbers()

    def rows_of(self, symbols: int) -> int:
        """Say how many rows of state so many symbols need."""
        return symbols

    def on_market_data(self, ticker: Ticker) -> Answer:
        """Run the kernel on a tick."""
        value = self.run_kernel(ticker)
        if value == 0:
            return None
        return self.answer(value, ticker)

    def run_kernel(self, ticker: Ticker) -> Any:
        """Run the kernel on a tick; give what it returned, whatever that is."""
        tick = self._tick_of(ticker)
        return self._kernel(tick.state, self._numbers, tick)

    def _tick_of(self, ticker: Ticker) -> Tick:
        tick = self._ticks.get(ticker.symbol)
        if tick is None or tick.ticker is not ticker:
            number = self.symbols.index(ticker.symbol)
            tick = Tick(self, ticker, number, self._states[ticker.symbol])
            self._ticks[ticker.symbol] = tick
        return tick

    def answer(self, value: Any, ticker: Ticker) -> Answer:
        """Turn a value that the kernel returned into a decision.

        Raises:
            StrategyError: When it is none that a kernel may return.
        """
        if value not in (-1, 1):
            raise StrategyError(
                f"{type(self).__name__}.{self.kernel_name} returned {value!r} for "
                f"{ticker.symbol} at {_moment(ticker.ts_ns)}; return -1, 0 or 1."
            )
        return self.signal(int(value), self._states[ticker.symbol], ticker)


def is_kernel(strategy: object) -> bool:
    """Say whether a strategy is a kernel, and nothing else sees its ticks."""
    if not isinstance(strategy, KernelStrategy) or "on_market_data" in vars(strategy):
        return False
    return type(strategy).on_market_data is KernelStrategy.on_market_data


def all_kernels(running: Iterable[Running]) -> bool:
    """Say whether every running strategy is a kernel."""
    return all(is_kernel(one.strategy) for one in running)


def kernel_function(cls: type[KernelStrategy]) -> Callable[..., Any]:
    """Give the kernel of a class as the Python function it was written as.

    Raises:
        StrategyError: When it is no plain function of the right arguments.
    """
    written = getattr(cls, cls.kernel_name)
    # A person may have compiled it already; what they wrote is what counts.
    function = getattr(written, "py_func", written)
    code = getattr(function, "__code__", None)
    suspends = inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function)
    many = len(cls.kernel_arguments)
    if code is None or code.co_argcount != many or code.co_kwonlyargcount or suspends:
        raise StrategyError(
            f"{cls.__name__}.{cls.kernel_name} must be a plain function of {_COUNTED[many]} "
            f"arguments; write `@staticmethod` and "
            f"`def {cls.kernel_name}({', '.join(cls.kernel_arguments)}) -> int`."
        )
    plain: Callable[..., Any] = function
    return plain


_COUNTED = {3: "three", 4: "four"}


def _moment(ts_ns: int) -> str:
    seconds, rest = divmod(ts_ns, 1_000_000_000)
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S}.{rest:09d} UTC"
