"""A running instance: a strategy with its name, symbols, share of the capital and own books."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ikbr.domain.instrument import MICRO
from ikbr.domain.portfolio import Portfolio
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.drive import wrap

FAULTS = (Exception, SystemExit)
"""What a person's code may raise without ending anything but its own strategy."""


class Failure(msgspec.Struct, frozen=True):
    """Record why a strategy was disabled.

    Attributes:
        ts_ns: When, ns UTC.
        kind: Type of the exception; "" when a person disabled it.
        message: What it said.
        where: "file:line" of the strategy's own code; "" if none was involved.
        line: The text of that line.
    """

    ts_ns: int
    kind: str
    message: str
    where: str = ""
    line: str = ""

    def __str__(self) -> str:
        """Say it in a sentence."""
        text = f"{self.kind}: {self.message}" if self.kind else self.message
        if self.where:
            text += f" (at {self.where}" + (f": {self.line})" if self.line else ")")
        return text


class StrategyStats(msgspec.Struct, frozen=True):
    """Sum up one running instance; money in the base currency.

    Attributes:
        name, strategy: Of the instance and of its class.
        symbols, share, params: What it was given.
        enabled, reason_disabled: Whether it runs, and if not, why.
        capital, equity: Its opening capital and what its books are worth.
        realised, unrealised, fees: Profit without fees, and the fees.
        positions: Signed quantities that are not 0.
        description: What the strategy says of itself.
    """

    name: str
    strategy: str
    symbols: tuple[str, ...]
    share: float
    params: Mapping[str, Any]
    enabled: bool
    reason_disabled: str
    capital: float
    equity: float
    realised: float
    unrealised: float
    fees: float
    positions: Mapping[str, int]
    description: Mapping[str, Any]

    @property
    def pnl(self) -> float:
        """Profit after fees."""
        return self.equity - self.capital


class Running:
    """Hold a strategy in service; its hooks are wrapped once, so that each is a plain call.

    Attributes:
        strategy: The object that decides.
        name, symbols, share: What it was given.
        capital_micro: Its opening capital in the base currency, millionths.
        books: Its own virtual positions and profit; with the others' they net to the account's.
        enabled: Whether it is asked at all.
        failure: Why it is disabled, else None.
        hears_bars, hears_fills, hears_orders: Whether it overrides the hook; others cost
            nothing.
        next_cleanup_ns: When `clear_old_data` is due; 0 before the first look at the time.
    """

    __slots__ = (
        "books",
        "calculate_position_size",
        "capital_micro",
        "clear_old_data",
        "enabled",
        "failure",
        "hears_bars",
        "hears_fills",
        "hears_orders",
        "name",
        "next_cleanup_ns",
        "on_bar",
        "on_fill",
        "on_market_data",
        "on_order_update",
        "on_start",
        "on_stop",
        "on_timer",
        "share",
        "strategy",
        "symbols",
    )

    def __init__(
        self,
        strategy: BaseStrategy,
        name: str,
        symbols: tuple[str, ...],
        share: float,
        books: Portfolio,
    ) -> None:
        """Take a strategy into service."""
        self.strategy = strategy
        self.name = name
        self.symbols = symbols
        self.share = share
        self.books = books
        self.capital_micro = books.equity_micro()
        self.enabled = True
        self.failure: Failure | None = None
        self.next_cleanup_ns = 0
        self.on_market_data: Callable[..., Any] = wrap(strategy.on_market_data)
        self.on_bar: Callable[..., Any] = wrap(strategy.on_bar)
        self.on_fill: Callable[..., Any] = wrap(strategy.on_fill)
        self.on_order_update: Callable[..., Any] = wrap(strategy.on_order_update)
        self.on_timer: Callable[..., Any] = wrap(strategy.on_timer)
        self.on_start: Callable[..., Any] = wrap(strategy.on_start)
        self.on_stop: Callable[..., Any] = wrap(strategy.on_stop)
        self.calculate_position_size: Callable[..., Any] = wrap(strategy.calculate_position_size)
        self.clear_old_data: Callable[..., Any] = wrap(strategy.clear_old_data)
        self.hears_bars = _overrides(strategy, "on_bar")
        self.hears_fills = _overrides(strategy, "on_fill")
        self.hears_orders = _overrides(strategy, "on_order_update")

    @property
    def capital(self) -> float:
        """Its opening capital in the base currency."""
        return self.capital_micro / MICRO

    @property
    def reason_disabled(self) -> str:
        """Why it is disabled; "" while it is not."""
        return "" if self.failure is None else str(self.failure)

    def stats(self) -> StrategyStats:
        """Sum it up as it stands; its books must have been marked."""
        books = self.books
        realised = unrealised = fees = 0
        for position in books.positions.values():
            currency = position.instrument.currency
            realised += books.to_base(position.realised_micro, currency)
            unrealised += books.to_base(position.unrealised_micro, currency)
            fees += books.to_base(position.fees_micro, currency)
        return StrategyStats(
            name=self.name,
            strategy=type(self.strategy).__name__,
            symbols=self.symbols,
            share=self.share,
            params=self.strategy.params,
            enabled=self.enabled,
            reason_disabled=self.reason_disabled,
            capital=self.capital,
            equity=books.equity,
            realised=realised / MICRO,
            unrealised=unrealised / MICRO,
            fees=fees / MICRO,
            positions={s: p.quantity for s, p in books.positions.items() if p.quantity},
            description=self.describe(),
        )

    def describe(self) -> Mapping[str, Any]:
        """Give what the strategy says of itself, or why it could not."""
        try:
            return dict(self.strategy.describe())
        except FAULTS as error:  # a person's code may raise anything
            return {"describe failed": f"{type(error).__name__}: {error}"}

    def __repr__(self) -> str:
        """Show it in a line."""
        state = "enabled" if self.enabled else "disabled"
        return f"Running({self.name!r} on {', '.join(self.symbols)}, {state})"


def failure_of(strategy: BaseStrategy, error: BaseException, ts_ns: int) -> Failure:
    """Record an exception with the innermost line of the strategy's own code.

    Args:
        strategy: Whose hook raised.
        error: What it raised.
        ts_ns: When, ns UTC.
    """
    own = _files(type(strategy))
    where = line = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename in own:
            where, line = f"{frame.filename}:{frame.lineno}", frame.line or ""
    return Failure(ts_ns, type(error).__name__, str(error), where, line)


def _files(cls: type) -> set[str]:
    """Name the files that a strategy's own code comes from."""
    return {
        function.__code__.co_filename
        for owner in cls.__mro__
        if issubclass(owner, BaseStrategy) and owner is not BaseStrategy
        for function in vars(owner).values()
        if inspect.isfunction(function)
    }


def _overrides(strategy: BaseStrategy, hook: str) -> bool:
    return getattr(type(strategy), hook) is not getattr(BaseStrategy, hook) or hook in vars(
        strategy
    )
