"""Which runs the compiled grid can make: everything that it does not know is left to the engine."""

from __future__ import annotations

from collections.abc import Sequence

from ikbr.backtest.stage import Instance, Setup
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import SecType
from ikbr.domain.limits import RiskLimits
from ikbr.domain.tape import TapeSource
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.kernel import KernelStrategy
from ikbr.strategies.schedule import Schedule

LARGEST_CAPITAL = 1e9
"""Dollars; beyond, compiled whole numbers would have to be watched."""

_OPPOSITES = ("reverse", "flat")
_SHAPES = ("auto", "kernel")

_LIMITS_KNOWN = frozenset((
    "max_position_pct", "max_position_notional", "max_gross_pct", "max_drawdown_pct",
    "max_daily_loss_pct", "correlation_threshold", "max_correlated_pct", "min_order_interval_s",
    "max_order_quantity", "max_order_notional", "max_orders_per_day", "collar_pct", "collar_ticks",
    "refusal_retry_s", "stale_after_s", "refuse_stale", "restricted", "sectors",
    "auction_cutoff_s", "rejection_window_s", "min_excess_pct",
))  # fmt: skip
"""Limits that a compiled grid follows, or that mean nothing for its market orders."""

_UNSET = RiskLimits()

_PLAIN_HOOKS = (
    "on_market_data", "on_start", "on_bar", "on_fill", "on_order_update", "on_timer", "on_stop",
    "calculate_position_size", "clear_old_data", "bind", "answer",
    "run_kernel", "rows_of",
)  # fmt: skip
"""What a strategy of the compiled grid leaves as it is."""


def why_not(
    source: TapeSource, instances: Sequence[Instance], setup: Setup, feed: str = "both"
) -> str:
    """Say why a grid cannot run compiled.

    Args:
        source: The market data.
        instances: One per parameter set; each is a run of its own.
        setup: How they are run.
        feed: Name of the feed.

    Returns:
        The first reason that is found, in words; "" when it can.
    """
    if not instances:
        return "there is nothing to run"
    return (
        _why_not_data(source, setup, feed)
        or _why_not_model(setup.model)
        or _why_not_setup(source, setup)
        or _why_not_strategies(source, instances, setup.model)
    )


def _why_not_data(source: TapeSource, setup: Setup, feed: str) -> str:
    if len(source.instruments) != 1:
        return f"{len(source.instruments)} symbols are run at once; a compiled grid runs one"
    instrument = source.instruments[0]
    if instrument.sec_type is not SecType.STOCK:
        return f"{instrument.symbol} is no stock"
    if instrument.currency != setup.base:
        return f"{instrument.symbol} is quoted in {instrument.currency}, not in {setup.base}"
    if source.resolution != "tick":
        return f"the data has {source.resolution} bars, not ticks"
    if not source.sessions:
        return "the data has no sessions"
    if feed == "quotes" and setup.model.fill != "quote":
        return f"fill = {setup.model.fill!r} needs prints"
    if source.actions and setup.model.corporate_actions:
        return "splits or dividends fall into the period"
    return ""


def _why_not_model(model: ExecutionModel) -> str:
    checks = (
        (model.latency_ms or model.response_latency_ms, "orders have a latency"),
        (model.slippage != "none" and model.slippage_value, f"slippage = {model.slippage!r}"),
        (model.volume_cap, "a volume cap is set"),
        (model.account == "cash", "a cash account settles what it sells"),
    )
    return next((words for found, words in checks if found), "")


def _why_not_setup(source: TapeSource, setup: Setup) -> str:
    instrument = source.instruments[0]
    if setup.capital > LARGEST_CAPITAL:
        return f"the capital of {setup.capital:,.0f} is above {LARGEST_CAPITAL:,.0f}"
    if setup.quantity % instrument.lot or setup.quantity < 0:
        return f"quantity {setup.quantity} is no multiple of {instrument.lot}"
    if instrument.symbol in setup.limits.restricted:
        return f"{instrument.symbol} is restricted"
    unknown = [
        n for n in RiskLimits.__struct_fields__ if n not in _LIMITS_KNOWN and _is_set(setup, n)
    ]
    if unknown:
        return f"risk.{unknown[0]} is set"
    if setup.shape not in _SHAPES:
        return f"shape = {setup.shape!r} asks for another replay"
    if not setup.compile:
        return "nothing is to be compiled"
    if setup.routing.is_active:
        return "orders are routed (routing.mode, routing.exchange)"
    return ""


def _is_set(setup: Setup, name: str) -> bool:
    return bool(getattr(setup.limits, name) != getattr(_UNSET, name))


def _why_not_strategies(
    source: TapeSource, instances: Sequence[Instance], model: ExecutionModel
) -> str:
    kinds = {type(one.strategy) for one in instances}
    if len(kinds) > 1:
        return f"{len(kinds)} different strategies are compared"
    symbol = source.instruments[0].symbol
    for one in instances:
        if set(one.symbols) != {symbol}:
            return f"{one.name} runs on {', '.join(one.symbols)}"
        reason = _why_not_strategy(one.strategy)
        if reason:
            return f"{type(one.strategy).__name__} {reason}"
        if one.strategy.allow_short and model.borrow_rate:
            return "short sales pay a borrow fee"
    return ""


def _why_not_strategy(strategy: BaseStrategy) -> str:
    if not isinstance(strategy, KernelStrategy):
        return "is not a kernel strategy"
    if getattr(strategy, "kernel_name", "on_tick") != "on_tick":
        return "has a kernel of another form than on_tick"
    if strategy.opposite not in _OPPOSITES and _has_own(strategy, "signal"):
        return "has its own signal and does not say by `opposite` what it amounts to"
    for name in _PLAIN_HOOKS:
        if _has_own(strategy, name):
            return f"has its own {name}"
    checks = (
        (strategy.bars or strategy.warmup or not strategy.sees_ticks, "asks for bars"),
        (strategy.schedule != Schedule(), "has a schedule"),
        (strategy.stop_loss_pct, "attaches stops to its entries"),
    )
    return next((words for found, words in checks if found), "")


def _has_own(strategy: KernelStrategy, name: str) -> bool:
    """Say whether a strategy has a method of its own, be it of its class or set on it."""
    if name in vars(strategy):
        return True
    return getattr(type(strategy), name, None) is not getattr(KernelStrategy, name, None)
