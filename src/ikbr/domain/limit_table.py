"""The table of limits: unit, scope and direction of each, and how they may change while live."""

from __future__ import annotations

from typing import Any, NamedTuple

from ikbr.domain.errors import ConfigError
from ikbr.domain.limits import RiskLimits, sector_of

LOWER, LEAST, HIGHER, ON, MORE, FEWER, GROWS, FREE = (
    "lower", "least", "higher", "on", "more", "fewer", "grows", "free",
)  # fmt: skip
"""What makes a limit tighter: a lower value, where 0 is off and the loosest; a lower one down to 0;
a higher one; being on; more symbols; fewer symbols (none named allows all); entries that only grow.
Or it is free."""


class Limit(NamedTuple):
    """Describe one field of `RiskLimits`.

    Attributes:
        unit: Of its value.
        scope: What it is counted over.
        tighter: Which change tightens it.
        what: What happens at it, in words.
    """

    unit: str
    scope: str
    tighter: str
    what: str


LIMITS: dict[str, Limit] = {
    "max_position_pct": Limit("fraction of equity", "symbol", LOWER,
        "refuses what would make the position, with all open orders of the side, larger"),
    "max_position_notional": Limit("base currency", "symbol", LOWER,
        "refuses what would make the position, with all open orders of the side, larger"),
    "max_gross_pct": Limit("fraction of equity", "account", LOWER,
        "refuses when all positions would be worth more if every open order filled"),
    "max_net_pct": Limit("fraction of equity", "account", LOWER,
        "refuses when longs less shorts would be worth more if every open order of a side filled"),
    "max_sector_pct": Limit("fraction of equity", "sector", LOWER,
        "refuses when the positions of a sector would be worth more"),
    "sectors": Limit("sector: symbols", "symbol", GROWS, "says which symbols share a sector"),
    "correlation_threshold": Limit("correlation", "pair of symbols", LEAST,
        "from here on two symbols count as one"),
    "max_correlated_pct": Limit("fraction of equity", "correlated symbols", LOWER,
        "refuses when symbols that move as one would be worth more, net"),
    "max_drawdown_pct": Limit("fraction of equity", "account", LOWER,
        "halts entries for good that far below the high-water mark"),
    "max_daily_loss_pct": Limit("fraction of equity", "account and session", LOWER,
        "halts entries until the next session"),
    "max_order_quantity": Limit("units", "order", LOWER, "refuses a larger order"),
    "max_order_notional": Limit("base currency", "order", LOWER, "refuses a larger order"),
    "collar_pct": Limit("fraction of price", "order", LOWER,
        "refuses a limit price further from a fresh market, and without one"),
    "collar_ticks": Limit("ticks", "order", LEAST,
        "widens the collar to so many ticks where the fraction is less"),
    "max_spread_pct": Limit("fraction of price", "order", LOWER,
        "refuses market orders in a wider market, and without quotes"),
    "refuse_self_trade": Limit("on or off", "symbol", ON,
        "refuses what would trade against an own resting order"),
    "check_children": Limit("on or off", "order", ON,
        "lets attached orders be no larger than their parent, at the last hop"),
    "require_stop": Limit("on or off", "strategy and symbol", ON,
        "refuses what would be held without a stop at the broker, and at the last hop"),
    "preview_notional": Limit("base currency", "order", LOWER,
        "asks the broker for the margin of entries from here on before they are sent"),
    "min_excess_pct": Limit("fraction of equity", "account", HIGHER,
        "refuses a previewed order that would leave less excess over initial margin"),
    "min_order_interval_s": Limit("seconds", "strategy and symbol", HIGHER,
        "refuses an entry sooner after the one before"),
    "duplicate_s": Limit("seconds", "strategy and symbol", HIGHER,
        "refuses the same side, quantity, type and prices again within"),
    "max_messages_per_s": Limit("messages in a second", "account", LOWER,
        "refuses orders and changes beyond; cancellations count and always go"),
    "max_orders_per_minute": Limit("orders in a minute", "account", LOWER, "refuses more"),
    "max_orders_per_day": Limit("orders", "account and session", LOWER, "refuses more"),
    "max_quantity_per_minute": Limit("units in a minute", "account", LOWER, "refuses more"),
    "max_quantity_per_day": Limit("units", "account and session", LOWER, "refuses more"),
    "max_notional_per_minute": Limit("base currency in a minute", "account", LOWER,
        "refuses more"),
    "max_notional_per_day": Limit("base currency", "account and session", LOWER, "refuses more"),
    "max_runs": Limit("orders", "strategy and session", LOWER,
        "refuses entries of the strategy until a person enables it again"),
    "max_rejections": Limit("rejections", "symbol", LOWER,
        "blocks a symbol that the broker rejected so often within the window"),
    "rejection_window_s": Limit("seconds", "symbol", HIGHER, "counts rejections within"),
    "refusal_retry_s": Limit("seconds", "strategy, symbol and side", FREE,
        "asks a refused direction again after"),
    "restricted": Limit("symbols", "symbol", MORE, "refuses these"),
    "allowed": Limit("symbols", "symbol", FEWER, "refuses all others, where any are named"),
    "refuse_stale": Limit("on or off", "symbol", ON, "refuses entries without fresh data"),
    "stale_after_s": Limit("seconds", "symbol", LEAST, "calls data older than this stale"),
    "refuse_closed": Limit("on or off", "symbol", ON,
        "refuses entries while the market is closed or halted, and after an auction's cut-off"),
    "auction_cutoff_s": Limit("seconds before the close", "symbol", HIGHER,
        "refuses orders for the closing auction later than this"),
    "refuse_unreconciled": Limit("on or off", "account", ON,
        "lets no order go until our books agree with the broker's"),
}  # fmt: skip
"""In the order of `RiskLimits`."""


