"""What is told once a second: limits and their usage, latencies, strategies."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from ikbr.core.risk_usage import Usage, risk_usage
from ikbr.core.stopwatch import Stopwatch
from ikbr.domain.histogram import Histogram
from ikbr.domain.instrument import MICRO
from ikbr.domain.limit_table import LIMITS
from ikbr.domain.portfolio import Portfolio
from ikbr.live.pipeline import LivePipeline
from ikbr.live.telemetry.measures import measure_of
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.parameters import Parameter
from ikbr.strategies.running import Running

KINDS = {int: "int", float: "float", bool: "bool", str: "str"}


def limits_of(pipeline: LivePipeline) -> list[dict[str, Any]]:
    """Say how far each limit that is set and can be used up is used."""
    trader = pipeline.trader
    limits, usage = trader.risk.limits, risk_usage(trader.risk, trader.portfolio)
    base = trader.portfolio.base
    return [
        _limit(name, getattr(limits, name), usage[name], base)
        for name in LIMITS
        if name in usage and getattr(limits, name)
    ]


def _limit(name: str, limit: float, usage: Usage, base: str) -> dict[str, Any]:
    about = LIMITS[name]
    unit, scale = measure_of(about.unit, base)
    return {
        "rule": name,
        "scope": about.scope,
        "subject": usage.by,
        "limit": limit * scale,
        "used": usage.used * scale,
        "headroom": (limit - usage.used) * scale,
        "unit": unit,
        "share": min(1.0, max(0.0, usage.used / limit)),
    }


def latencies_of(watch: Stopwatch) -> list[dict[str, Any]]:
    """Sum up how long orders took, stage by stage, microseconds."""
    return [_stage(name, one) for name, one in watch.histograms.items() if one.count]


def _stage(name: str, one: Histogram) -> dict[str, Any]:
    return {
        "name": name,
        "count": one.count,
        "p50_us": one.quantile(0.5) / 1e3,
        "p99_us": one.quantile(0.99) / 1e3,
        "p999_us": one.quantile(0.999) / 1e3,
        "max_us": one.most / 1e3,
        "buckets": [[upper / 1e3, count] for upper, count in one.coarse()],
    }


def strategies_of(pipeline: LivePipeline) -> list[dict[str, Any]]:
    """Say what each strategy is, what it was given, and what it has come to."""
    account = pipeline.trader.portfolio
    return [_strategy(one, account) for one in pipeline.trader.manager.running]


def _strategy(running: Running, account: Portfolio) -> dict[str, Any]:
    """Value its books at the marks of the account's: its own are brought up to date less often."""
    books = running.books
    realised = unrealised = fees = 0
    for symbol, position in books.positions.items():
        mark = account.position(symbol).mark_units or position.mark_units
        value = position.quantity * mark * position.unit_value_micro
        realised += books.to_base(position.realised_micro, position.currency)
        unrealised += books.to_base(value - position.cost_micro, position.currency)
        fees += books.to_base(position.fees_micro, position.currency)
    return {
        "name": running.name,
        "class": type(running.strategy).__name__,
        "enabled": running.enabled,
        "why": running.reason_disabled,
        "symbols": list(running.symbols),
        "parameters": parameters_of(running.strategy),
        "capital": running.capital,
        "realised": realised / MICRO,
        "unrealised": unrealised / MICRO,
        "fees": fees / MICRO,
        "positions": {s: p.quantity for s, p in books.positions.items() if p.quantity},
    }


def parameters_of(strategy: BaseStrategy) -> list[dict[str, Any]]:
    """Describe the parameters of a strategy with their values as they are now."""
    values = strategy.params
    return [_parameter(one, values[one.name]) for one in _parameters(type(strategy))]


@lru_cache(maxsize=256)
def _parameters(cls: type[BaseStrategy]) -> tuple[Parameter, ...]:
    """Read a signature once: that takes longer than all the rest."""
    return cls.parameters()


def _parameter(one: Parameter, value: Any) -> dict[str, Any]:
    bounds = one.range
    return {
        "name": one.name,
        "value": value if isinstance(value, int | float | bool | str) else str(value),
        "kind": KINDS.get(one.kind, one.type_name),
        "low": bounds.low if bounds is not None and math.isfinite(bounds.low) else None,
        "high": bounds.high if bounds is not None and math.isfinite(bounds.high) else None,
        "unit": "",
        "doc": one.doc,
        "changeable": one.changeable,
    }
