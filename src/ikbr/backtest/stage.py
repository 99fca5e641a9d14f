"""The stage: everything that a replay moves, wired together once.

The pipeline is the live one. Only what stands around it is the backtest's: a virtual clock, the
simulated exchange with its account, and samples for the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ikbr.backtest.margin_watch import MarginWatch
from ikbr.backtest.overnight import Overnight
from ikbr.core.event_bus import EventBus
from ikbr.core.opening import Opening, Part
from ikbr.core.pipeline import Instance, Pipeline, Plan
from ikbr.core.ports import Journal
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.limits import RiskLimits
from ikbr.domain.marks import mark_units
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.routing import RoutingRules
from ikbr.domain.session import Session
from ikbr.domain.tape import CorporateAction
from ikbr.domain.timers import TimerHeap
from ikbr.sim.account import Account
from ikbr.sim.broker import SimBroker
from ikbr.sim.exchange import Exchange
from ikbr.sim.market import StandingMarket

__all__ = ["Instance", "Setup", "Stage"]


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """Say how a backtest is run.

    Attributes:
        capital: Opening cash in the base currency.
        limits: Of the risk manager.
        model: Of the simulated market.
        routing: How the orders that signals ask for are worked.
        quantity: Size of every entry; 0 for sizing by strategy and risk manager.
        all_hours: Whether orders may fill outside regular hours.
        base: The base currency.
        fx: Value of one unit of other currencies in the base currency.
        shape: "kernel" runs strategies that are kernels compiled; "python" skips ahead where
            nothing needs checking; "reference" checks every row; "auto" is "kernel" where every
            strategy is one, else "python".
        compile: Whether kernels may be compiled; without, they run as Python.
        compile_orders: Whether compiled code may decide orders, too, where that gives the same
            run; without, the engine decides them.
        opening: What the account holds at first, instead of the capital alone.
        part: The part of the sessions that is run; None for all of the data.
    """

    capital: float = 100_000.0
    limits: RiskLimits = RiskLimits()
    model: ExecutionModel = ExecutionModel()
    routing: RoutingRules = RoutingRules()
    quantity: int = 0
    all_hours: bool = False
    base: str = "USD"
    fx: Mapping[str, float] = {}
    shape: str = "auto"
    compile: bool = True
    compile_orders: bool = True
    opening: Opening | None = None
    part: Part | None = None


class Stage(Pipeline):
    """Put exchange, account and margin desk around the pipeline of one run.

    Attributes:
        clock: Virtual time.
        market: The standing market that exchange and margin desk read.
        exchange, account: The broker's side.
        margin: The margin desk.
    """

    clock: TimerHeap

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
        by_symbol = {i.symbol: i for i in instruments}
        clock, model = TimerHeap(), setup.model
        self.setup = setup
        self.market = StandingMarket(len(instruments))
        self.exchange = Exchange(tuple(instruments), model, clock, self.market)
        self.account = Account(by_symbol, setup.capital, model, base=setup.base, fx=setup.fx)
        books = Portfolio(by_symbol, round(setup.capital * MICRO), setup.base, setup.fx)
        if setup.opening is not None:
            setup.opening.open(books)
            setup.opening.open(self.account.portfolio)
        super().__init__(
            Plan(
                instruments=instruments,
                sessions=sessions,
                instances=instances,
                limits=setup.limits,
                routing=setup.routing,
                quantity=setup.quantity,
                all_hours=setup.all_hours,
                minutes=intraday,
            ),
            books,
            clock=clock,
            broker=SimBroker(self.exchange, self.account, clock, model),
            journal=journal,
            bus=bus,
            other_books=[self.account.portfolio],
        )
        # The simulated broker's books began as ours did.
        self.trader.risk.clearance.reconciled = True
        self.margin = MarginWatch(self.account, self.trader, self.valuation)
        self._overnight = Overnight(self.trader, self.account, self.exchange)
        self._actions = tuple(actions)
        self._actions_done = 0
        if setup.opening is not None:
            setup.opening.give_back(self.trader)
            self.valuation.recount()
            self.margin.redraw()

    # --- what happens to the books -------------------------------------------------------------

    def booked(self) -> None:
        """Draw the bands of the margin desk anew."""
        self.margin.redraw()

    def standing_mark(self, number: int) -> int:
        """Give the mark of an instrument from the standing market."""
        market = self.market
        if market.refresh is not None:
            market.refresh(number)
        return mark_units(market.bid[number], market.ask[number], market.last[number])

    def on_mark(self, number: int, units: int) -> None:
        """Take a new mark: equity, halts, margin, exchange rates."""
        super().on_mark(number, units)
        if self.valuation.held[number] is not None:
            self.margin.on_mark(number, units)

    def all_books(self) -> list[Portfolio]:
        """List every set of books: ours, each strategy's, the broker's."""
        return [*super().all_books(), self.account.portfolio]

    # --- what the clock brings -----------------------------------------------------------------

    def opening(self, session: Session) -> None:
        """Settle the night, and open the exchange."""
        due = [a for a in self._actions[self._actions_done :] if a.ts_ns <= session.open_ns]
        self._actions_done += len(due)
        if not self.setup.model.corporate_actions:
            due = []
        if self._overnight.open(session, due):
            self.valuation.recount()
            self.margin.redraw()
        self._overnight.cancel_orders(due)
        self.exchange.open_session(session)

    def closing(self, session: Session) -> None:
        """Close the exchange and the account's day."""
        self.exchange.close_session(session)
        self.account.close_session(session)
