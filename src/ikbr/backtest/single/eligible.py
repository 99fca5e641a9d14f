"""Which single runs have their orders decided in compiled code; all others run in the engine."""

from __future__ import annotations

import types
from collections.abc import Sequence

from ikbr.backtest.grid import eligible
from ikbr.backtest.stage import Instance, Setup
from ikbr.core.event_bus import EventBus
from ikbr.domain.tape import TapeSource
from ikbr.strategies.kernel import KernelStrategy, kernel_function

_OUT_OF_REACH = frozenset((
    "equity", "orders", "buffer", "cancel", "modify", "set_timer", "cancel_timer", "context",
    "_context", "tickers", "ticker", "volume", "halted",
))  # fmt: skip
"""What a strategy's own words may not ask for: it is not kept from order to order."""


def why_not(
    source: TapeSource,
    instances: Sequence[Instance],
    setup: Setup,
    feed: str,
    bus: EventBus | None,
) -> str:
    """Say why the orders of a run must be decided by the engine.

    Args:
        source: The market data.
        instances: The strategies.
        setup: How they are run.
        feed: Name of the feed.
        bus: Where observers listen who are not the result's own; None for nowhere.

    Returns:
        The first reason that is found, in words; "" when compiled code can.
    """
    if not setup.compile_orders:
        return "orders are to be decided by the engine"
    if len(instances) != 1:
        return f"{len(instances)} strategies share an account"
    if bus is not None:
        return "observers hear of everything as it happens"
    if setup.model.fill == "next":
        return "orders wait for the next print"
    if setup.opening is not None or setup.part is not None:
        return "the run takes up what an earlier one left"
    return eligible.why_not(source, instances, setup, feed) or _why_not_words(instances[0].strategy)


def _why_not_words(strategy: object) -> str:
    """Look into what a strategy says of itself and of its signals."""
    from ikbr.backtest.tape_ticker import names_in_function

    assert isinstance(strategy, KernelStrategy)
    kernel = kernel_function(type(strategy))
    for owner in type(strategy).__mro__:
        if owner is KernelStrategy:
            break
        for name, member in vars(owner).items():
            function = getattr(member, "__func__", member)
            if not isinstance(function, types.FunctionType) or function is kernel:
                continue
            asked = sorted(_OUT_OF_REACH & names_in_function(function))
            if asked and name != "__init__":
                return f"{type(strategy).__name__}.{name} asks for '{asked[0]}'"
    return ""