_COUNTED = (
    "check_children", "duplicate_s", "max_messages_per_s", "max_notional_per_day",
    "max_notional_per_minute", "max_orders_per_minute", "max_quantity_per_day",
    "max_quantity_per_minute", "max_runs", "refuse_self_trade", "refuse_unreconciled",
    "require_stop",
)  # fmt: skip


def is_counted(limits: RiskLimits) -> str:
    """Name the first limit that is set and counted or checked as orders leave; "" for none."""
    return next((name for name in _COUNTED if getattr(limits, name)), "")


def check_tightening(old: RiskLimits, new: RiskLimits) -> None:
    """Refuse limits that are looser than those in force.

    Args:
        old: Those in force.
        new: Those that are to take their place while live.

    Raises:
        ConfigError: Naming the first field that would loosen, its old and its new value.
    """
    loose = first_looser(old, new)
    if loose is not None:
        raise ConfigError(
            f"risk.{loose.name} = {loose.after} is looser than {loose.before}, which is in "
            f"force: while live, limits only tighten; stop, change it and start again."
        )


class Looser(NamedTuple):
    """Name a limit that is looser than another one, with both values as people read them."""

    name: str
    before: str
    after: str


def first_looser(old: RiskLimits, new: RiskLimits) -> Looser | None:
    """Find the first limit that is looser than before; None when there is none."""
    for name, limit in LIMITS.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after and not _tightens(limit.tighter, before, after):
            return Looser(name, _shown(before), _shown(after))
    return None


def _tightens(tighter: str, before: Any, after: Any) -> bool:
    if tighter == LOWER:
        return bool(after) and (not before or bool(after < before))
    if tighter in (LEAST, HIGHER):
        return bool(after < before) is (tighter == LEAST)
    if tighter == ON:
        return bool(after)
    if tighter == MORE:
        return set(after) >= set(before)
    if tighter == FEWER:
        return bool(after) and (not before or set(after) <= set(before))
    if tighter == GROWS:
        return sector_of(before).items() <= sector_of(after).items()
    return True


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(value) + "]"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:,g}" if value else "0"
