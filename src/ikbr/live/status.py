"""The status of a session at a moment: what the status line, the view and the log show."""

from __future__ import annotations

import datetime as dt
import math
from collections import deque
from typing import Any, NamedTuple

from ikbr.broker.account_watch import AccountWatch
from ikbr.core.event_bus import EventBus
from ikbr.core.pipeline import Pipeline
from ikbr.domain.amendment import Amendment
from ikbr.domain.events import Alert, Decision, EventType, Refusal
from ikbr.domain.instrument import MICRO
from ikbr.domain.order import Fill, Order

KEPT = 12
"""Signals, fills and alerts that are shown."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Recent:
    """Keep what happened last, for people.

    Attributes:
        decisions, fills, alerts, refusals: The latest, oldest first.
        fill_count, refusal_count, alert_count: How many there were; fills that were taken back
            do not count.
    """

    def __init__(self, bus: EventBus) -> None:
        """Listen."""
        self.decisions: deque[Decision] = deque(maxlen=KEPT)
        self.fills: deque[Fill] = deque(maxlen=KEPT)
        self.alerts: deque[Alert] = deque(maxlen=KEPT)
        self.refusals: deque[Refusal] = deque(maxlen=KEPT)
        self.fill_count = self.refusal_count = self.alert_count = 0
        bus.subscribe(EventType.SIGNAL, self.decisions.append, name="status")
        bus.subscribe(EventType.ALERT, self._on_alert, name="status")
        bus.subscribe(EventType.FILL, self._on_fill, name="status")
        bus.subscribe(EventType.AMENDED, self._on_amendment, name="status")
        bus.subscribe(EventType.REFUSED, self._on_refusal, name="status")

    def _on_fill(self, fill: Fill) -> None:
        self.fills.append(fill)
        self.fill_count += 1

    def _on_amendment(self, amendment: Amendment) -> None:
        """Show a fill as it should have been; one that never was is none."""
        after = amendment.after
        known = [after if one.exec_id == after.exec_id else one for one in self.fills]
        self.fills = deque((one for one in known if one.quantity), KEPT)
        self.fill_count += (after.quantity > 0) - (amendment.before.quantity > 0)

    def _on_refusal(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)
        self.refusal_count += 1

    def _on_alert(self, alert: Alert) -> None:
        self.alerts.append(alert)
        self.alert_count += 1


class Held(NamedTuple):
    """Show one position.

    Attributes:
        symbol: What is held.
        quantity: Signed, of the account.
        own: Signed, of the strategies; the rest is baseline.
        average: What it cost per unit.
        mark: What it is worth per unit.
        unrealised: Profit, in its currency.
    """

    symbol: str
    quantity: int
    own: int
    average: float
    mark: float
    unrealised: float


class Status(NamedTuple):
    """Show a session.

    Attributes:
        ts_ns: When, ns UTC.
        link: How the connection is.
        halted: Why entries wait or have stopped; "" while they are allowed.
        equity, opening: What the account is worth by our books, now and at the start.
        net_liquidation, daily_pnl: The same by IB; NaN while unknown.
        base: The currency.
        positions: What is held.
        working: Orders that work.
        quiet_s: Since when nothing has come of any symbol, seconds.
        recent: What happened last.
    """

    ts_ns: int
    link: str
    halted: str
    equity: float
    opening: float
    net_liquidation: float
    daily_pnl: float
    base: str
    positions: list[Held]
    working: list[Order]
    quiet_s: float
    recent: Recent

    def plain(self) -> dict[str, Any]:
        """Give it as plain values, for other programs; what is unknown is None."""
        recent = self.recent
        told: dict[str, Any] = self._asdict() | {
            "time": clock_text(self.ts_ns),
            "quiet_s": self.quiet_s if math.isfinite(self.quiet_s) else None,
            "positions": [one._asdict() for one in self.positions],
            "working": [
                {
                    "id": one.order_id, "strategy": one.strategy, "symbol": one.symbol,
                    "side": one.request.side.name, "remaining": one.remaining,
                    "type": one.request.order_type.value, "state": one.state.value,
                }
                for one in self.working
            ],
            "fills": recent.fill_count,
            "refusals": recent.refusal_count,
            "alerts": [
                {"time": clock_text(one.ts_ns), "severity": one.severity, "source": one.source,
                 "message": one.message}
                for one in recent.alerts
            ],
        }  # fmt: skip
        for name in ("net_liquidation", "daily_pnl"):
            told[name] = None if told[name] != told[name] else told[name]
        del told["recent"]
        return told

    def line(self) -> str:
        """Say it in a line."""
        held = ", ".join(f"{p.symbol} {p.quantity:+d}" for p in self.positions) or "flat"
        halted = f", entries stopped: {self.halted}" if self.halted else ""
        return (
            f"{clock_text(self.ts_ns)} {self.link}: equity {self.equity:,.2f} {self.base} "
            f"({self.equity - self.opening:+,.2f}), {held}, {len(self.working)} orders, "
            f"{self.recent.fill_count} fills, {self.recent.refusal_count} refused, data "
            f"{self.quiet_s:.0f} s old{halted}"
        )


def status_of(
    pipeline: Pipeline, watch: AccountWatch, recent: Recent, link: str, opening_micro: int
) -> Status:
    """Look at a session."""
    trader = pipeline.trader
    now = pipeline.clock.now_ns
    own = trader.manager.net_positions()
    halted = trader.risk.halted
    latest = max((t.ts_ns for t in trader.market_data.tickers.values()), default=0)
    return Status(
        ts_ns=now,
        link=link,
        halted=halted.reason if halted is not None else "",
        equity=pipeline.valuation.equity_micro / MICRO,
        opening=opening_micro / MICRO,
        net_liquidation=watch.net_liquidation,
        daily_pnl=watch.daily_pnl,
        base=trader.portfolio.base,
        positions=[
            Held(
                symbol,
                p.quantity,
                own.get(symbol, 0),
                p.average_price,
                p.instrument.to_price(p.mark_units),
                p.unrealised_micro / MICRO,
            )
            for symbol, p in trader.portfolio.positions.items()
            if p.quantity
        ],
        working=list(trader.orders.working.values()),
        quiet_s=max(0.0, (now - latest) / 1e9) if latest else float("inf"),
        recent=recent,
    )


def clock_text(ts_ns: int) -> str:
    """Write a moment as a clock shows it, in UTC.

    >>> clock_text(1_772_461_800_000_000_000)
    '2026-03-02 14:30:00Z'
    """
    return f"{_EPOCH + dt.timedelta(microseconds=ts_ns // 1000):%Y-%m-%d %H:%M:%S}Z"
