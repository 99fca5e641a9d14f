"""What a bot says of itself, for tests that play one (`dash_rig.PlayedFeed`)."""

from __future__ import annotations

import math
from typing import Any

NOW = 1_772_463_600_000_000_000
SECOND = 1_000_000_000

Message = dict[str, Any]

REFUSALS: list[Message] = [
    {"rule": "position", "limit": 62_500.0, "actual": 77_593.5, "unit": "USD",
     "reason": "SPY: the position would reach 900; 25.00% of the equity allows less."},
    {"rule": "collar", "limit": 3.0, "actual": 12.5, "unit": "% of price",
     "reason": "SPY: limit 512 is 12.50% from the market 585; 3.00% is allowed."},
    {"rule": "message-rate", "limit": 45, "actual": 46, "unit": "messages in a second",
     "reason": "SPY: 46 messages would be sent in a second; 45 are allowed."},
    {"rule": "interval", "limit": 0.5, "actual": 0.1234, "unit": "seconds",
     "reason": "SPY: momentum entered 0.1234 s ago; 0.5 s must lie between entries."},
    {"rule": "kill", "limit": None, "actual": None, "unit": "", "reason": "stopped by hand: news"},
]  # fmt: skip


def bot(**other: Any) -> Message:
    lookback = {
        "name": "lookback", "value": 120, "kind": "int", "low": 2, "high": 5000, "unit": "",
        "doc": "How many prices the move is measured over.", "changeable": True,
    }  # fmt: skip
    short = lookback | {
        "name": "short", "value": True, "kind": "bool", "low": None, "high": None,
        "doc": "Whether it may sell short.", "changeable": False,
    }  # fmt: skip
    strategy = {
        "name": "momentum", "class": "Momentum", "enabled": True, "why": "", "symbols": ["SPY"],
        "parameters": [lookback, short], "capital": 250_000.0, "realised": 312.4,
        "unrealised": -18.25, "fees": 12.5, "positions": {"SPY": 120},
    }  # fmt: skip
    return {
        "type": "bot", "name": "paper 4002/7", "mode": "paper", "account": "DU1234567",
        "simulated": False, "pid": 4242, "started_ns": NOW, "strategies": [strategy],
    } | other  # fmt: skip


def state(**other: Any) -> Message:
    link = {
        "state": "ready", "why": "", "server_version": 187, "rtt_ms": 4.2, "reconnects": 1,
        "farms": [{"name": "usfarm", "ok": True, "text": "ok"},
                  {"name": "ushmds", "ok": False, "text": "lost"}],
    }  # fmt: skip
    spy = {
        "symbol": "SPY", "quantity": 120, "own": 120, "average": 585.1234, "mark": 585.01,
        "unrealised": -13.61, "realised": 210.0, "currency": "USD", "stop": 579.2,
    }  # fmt: skip
    eur = spy | {
        "symbol": "EUR.USD", "quantity": -20_000, "own": 0, "average": 1.08452, "mark": 1.08411,
        "unrealised": 8.2, "realised": None, "stop": None,
    }  # fmt: skip
    stop = {
        "id": 1031, "strategy": "momentum", "symbol": "SPY", "side": "SELL", "quantity": 120,
        "remaining": 120, "type": "STP", "limit": None, "stop": 579.2, "currency": "USD",
        "state": "working", "protects": True, "age_s": 1312.0,
    }  # fmt: skip
    limit = stop | {
        "id": 1040, "side": "BUY", "quantity": 300, "remaining": 140, "type": "LMT",
        "limit": 168.42, "stop": None, "state": "partly filled", "protects": False, "age_s": 12.0,
    }  # fmt: skip
    return {
        "type": "state", "ts_ns": NOW, "link": link, "halted": "", "holds": [],
        "equity": 250_294.15, "opening": 250_000.0, "net_liquidation": 250_290.0,
        "daily_pnl": 294.15, "base": "USD", "cash": 180_101.10, "gross": 120_500.0,
        "net": 20_500.0, "unrealised": -5.41, "leverage": 0.48, "drawdown": 0.0021,
        "positions": [spy, eur], "working": [stop, limit],
        "data_age_s": {"SPY": 0.2, "EUR.USD": None},
        "counts": {"fills": 41, "orders": 44, "refusals": 3, "alerts": 2},
        "loop_lag_ms": 0.8, "journal_lag_ms": 2.1,
    } | other  # fmt: skip


