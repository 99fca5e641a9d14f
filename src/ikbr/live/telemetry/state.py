"""The state of a session as plain values: what changes many times a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ikbr.broker.connection import Connection
from ikbr.broker.farms import FarmState
from ikbr.domain.instrument import MICRO
from ikbr.domain.order import Order
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.ticker import Ticker
from ikbr.live.pipeline import LivePipeline
from ikbr.live.status import Status


def state_of(pipeline: LivePipeline, status: Status, connection: Connection) -> dict[str, Any]:
    """Say how a session stands; what is unknown is NaN, which is written as null.

    Args:
        pipeline: Of the session.
        status: How it stands.
        connection: To the gateway.
    """
    trader, now = pipeline.trader, status.ts_ns
    halts, orders = trader.risk.halts, trader.orders
    peak = halts.peak_micro / MICRO
    return {
        "type": "state",
        "ts_ns": now,
        "link": link_of(connection),
        "halted": status.halted,
        "holds": [{"name": h.rule, "why": h.reason} for h in (*halts.latched, *halts.held)],
        "equity": status.equity,
        "opening": status.opening,
        "net_liquidation": status.net_liquidation,
        "daily_pnl": status.daily_pnl,
        "base": status.base,
        **exposure_of(trader.portfolio, status.equity),
        "drawdown": max(0.0, 1 - status.equity / peak) if peak > 0 else None,
        "positions": _positions(pipeline, status),
        "working": [_working(one, now) for one in status.working],
        "data_age_s": {
            symbol: (now - ticker.ts_ns) / 1e9 if ticker.ts_ns else None
            for symbol, ticker in trader.market_data.tickers.items()
        },
        "counts": {
            "fills": status.recent.fill_count,
            "orders": len(orders.orders),
            "refusals": status.recent.refusal_count,
            "alerts": status.recent.alert_count,
        },
    }


def link_of(connection: Connection) -> dict[str, Any]:
    """Say how the link to the gateway is."""
    client: Any = connection.ib.client
    return {
        "state": connection.state.value,
        "why": connection.why,
        "server_version": client.serverVersion() if client.isConnected() else None,
        "rtt_ms": connection.rtt_s * 1e3,
        "farms": [
            {"name": name, "ok": state is not FarmState.LOST, "text": state.value}
            for name, state in connection.farms.states.items()
        ],
        "reconnects": max(0, connection.connects - 1),
    }


def exposure_of(books: Portfolio, equity: float) -> dict[str, Any]:
    """Say what cash there is, what positions are worth and what they have gained, in base currency.

    Args:
        books: Of the account.
        equity: In base currency.
    """
    held = [one for one in books.positions.values() if one.quantity]
    values = [books.to_base(one.value_micro, one.currency) / MICRO for one in held]
    gained = sum(books.to_base(one.unrealised_micro, one.currency) for one in held)
    cash = sum(books.to_base(micro, name) for name, micro in books.cash_micro.items()) / MICRO
    gross = sum(abs(value) for value in values)
    return {
        "cash": cash,
        "gross": gross,
        "net": sum(values),
        "unrealised": gained / MICRO,
        "leverage": gross / equity if equity > 0 else None,
    }


def _positions(pipeline: LivePipeline, status: Status) -> list[dict[str, Any]]:
    trader = pipeline.trader
    positions = trader.portfolio.positions
    stops = {
        order.symbol: order.request.stop_price
        for order in status.working
        if order.parent_id and order.request.stop_price is not None
    }
    return [
        held._asdict()
        | {
            "realised": positions[held.symbol].realised_micro / MICRO,
            "currency": positions[held.symbol].currency,
            "stop": stops.get(held.symbol),
        }
        for held in status.positions
    ]


def _working(order: Order, now_ns: int) -> dict[str, Any]:
    request = order.request
    return {
        "id": order.order_id,
        "strategy": order.strategy,
        "symbol": request.symbol,
        "side": request.side.name,
        "quantity": request.quantity,
        "remaining": order.remaining,
        "type": request.order_type.value,
        "limit": request.limit_price,
        "stop": request.stop_price,
        "currency": order.instrument.currency,
        "state": order.state.value,
        "protects": bool(order.parent_id),
        "age_s": max(0, now_ns - order.created_ns) / 1e9,
    }


class Prices:
    """Tell what has changed since it was told last."""

    def __init__(self, tickers: Mapping[str, Ticker]) -> None:
        """Begin with nothing told."""
        self._tickers = tickers
        self._told: dict[str, tuple[float, ...]] = {}

    def changed(self) -> dict[str, dict[str, float]]:
        """Give the prices that have changed, by symbol."""
        news = {}
        for symbol, ticker in self._tickers.items():
            shown = (ticker.bid, ticker.ask, ticker.last, ticker.bid_size, ticker.ask_size)
            if shown != self._told.get(symbol):
                self._told[symbol] = shown
                news[symbol] = _priced(shown)
        return news

    def all(self) -> dict[str, dict[str, float]]:
        """Give all prices as they were told last."""
        return {symbol: _priced(shown) for symbol, shown in self._told.items()}


def _priced(shown: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(("bid", "ask", "last", "bid_size", "ask_size"), shown, strict=True))
