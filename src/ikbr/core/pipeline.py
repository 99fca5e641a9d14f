"""The pipeline of a run, wired once: what backtest, paper and live have in common.

Whoever runs it brings the clock, the broker and the market; they say by `standing_mark` what an
instrument is worth now, and may add what happens around fills and sessions on their side.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from ikbr.core.agenda import Agenda
from ikbr.core.event_bus import EventBus
from ikbr.core.last_hop import LastHop
from ikbr.core.margin_gate import MarginGate
from ikbr.core.market_data import MarketData
from ikbr.core.order_manager import OrderManager
from ikbr.core.ports import Broker, Clock, Journal, PreviewingBroker
from ikbr.core.recorder import Recorder
from ikbr.core.risk_manager import RiskManager
from ikbr.core.trader import Trader
from ikbr.core.valuation import Valuation
from ikbr.domain.amendment import Amendment
from ikbr.domain.errors import ConfigError
from ikbr.domain.instrument import Instrument
from ikbr.domain.limit_table import is_counted
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import Fill
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.routing import MARKET_ORDERS, RoutingRules
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.manager import StrategyManager


class Instance(msgspec.Struct, frozen=True):
    """Name one strategy that is to run.

    Attributes:
        strategy: The object that decides.
        name: Unique name of the instance.
        symbols: What it runs on.
        share: Its share of the capital.
    """

    strategy: BaseStrategy
    name: str
    symbols: tuple[str, ...]
    share: float = 1.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Say what a pipeline is to run.

    Attributes:
        instruments: What is traded or held, in the order of their numbers.
        sessions: When it is traded.
        instances: The strategies.
        limits: Of the risk manager.
        routing: How the orders that signals ask for are worked.
        quantity: Size of every entry; 0 for sizing by strategy and risk manager.
        all_hours: Whether orders may fill outside regular hours.
        minutes: Whether minutes matter (not on a tape of daily bars).
    """

    instruments: Sequence[Instrument]
    sessions: Sequence[Session]
    instances: Sequence[Instance]
    limits: RiskLimits
    routing: RoutingRules = MARKET_ORDERS
    quantity: int = 0
    all_hours: bool = False
    minutes: bool = True


class Pipeline(ABC):
    """Wire clock, market data, strategies, risk, orders, books and agenda.

    Attributes:
        instruments: In the order of their numbers.
        number: The number of an instrument by symbol.
        clock: Tells the time.
        journal: Keeps the record.
        trader: What happens from a tick to an order, and from a fill to the books.
        valuation: The equity, tick by tick.
        recorder: Samples for curves and charts.
        agenda: Sessions, bars, minutes.
    """

    def __init__(
        self,
        plan: Plan,
        portfolio: Portfolio,
        *,
        clock: Clock,
        broker: Broker,
        journal: Journal,
        bus: EventBus,
        other_books: Sequence[Portfolio] = (),
    ) -> None:
        """Set everything up; nothing runs yet.

        Args:
            plan: What is to run.
            portfolio: The account's books, opened.
            clock: Tells the time.
            broker: Takes orders.
            journal: Keeps the record.
            bus: Tells the observers.
            other_books: Further books to keep at the same marks.
        """
        self.instruments = tuple(plan.instruments)
        self.number = {i.symbol: n for n, i in enumerate(self.instruments)}
        by_symbol = {i.symbol: i for i in self.instruments}
        self.clock = clock
        self.journal = journal
        base = portfolio.base
        rates = {c: rate / 1e6 for c, rate in portfolio.fx_micro.items() if c != base}
        manager = StrategyManager(by_symbol, portfolio.equity_micro(), base, rates)
        for one in plan.instances:
            manager.add(one.strategy, one.name, one.symbols, one.share)
        risk = RiskManager(plan.limits, portfolio, by_symbol)
        broker = guarded(broker, risk, clock)
        self.trader = Trader(
            clock=clock,
            market_data=MarketData(self.instruments, plan.limits.stale_after_s),
            manager=manager,
            risk=risk,
            orders=OrderManager(broker, clock, journal),
            portfolio=portfolio,
            journal=journal,
            bus=bus,
            fixed_quantity=plan.quantity,
            outside_rth=plan.all_hours,
            routing=plan.routing,
        )
        self.recorder = Recorder(self.instruments)
        self.valuation = Valuation(portfolio, other_books, self.instruments, self._on_equity)
        self.trader.books.on_books = self._on_books
        self.trader.books.on_amended = self._on_amended
        self._halts = self.trader.risk.halts
        self._fx_pairs = fx_pairs(self.instruments, base)
        self.agenda = Agenda(
            self.trader,
            clock,
            plan.sessions,
            on_open=self._open,
            on_close=self._close,
            on_minute=self.sample,
            minutes=plan.minutes,
            around_the_clock=plan.all_hours,
        )

    # --- what whoever runs it brings -----------------------------------------------------------

    @abstractmethod
    def standing_mark(self, number: int) -> int:
        """Give the present mark of an instrument in price units, or NO_PRICE."""

    @abstractmethod
    def booked(self) -> None:
        """Follow a change of the books, on the broker's side."""

    @abstractmethod
    def opening(self, session: Session) -> None:
        """Open a session on the broker's side."""

    @abstractmethod
    def closing(self, session: Session) -> None:
        """Close a session on the broker's side."""

    def all_books(self) -> list[Portfolio]:
        """List every set of books: the account's and each strategy's."""
        return [self.trader.portfolio, *(one.books for one in self.trader.manager.running)]

    # --- what happens to the books -------------------------------------------------------------

    def on_mark(self, number: int, units: int) -> None:
        """Take a new mark: equity, halts, exchange rates."""
        if self._fx_pairs and number in self._fx_pairs:
            self._on_rate(number, units)
        if self.valuation.held[number] is not None:
            self.valuation.on_mark(number, units)

    def _on_equity(self, equity_micro: int) -> None:
        halts = self._halts
        if not halts.barrier_micro < equity_micro <= halts.peak_micro:
            self.trader.on_equity(equity_micro)

    def _on_books(self, fill: Fill) -> None:
        number = self.number[fill.symbol]
        self.valuation.on_fill(number, fill, self.standing_mark(number))
        self.booked()
        self.recorder.equity(self.clock.now_ns, self.valuation.equity_micro)

    def _on_amended(self, _amendment: Amendment) -> None:
        self.valuation.recount()
        self.booked()

    def _on_rate(self, number: int, units: int) -> None:
        if units <= 0:
            return
        currency, inverse = self._fx_pairs[number]
        rate = self.instruments[number].to_price(units)
        for books in self.all_books():
            books.set_fx(currency, 1.0 / rate if inverse else rate)
        self.valuation.recount()

    # --- what the clock brings -----------------------------------------------------------------

    def _open(self, session: Session) -> None:
        for number in range(len(self.instruments)):
            self.on_mark(number, self.standing_mark(number))
        self.opening(session)
        for ticker in self.trader.market_data.tickers.values():
            begin = getattr(ticker, "begin_session", None)
            if begin is not None:
                begin()
            else:
                ticker.volume = 0

    def _close(self, session: Session) -> None:
        for number in range(len(self.instruments)):
            self.on_mark(number, self.standing_mark(number))
        self.closing(session)
        self.sample()
        self.recorder.session(session.date, self.valuation.equity_micro)

    def sample(self) -> None:
        """Note equity and prices for the curves."""
        now = self.clock.now_ns
        self.recorder.equity(now, self.valuation.equity_micro)
        for number in range(len(self.instruments)):
            units = self.standing_mark(number)
            if units != NO_PRICE:
                self.recorder.price(number, now, units)


