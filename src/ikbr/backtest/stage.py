"""The stage: everything that a replay moves, wired together once.

The pipeline is the live one. Only what stands around it is the backtest's: a virtual clock, the
simulated exchange with its account, and samples for the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ikbr.backtest.margin_watch import MarginWatch
from ikbr.backtest.overnight import Overnight
from ikbr.backtest.recorder import Recorder
from ikbr.core.agenda import Agenda
from ikbr.core.event_bus import EventBus
from ikbr.core.market_data import MarketData
from ikbr.core.order_manager import OrderManager
from ikbr.core.ports import Journal
from ikbr.core.risk_manager import RiskManager
from ikbr.core.trader import Trader
from ikbr.core.valuation import Valuation
from ikbr.domain.amendment import Amendment
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.limits import RiskLimits
from ikbr.domain.marks import mark_units
from ikbr.domain.order import Fill
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, CorporateAction
from ikbr.domain.timers import TimerHeap
from ikbr.sim.account import Account
from ikbr.sim.broker import SimBroker
from ikbr.sim.exchange import Exchange
from ikbr.sim.market import StandingMarket
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


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """Say how a backtest is run.

    Attributes:
        capital: Opening cash in the base currency.
        limits: Of the risk manager.
        model: Of the simulated market.
        quantity: Size of every entry; 0 for sizing by strategy and risk manager.
        all_hours: Whether orders may fill outside regular hours.
        base: The base currency.
        fx: Value of one unit of other currencies in the base currency.
        shape: "kernel" runs strategies that are kernels compiled; "python" skips ahead where
            nothing needs checking; "reference" checks every row; "auto" is "kernel" where every
            strategy is one, else "python".
        compile: Whether kernels may be compiled; without, they run as Python.
    """

    capital: float = 100_000.0
    limits: RiskLimits = RiskLimits()
    model: ExecutionModel = ExecutionModel()
    quantity: int = 0
    all_hours: bool = False
    base: str = "USD"
    fx: Mapping[str, float] = {}
    shape: str = "auto"
    compile: bool = True


class Stage:
    """Wire pipeline, exchange and account of one run.

    Attributes:
        instruments: In the order of the tape's symbols.
        clock: Virtual time.
        market: The standing market that exchange and margin desk read.
        exchange, account: The broker's side.
        trader: The pipeline.
        valuation: The equity, tick by tick.
        margin: The margin desk.
        recorder: Samples for curves and charts.
        agenda: Sessions, bars, minutes.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        sessions: Sequence[Session],
        actions: Sequence[CorporateAction],
        instances: Sequence[Instance],
        setup: Setup,
        *,
        bus: EventBus,
        journal: Journal,
        intraday: bool,
    ) -> None:
        """Set everything up; nothing runs yet."""
        self.instruments = tuple(instruments)
        self.number = {i.symbol: n for n, i in enumerate(self.instruments)}
        by_symbol = {i.symbol: i for i in self.instruments}
        capital_micro = round(setup.capital * MICRO)
        self.setup = setup
        self.clock = TimerHeap()
        self.market = StandingMarket(len(self.instruments))
        self.exchange = Exchange(self.instruments, setup.model, self.clock, self.market)
        self.account = Account(by_symbol, setup.capital, setup.model, base=setup.base, fx=setup.fx)
        self.journal = journal
        portfolio = Portfolio(by_symbol, capital_micro, setup.base, setup.fx)
        manager = StrategyManager(by_symbol, capital_micro, setup.base, setup.fx)
        for one in instances:
            manager.add(one.strategy, one.name, one.symbols, one.share)
        self.trader = Trader(
            clock=self.clock,
            market_data=MarketData(self.instruments, setup.limits.stale_after_s),
            manager=manager,
            risk=RiskManager(setup.limits, portfolio, by_symbol),
            orders=OrderManager(
                SimBroker(self.exchange, self.account, self.clock, setup.model),
                self.clock,
                journal,
            ),
            portfolio=portfolio,
            journal=journal,
            bus=bus,
            fixed_quantity=setup.quantity,
            outside_rth=setup.all_hours,
        )
        self.recorder = Recorder(self.instruments)
        self.valuation = Valuation(
            portfolio, [self.account.portfolio], self.instruments, self._on_equity
        )
        self.margin = MarginWatch(self.account, self.trader, self.valuation)
        self.trader.books.on_books = self._on_books
        self.trader.books.on_amended = self._on_amended
        self._halts = self.trader.risk.halts
        self._overnight = Overnight(self.trader, self.account, self.exchange)
        self._actions = tuple(actions)
        self._actions_done = 0
        self._fx_pairs = _fx_pairs(self.instruments, setup.base)
        self.agenda = Agenda(
            self.trader,
            self.clock,
            sessions,
            on_open=self._open,
            on_close=self._close,
            on_minute=self.sample,
            minutes=intraday,
            around_the_clock=setup.all_hours,
        )

    # --- what happens to the books -------------------------------------------------------------

    def _on_equity(self, equity_micro: int) -> None:
        halts = self._halts
        if not halts.barrier_micro < equity_micro <= halts.peak_micro:
            self.trader.on_equity(equity_micro)

    def _on_books(self, fill: Fill) -> None:
        number = self.number[fill.symbol]
        self.valuation.on_fill(number, fill, self.standing_mark(number))
        self.margin.redraw()
        self.recorder.equity(self.clock.now_ns, self.valuation.equity_micro)

    def _on_amended(self, _amendment: Amendment) -> None:
        self.valuation.recount()
        self.margin.redraw()

    def standing_mark(self, number: int) -> int:
        """Give the mark of an instrument from the standing market."""
        market = self.market
        if market.refresh is not None:
            market.refresh(number)
        return mark_units(market.bid[number], market.ask[number], market.last[number])

    def on_mark(self, number: int, units: int) -> None:
        """Take a new mark: equity, halts, margin, exchange rates."""
        if self._fx_pairs and number in self._fx_pairs:
            self._on_rate(number, units)
        if self.valuation.held[number] is not None:
            self.valuation.on_mark(number, units)
            self.margin.on_mark(number, units)

    def _on_rate(self, number: int, units: int) -> None:
        if units <= 0:
            return
        currency, inverse = self._fx_pairs[number]
        rate = self.instruments[number].to_price(units)
        for books in self.all_books():
            books.set_fx(currency, 1.0 / rate if inverse else rate)
        self.valuation.recount()

    def all_books(self) -> list[Portfolio]:
        """List every set of books: ours, the broker's, each strategy's."""
        own = [running.books for running in self.trader.manager.running]
        return [self.trader.portfolio, self.account.portfolio, *own]

    # --- what the clock brings -----------------------------------------------------------------

    def _open(self, session: Session) -> None:
        for number in range(len(self.instruments)):
            self.on_mark(number, self.standing_mark(number))
        due = [a for a in self._actions[self._actions_done :] if a.ts_ns <= session.open_ns]
        self._actions_done += len(due)
        if not self.setup.model.corporate_actions:
            due = []
        if self._overnight.open(session, due):
            self.valuation.recount()
            self.margin.redraw()
        self._overnight.cancel_orders(due)
        self.exchange.open_session(session)
        for ticker in self.trader.market_data.tickers.values():
            begin = getattr(ticker, "begin_session", None)
            if begin is not None:
                begin()
            else:
                ticker.volume = 0

    def _close(self, session: Session) -> None:
        for number in range(len(self.instruments)):
            self.on_mark(number, self.standing_mark(number))
        self.exchange.close_session(session)
        self.account.close_session(session)
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


def _fx_pairs(instruments: Sequence[Instrument], base: str) -> dict[int, tuple[str, bool]]:
    """Find the pairs on the tape that say what a needed currency is worth.

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
