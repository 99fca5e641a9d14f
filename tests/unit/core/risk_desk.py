"""An account whose orders are judged, sent and filled one by one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ikbr.core.last_hop import LastHop
from ikbr.core.risk_checks import RULES, Rule
from ikbr.core.risk_manager import RiskManager
from ikbr.domain.contracts import parse_contract
from ikbr.domain.events import Refused
from ikbr.domain.instrument import MICRO
from ikbr.domain.lifecycle import OrderUpdate
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import Fill, Order, OrderRequest, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session import Session
from ikbr.domain.ticker import Ticker
from ikbr.domain.timers import TimerHeap

SECOND = 1_000_000_000
NOW = 1_000 * SECOND
OFF: dict[str, Any] = {
    "max_position_pct": 0,
    "max_gross_pct": 0,
    "max_drawdown_pct": 0,
    "max_correlated_pct": 0,
    "min_order_interval_s": 0,
}
SESSION = Session(dt.date(2026, 1, 5), NOW, NOW + 1)


class Wire:
    """Note what would reach the broker."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int]] = []

    def attach(self, *told: Any) -> None:
        pass

    def submit(self, order: Order) -> None:
        self.sent.append(("submit", order.order_id))

    def modify(self, order: Order, request: OrderRequest) -> None:
        self.sent.append(("modify", order.order_id))

    def cancel(self, order: Order) -> None:
        self.sent.append(("cancel", order.order_id))


class Desk:
    """An account of 100,000 dollars with the given limits and all others off."""

    def __init__(
        self,
        *,
        rules: tuple[Rule, ...] = RULES,
        fx: Any = None,
        counted: bool = True,
        **limits: Any,
    ) -> None:
        names = ("SPY", "IBM", "BAC", "ES 202612 CME", "USD.JPY")
        self.instruments = {i.symbol: i for i in map(parse_contract, names)}
        self.portfolio = Portfolio(self.instruments, 100_000 * MICRO, fx=fx)
        self.risk = RiskManager(
            RiskLimits(**{**OFF, **limits}), self.portfolio, self.instruments, rules=rules
        )
        self.ids = 0
        self.clock = TimerHeap(NOW)
        self.wire = Wire()
        if not counted:
            return
        self.hop = LastHop(self.wire, self.risk, self.clock)
        self.updates: list[OrderUpdate] = []
        self.hop.attach(self.updates.append, lambda _fill: None, lambda _fill: None)
        self.trips: list[Refused] = []
        self.risk.on_trip = self.trips.append

    def ticker(self, symbol: str = "SPY", bid=99.0, ask=100.0, last=99.5, ts_ns=NOW) -> Ticker:
        ticker = Ticker(self.instruments[symbol])
        ticker.bid, ticker.ask, ticker.last, ticker.ts_ns = bid, ask, last, ts_ns
        return ticker

    def ask(
        self,
        side: Side,
        quantity: int,
        symbol="SPY",
        *,
        now=NOW,
        ticker=None,
        strategy="m",
        replaces=None,
        **more,
    ) -> Refused | None:
        request = OrderRequest(symbol, side, quantity, **more)
        return self.risk.check(
            request, strategy, ticker or self.ticker(symbol), now, replaces=replaces
        )

    def send(self, side: Side, quantity: int, symbol="SPY", *, parent=0, now=NOW, **more) -> Order:
        self.ids += 1
        request = OrderRequest(symbol, side, quantity, **more)
        order = Order(self.ids, request, self.instruments[symbol], "m", now, parent)
        self.risk.on_sent(order, now)
        return order

    def leave(self, side: Side, quantity: int, symbol="SPY", *, now=NOW, **more) -> Order:
        """Send an order by the last hop, after it was judged."""
        self.clock.now_ns = now
        order = self.send(side, quantity, symbol, now=now, **more)
        self.hop.submit(order)
        return order

    def fill(self, order: Order, quantity: int, price=100.0) -> None:
        order.filled += quantity
        units = order.instrument.to_units(price)
        self.ids += 1
        args = (order.symbol, order.side, quantity, units, NOW, 0, price)
        fill = Fill(self.ids, order.order_id, "m", *args)
        self.portfolio.apply_fill(fill)
        self.risk.on_fill(fill)
        if not order.remaining:
            self.risk.on_done(order)

    def hold(self, signed: int, symbol="SPY", price=100.0) -> None:
        side = Side.BUY if signed > 0 else Side.SELL
        self.fill(self.send(side, abs(signed), symbol), abs(signed), price)


BUY, SELL = Side.BUY, Side.SELL


def rule(refused: Refused | None) -> str:
    return refused.rule if refused is not None else "passed"
