"""The manager: many strategies at once, each with its own books, none able to hurt another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from ikbr.domain.errors import StrategyError, nearest
from ikbr.domain.events import Alert
from ikbr.domain.instrument import Instrument
from ikbr.domain.portfolio import Portfolio
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.context import StrategyContext
from ikbr.strategies.running import FAULTS, Failure, Running, StrategyStats, failure_of

__all__ = ["Running", "StrategyManager"]

_SHARE_TOLERANCE = 1e-9
"""Shares such as three thirds may exceed 1 by rounding."""


class StrategyManager:
    """Keep the strategies of one account.

    Attributes:
        running: All instances, in the order they were added, disabled ones too.
        by_symbol: The instances that run on a symbol, in the same order; whoever walks it
            skips those that are not `enabled`.
        changes: How often a strategy was disabled or enabled; whoever keeps a list of the
            enabled ones looks at this.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        capital_micro: int,
        base: str = "USD",
        fx: Mapping[str, float] | None = None,
    ) -> None:
        """Start without strategies.

        Args:
            instruments: What may be held, by symbol.
            capital_micro: The account's opening capital in the base currency, millionths.
            base: The base currency.
            fx: Value of one unit of other currencies in the base currency.
        """
        self._instruments = instruments
        self._capital_micro = capital_micro
        self._base = base
        self._fx = dict(fx or {})
        self._started = False
        self.changes = 0
        self._by_name: dict[str, Running] = {}
        self.running: list[Running] = []
        self.by_symbol: dict[str, list[Running]] = {}

    def add(
        self, strategy: BaseStrategy, name: str, symbols: Sequence[str], share: float = 1.0
    ) -> Running:
        """Take a strategy into service.

        Args:
            strategy: The object that decides; each instance needs its own.
            name: Unique name of the instance.
            symbols: What it runs on.
            share: Its share of the capital, in (0, 1]; all shares sum to 1 at most.

        Returns:
            The running instance.

        Raises:
            StrategyError: When something of this does not hold, or the run has begun.
        """
        self._check(strategy, name, symbols, share)
        books = Portfolio(
            self._instruments, round(self._capital_micro * share), self._base, self._fx
        )
        running = Running(strategy, name, tuple(symbols), share, books)
        self.running.append(running)
        self._by_name[name] = running
        for symbol in symbols:
            self.by_symbol.setdefault(symbol, []).append(running)
        return running

    def _check(
        self, strategy: BaseStrategy, name: str, symbols: Sequence[str], share: float
    ) -> None:
        if self._started:
            raise StrategyError(f"strategy {name!r}: add it before the run begins.")
        if name in self._by_name:
            raise StrategyError(f"strategy {name!r} is there already; give each its own name.")
        if any(running.strategy is strategy for running in self.running):
            raise StrategyError(f"strategy {name!r}: its object runs already; make another.")
        if not symbols:
            raise StrategyError(f"strategy {name!r} has no symbols; give at least one.")
        for symbol in symbols:
            if symbol not in self._instruments:
                raise StrategyError(
                    f"strategy {name!r}: symbol {symbol!r} is not loaded; "
                    f"{nearest(symbol, self._instruments)}"
                )
        if len(set(symbols)) < len(symbols):
            raise StrategyError(f"strategy {name!r} names a symbol twice: {', '.join(symbols)}.")
        given = sum(running.share for running in self.running)
        if not 0 < share <= 1 - given + _SHARE_TOLERANCE:
            raise StrategyError(
                f"strategy {name!r}: capital share {share:g} must be more than 0 and at most "
                f"{max(0.0, 1 - given):g}, what the other strategies leave."
            )

    def get(self, name: str) -> Running:
        """Give an instance by name.

        Raises:
            StrategyError: When there is none.
        """
        running = self._by_name.get(name)
        if running is None:
            raise StrategyError(f"no strategy is called {name!r}; {nearest(name, self._by_name)}")
        return running

    def start(self, context_factory: Callable[[Running], StrategyContext]) -> None:
        """Connect every strategy with the pipeline; `on_start` is the pipeline's to call.

        Args:
            context_factory: Makes the context of an instance.
        """
        self._started = True
        for running in self.running:
            running.strategy.bind(context_factory(running))

    # --- in and out of service -----------------------------------------------------------------

    def disable(self, running: Running, cause: BaseException | str, now_ns: int) -> Alert:
        """Take a strategy out of service; its positions and books stay.

        Args:
            running: Which.
            cause: What it raised, or a person's reason.
            now_ns: When, ns UTC.

        Returns:
            What to tell people.
        """
        if isinstance(cause, str):
            failure = Failure(now_ns, "", cause)
        else:
            failure = failure_of(running.strategy, cause, now_ns)
        running.enabled = False
        self.changes += 1
        running.failure = failure
        severity = "critical" if failure.kind else "warning"
        source = f"strategy {running.name}"
        return Alert(now_ns, severity, source, f"{running.name} was disabled: {failure}")

    def enable(self, name: str, now_ns: int) -> Alert:
        """Put a strategy back into service.

        Returns:
            What to tell people.
        """
        running = self.get(name)
        running.enabled = True
        self.changes += 1
        running.failure = None
        return Alert(now_ns, "info", f"strategy {name}", f"{name} was enabled.", over=True)

    def cleanup_due(self, now_ns: int) -> list[Alert]:
        """Let the strategies whose time has come forget old data.

        Cheap enough to be called often. The first call only starts the count.

        Returns:
            An alert for each that raised and was disabled.
        """
        alerts = []
        for running in self.running:
            if not running.enabled or now_ns < running.next_cleanup_ns:
                continue
            is_first = not running.next_cleanup_ns
            running.next_cleanup_ns = now_ns + round(running.strategy.cleanup_every_s * 1e9)
            if is_first:
                continue
            try:
                running.clear_old_data()
            except FAULTS as error:  # a person's code may raise anything
                alerts.append(self.disable(running, error, now_ns))
        return alerts

    # --- what it comes to ----------------------------------------------------------------------

    def net_positions(self) -> dict[str, int]:
        """Sum the virtual positions; this is what the account must hold."""
        total: Counter[str] = Counter()
        for running in self.running:
            for symbol, position in running.books.positions.items():
                total[symbol] += position.quantity
        return {symbol: quantity for symbol, quantity in total.items() if quantity}

    def stats(self) -> list[StrategyStats]:
        """Sum up each instance, in order; the books must have been marked."""
        return [running.stats() for running in self.running]
