"""The base of every strategy: what it is told, what it may answer, what it may ask."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, Self

from ikbr.domain.errors import StrategyError
from ikbr.domain.events import Bar
from ikbr.domain.order import Fill, Order, OrderRequest
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.strategies.context import StrategyContext, TickHistory
from ikbr.strategies.parameters import Parameter, bind_parameters, describe_parameters
from ikbr.strategies.schedule import Schedule

Decision = Signal | OrderRequest
Answer = Decision | Iterable[Decision] | None
Reply = Answer | Awaitable[Answer]
"""What a hook returns: nothing, one decision or several; plain or from an `async def`."""


class BaseStrategy(ABC):
    """Decide what to hold; everything else is done around it.

    Write `__init__` with typed parameters and defaults, and `on_market_data`. Parameters are
    checked against the annotations; `Annotated[int, Range(2, 500)]` bounds one. Every hook may
    be a plain function or `async def` and may return a `Signal`, an `OrderRequest`, several of
    them, or None. `super().__init__()` need not be called.

    Attributes:
        name: Name of the running instance.
        bars: Which bars `on_bar` gets: "1min", "5min", "1h", "100tick", "10000vol"; none named:
            those of the tape, where it has any (daily data has daily bars).
        warmup: How many past bars (of the first of `bars`) `on_bar` gets before the start;
            what it answers to them is dropped.
        allow_short: Whether a SELL may go short; else it means flat.
        schedule: When it may enter and when it must be flat.
        stop_loss_pct: Distance of a protective stop attached to every entry, as a fraction of
            the entry price; 0 for none.
        cleanup_every_s: How often `clear_old_data` is called, seconds.
    """

    name: str = ""
    bars: tuple[str, ...] = ()
    warmup: int = 0
    allow_short: bool = False
    schedule: Schedule = Schedule()
    stop_loss_pct: float = 0.0
    cleanup_every_s: float = 3600.0

    _context: StrategyContext | None = None
    _arguments: Mapping[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Check and remember the parameters, whatever `__init__` does with them."""
        self = super().__new__(cls)
        self._arguments = bind_parameters(cls, args, kwargs)
        return self

    def __init__(self) -> None:  # noqa: B027 - most strategies write their own
        """Take no parameters."""

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Let copies and other processes make the same strategy again."""
        return (), dict(self._arguments)

    # --- what it is told -----------------------------------------------------------------------

    @abstractmethod
    def on_market_data(self, ticker: Ticker) -> Reply:
        """Hear that a ticker changed.

        Args:
            ticker: Its standing state; the same object is updated in place.

        Returns:
            What to do, if anything.
        """

    def on_start(self) -> Reply:
        """Hear that the run begins; the context answers from here on."""
        return None

    def on_bar(self, bar: Bar) -> Reply:
        """Hear that one of the `bars` closed."""
        return None

    def on_fill(self, fill: Fill) -> Reply:
        """Hear that one of its orders was filled, in part or whole."""
        return None

    def on_order_update(self, order: Order) -> Reply:
        """Hear that one of its orders changed its state."""
        return None

    def on_timer(self, name: str) -> Reply:
        """Hear that a timer set with `set_timer` is due."""
        return None

    def on_parameter(self, name: str, value: Any) -> None:
        """Take another value of a parameter that is declared changeable, while it runs.

        By default the strategy is made once more with the new value, for whatever its `__init__`
        refuses, and the attribute of that name is set. One that keeps more of it overrides this.

        Args:
            name: Of the parameter.
            value: Of its type, within its range.

        Raises:
            StrategyError: To refuse; nothing may be changed then.
        """
        if name not in vars(self):
            raise StrategyError("it keeps no attribute of that name; write `on_parameter` in it.")
        type(self)(**{**self.params, name: value})
        setattr(self, name, value)

    def on_stop(self) -> Reply:
        """Hear that the run ends; decisions are no longer carried out in a backtest."""
        return None

    def calculate_position_size(self, signal: Signal) -> int | Awaitable[int | None] | None:
        """Size an entry.

        Args:
            signal: What it wants.

        Returns:
            The quantity to hold, 0 to decline; None lets the risk manager size it.
        """
        return None

    def clear_old_data(self) -> None:  # noqa: B027 - there may be nothing to forget
        """Forget what is no longer needed; called every `cleanup_every_s`."""

    def describe(self) -> Mapping[str, Any]:
        """Say in numbers what it saw, for the report; most useful when it did nothing."""
        return {}

    # --- what it may ask -----------------------------------------------------------------------

    def bind(self, context: StrategyContext) -> None:
        """Connect it with the pipeline; called before `on_start`."""
        self._context = context
        self.name = context.name

    @property
    def context(self) -> StrategyContext:
        """The pipeline around it.

        Raises:
            StrategyError: Before the start.
        """
        if self._context is None:
            raise StrategyError(
                f"{type(self).__name__} asks for the market before the run began; do that in "
                f"on_start or later, not in __init__."
            )
        return self._context

    @property
    def params(self) -> dict[str, Any]:
        """The parameters with their values as they are now."""
        own = vars(self)
        return {
            name: own[name] if type(own.get(name)) is type(given) else given
            for name, given in self._arguments.items()
        }

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """Describe the parameters it takes."""
        return describe_parameters(cls)

    @property
    def now_ns(self) -> int:
        """The present, ns UTC."""
        return self.context.now_ns

    @property
    def symbols(self) -> tuple[str, ...]:
        """What it runs on."""
        return self.context.symbols

    @property
    def tickers(self) -> Mapping[str, Ticker]:
        """Its tickers, by symbol."""
        return self.context.tickers

    @property
    def orders(self) -> Sequence[Order]:
        """Its working orders as they stand now (a copy), oldest first."""
        return self.context.orders

    @property
    def equity(self) -> float:
        """What its own books are worth, in the base currency."""
        return self.context.equity

    @property
    def capital(self) -> float:
        """Its opening capital, in the base currency."""
        return self.context.capital

    def ticker(self, symbol: str) -> Ticker:
        """Give the ticker of a symbol."""
        return self.context.tickers[symbol]

    def buffer(self, symbol: str) -> TickHistory:
        """Give the latest prints of a symbol as columns."""
        return self.context.buffer(symbol)

    def position(self, symbol: str) -> int:
        """Give its own signed position."""
        return self.context.position(symbol)

    def pending(self, symbol: str) -> int:
        """Give the signed quantity that its orders have still to fill."""
        return self.context.pending(symbol)

    # --- what it may do ------------------------------------------------------------------------

    def cancel(self, order_id: int) -> None:
        """Ask for the cancellation of one of its orders."""
        self.context.cancel(order_id)

    def modify(
        self,
        order_id: int,
        *,
        limit_price: float | None = None,
        stop_price: float | None = None,
        quantity: int | None = None,
    ) -> None:
        """Change one of its working orders; what is None stays as it is."""
        self.context.modify(
            order_id, limit_price=limit_price, stop_price=stop_price, quantity=quantity
        )

    def set_timer(
        self, name: str, *, at_ns: int | None = None, every_s: float | None = None
    ) -> None:
        """Have `on_timer(name)` called at a time, or every so many seconds.

        Args:
            name: Which; setting a name again replaces it.
            at_ns: When, ns UTC; or
            every_s: how often, seconds.

        Raises:
            StrategyError: Unless exactly one is given.
        """
        if (at_ns is None) == (every_s is None):
            raise StrategyError(f"timer {name!r}: give either at_ns or every_s.")
        if every_s is not None and not every_s > 0:
            raise StrategyError(f"timer {name!r}: every_s = {every_s} must be more than 0.")
        self.context.set_timer(name, at_ns=at_ns, every_s=every_s)

    def cancel_timer(self, name: str) -> None:
        """Forget a timer; harmless when there is none."""
        self.context.cancel_timer(name)

    def log(self, message: str) -> None:
        """Write a line into the run's log."""
        self.context.log(message)