def guarded(broker: Broker, risk: RiskManager, clock: Clock) -> Broker:
    """Put before a broker what the limits ask for; nothing where none does.

    Raises:
        ConfigError: When margin is to be previewed and the broker cannot.
    """
    limits = risk.limits
    if limits.preview_notional:
        if not hasattr(broker, "preview"):
            raise ConfigError(
                f"risk.preview_notional = {limits.preview_notional:g}: {type(broker).__name__} "
                f"cannot preview margin; set it to 0."
            )
        broker = MarginGate(cast("PreviewingBroker", broker), risk, clock)
    return LastHop(broker, risk, clock) if is_counted(limits) else broker


def settings_record(pipeline: Pipeline, more: Mapping[str, Any]) -> dict[str, Any]:
    """Say what is run, for the journal and the report.

    Args:
        pipeline: What is run; its books are as they were opened.
        more: What else is to be said.
    """
    trader = pipeline.trader
    books = trader.portfolio
    rates = {c: micro / 1e6 for c, micro in books.fx_micro.items() if c != books.base}
    return {
        "instruments": [msgspec.to_builtins(i) for i in pipeline.instruments],
        "base": books.base,
        "fx": rates,
        "risk": msgspec.to_builtins(trader.risk.limits),
        "routing": msgspec.to_builtins(trader.routing),
        "strategies": {
            running.name: {
                "strategy": type(running.strategy).__name__,
                "symbols": list(running.symbols),
                "share": running.share,
                "params": plain_values(running.strategy.params),
            }
            for running in trader.manager.running
        },
        **more,
    }


def plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values as JSON and people can read them."""
    return {k: v if isinstance(v, int | float | str | bool) else str(v) for k, v in values.items()}


def fx_pairs(instruments: Sequence[Instrument], base: str) -> dict[int, tuple[str, bool]]:
    """Find the pairs among the instruments that say what a needed currency is worth.

    Returns:
        By instrument number: the currency, and whether the pair quotes it upside down.
    """
    needed = {i.currency for i in instruments} - {base}
    pairs: dict[int, tuple[str, bool]] = {}
    for number, instrument in enumerate(instruments):
        first, _, second = instrument.symbol.partition(".")
        if second == base and first in needed:
            pairs[number] = (first, False)
        elif first == base and second in needed:
            pairs[number] = (second, True)
    return pairs