def prices(number: int = 0) -> Message:
    mid = 585 * (1 + 0.001 * math.sin(number / 37))
    return {"type": "prices", "ts_ns": NOW + number * SECOND // 50, "symbols": {
        "SPY": {"bid": round(mid - 0.01, 2), "ask": round(mid + 0.01, 2), "last": round(mid, 2),
                "bid_size": 300 + number % 7, "ask_size": 500},
    }}  # fmt: skip


def fill(number: int = 0, **other: Any) -> Message:
    return {
        "type": "event", "kind": "fill", "ts_ns": NOW - number * 30 * SECOND, "id": 1000 + number,
        "strategy": "momentum", "symbol": "SPY", "side": "SELL" if number % 2 else "BUY",
        "quantity": 120, "price": 585.1 + number / 100, "commission": 1.05, "currency": "USD",
    } | other  # fmt: skip


def happenings() -> list[Message]:
    """One of each kind of event."""
    common = {"type": "event", "ts_ns": NOW, "strategy": "momentum", "symbol": "SPY"}
    return [
        common | {"kind": "signal", "action": "BUY", "quantity": 120, "price": 585.1,
                  "currency": "USD", "reason": "rose 0.12 % within 120 prices"},
        common | {"kind": "order", "id": 1000, "side": "BUY", "quantity": 120,
                  "order_type": "MKT", "state": "filled", "why": "entry"},
        fill(),
        *(common | {"kind": "refusal", "side": "BUY", "quantity": 900, **one} for one in REFUSALS),
        common | {"kind": "alert", "severity": "warning", "source": "connection",
                  "message": "The gateway was away for 12 s."},
        common | {"kind": "operator", "who": "eva", "action": "halt", "subject": "",
                  "reason": "news at 14:00", "answer": ""},
        common | {"kind": "log", "level": "warning", "logger": "ikbr.connection",
                  "message": "a heartbeat came late"},
    ]  # fmt: skip


def risk() -> Message:
    def limit(rule: str, most: float, used: float, unit: str, subject: str = "") -> Message:
        return {"rule": rule, "scope": "account", "subject": subject, "limit": most, "used": used,
                "headroom": most - used, "unit": unit, "share": used / most}  # fmt: skip

    return {"type": "risk", "limits": [
        limit("max_position_pct", 25, 24.1, "%", "SPY"), limit("max_gross_pct", 100, 48.2, "%"),
        limit("max_daily_loss_pct", 3, 2.3, "%"), limit("max_orders_per_day", 500, 44, "orders"),
    ]}  # fmt: skip


def latency() -> Message:
    def stage(name: str, typical: float) -> Message:
        buckets = [[typical * 2.0**k, n] for k, n in ((-1, 9), (0, 24), (1, 8), (4, 1))]
        return {"name": name, "count": 42, "p50_us": typical * 0.8, "p99_us": typical * 4.2,
                "p999_us": typical * 9.1, "max_us": typical * 14.2, "buckets": buckets}  # fmt: skip

    return {"type": "latency", "stages": [stage("decoded", 8.192), stage("written", 262.144),
                                          stage("fill", 16_777.216)]}  # fmt: skip


def equity(points: int = 300) -> Message:
    return {"type": "equity", "points": [
        [NOW - (points - i) * 4 * SECOND, 250_000 + 200 * math.sin(i / 60) + i * 0.5 - 60]
        for i in range(points)
    ]}  # fmt: skip


def everything() -> list[Message]:
    """What a bot says to one who comes."""
    fills = [fill(number) for number in range(40, 0, -1)]
    return [bot(), equity(), state(), risk(), prices(), *fills, *happenings(), latency()]
