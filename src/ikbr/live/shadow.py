"""The shadow broker: live data, decisions and orders as ever, and nothing is sent.

Orders meet a simulated exchange that follows the live market, so that what would have become of
them can be told. It is an estimate: nobody else sees the orders, and the market does not react.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ikbr.broker.account_state import AccountState
from ikbr.core.event_bus import EventBus
from ikbr.core.ports import Broker, Clock, Journal
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import Instrument
from ikbr.domain.lifecycle import OrderUpdate
from ikbr.domain.margin_preview import MarginPreview
from ikbr.domain.order import Fill, Order, OrderRequest
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, Kind
from ikbr.domain.ticker import Ticker
from ikbr.domain.timers import TimerHeap
from ikbr.journal.replay import State
from ikbr.live.pipeline import LivePipeline
from ikbr.live.plan import SessionPlan
from ikbr.live.preparation import World, build_pipeline
from ikbr.sim.account import Account
from ikbr.sim.broker import SimBroker
from ikbr.sim.exchange import Exchange
from ikbr.sim.market import StandingMarket

_QUOTE, _PRINT = int(Kind.QUOTE), int(Kind.PRINT)


class ShadowBroker:
    """Let orders meet a simulated exchange (a `PreviewingBroker`); nothing leaves the process."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        clock: Clock,
        state: AccountState,
        model: ExecutionModel,
    ) -> None:
        """Open the exchange and an account at it.

        Args:
            instruments: What is traded.
            clock: Tells the time.
            state: What is in the account.
            model: How the exchange treats orders.
        """
        self._clock = clock
        self._numbers = {one.symbol: n for n, one in enumerate(instruments)}
        by_symbol = {one.symbol: one for one in instruments}
        self._timers = TimerHeap(clock.now_ns)
        self._exchange = Exchange(
            tuple(instruments), model, self._timers, StandingMarket(len(instruments))
        )
        self._exchange.hours.regular = False
        self._account = Account(
            by_symbol, state.net_liquidation, model, base=state.base, fx=state.fx
        )
        self._inner = SimBroker(self._exchange, self._account, self._timers, model)

    def attach(
        self,
        on_update: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
        on_amended: Callable[[Fill], None],
    ) -> None:
        """Say whom to tell; called once before the first order."""
        self._inner.attach(on_update, on_fill, on_amended)

    def submit(self, order: Order) -> None:
        """Let an order meet what stands in the market."""
        self._catch_up()
        self._inner.submit(order)

    def preview(self, order: Order, on_preview: Callable[[MarginPreview | str], None]) -> None:
        """Say what an order would do to the account's margin."""
        self._catch_up()
        self._inner.preview(order, on_preview)

    def modify(self, order: Order, request: OrderRequest) -> None:
        """Change price or quantity of a working order."""
        self._catch_up()
        self._inner.modify(order, request)

    def cancel(self, order: Order) -> None:
        """Cancel a working order."""
        self._catch_up()
        self._inner.cancel(order)

    def follow(self, pipeline: LivePipeline) -> None:
        """Let the exchange follow the market and the sessions of a pipeline."""
        pipeline.on_row = self.on_row
        pipeline.after_open.append(self.open_session)
        pipeline.after_close.append(self.close_session)

    def on_row(self, ticker: Ticker, size: int) -> None:
        """Follow the live market.

        Args:
            ticker: As it stands now.
            size: Of the print; 0 for a quote.
        """
        self._catch_up()
        number = self._numbers.get(ticker.symbol)
        if number is None:
            return
        bid, ask, last = (
            ticker.instrument.to_units(p) if p == p else NO_PRICE
            for p in (ticker.bid, ticker.ask, ticker.last)
        )
        kind = _PRINT if size else _QUOTE
        sizes = (ticker.bid_size, ticker.ask_size, size)
        self._exchange.on_row(number, self._timers.now_ns, kind, bid, ask, last, *sizes)

    def open_session(self, session: Session) -> None:
        """Open the exchange."""
        self._catch_up()
        self._account.open_session(session, ())
        self._exchange.open_session(session)

    def close_session(self, session: Session) -> None:
        """Close the exchange."""
        self._catch_up()
        self._exchange.close_session(session)
        self._account.close_session(session)

    def _catch_up(self) -> None:
        self._timers.advance(self._clock.now_ns)


def wire_pipeline(
    plan: SessionPlan,
    world: World,
    past: State | None,
    *,
    clock: Clock,
    broker: Broker,
    journal: Journal,
    bus: EventBus,
) -> LivePipeline:
    """Wire the pipeline over a broker; in a shadow session, over one that sends nothing.

    Args:
        plan: What is to be done.
        world: What the account holds.
        past: What earlier sessions have left; None for nothing.
        clock: Tells the time.
        broker: Reaches the real one.
        journal: Of the account.
        bus: Tells the observers.
    """
    if not plan.shadow:
        return build_pipeline(
            plan, world, past, clock=clock, broker=broker, journal=journal, bus=bus
        )
    shadow = ShadowBroker(world.traded, clock, world.state, plan.shadow_model)
    pipeline = build_pipeline(
        plan, world, past, clock=clock, broker=shadow, journal=journal, bus=bus
    )
    shadow.follow(pipeline)
    return pipeline
