"""The memory of the compiled grid: rows of named numbers that Python and compiled code share.

They are `kernel_layout` rows, like the memory of kernels: a parameter set is one row, the terms
that all sets share another, and so is the row of the tape at which something is decided.
"""

from __future__ import annotations

from typing import Any

from ikbr.domain.tape import NO_PRICE
from ikbr.strategies.kernel_layout import Layout, cells

NEVER = 2**63 - 1
NOT_YET = -(2**63)
"""A time before all times, and an equity below all equities."""

MOST_WAITING = 32
"""Orders of one set that may wait at once; more of them are left to the engine."""

LOWEST_MARK, HIGHEST_MARK = -(2**31), 2**31

REFUSALS = (
    "size", "no-price", "order-quantity", "orders-per-day", "drawdown", "daily-loss", "interval",
    "price", "stale", "order-notional", "position", "exposure", "broker",
)  # fmt: skip
"""Rules that can refuse, as `Refused.rule` names them."""
(
    SIZE, NO_PRICE_KNOWN, ORDER_QUANTITY, ORDERS_PER_DAY, DRAWDOWN, DAILY_LOSS, INTERVAL, PRICE,
    STALE, ORDER_NOTIONAL, POSITION, EXPOSURE, BROKER,
) = range(13)  # fmt: skip
ALLOWED = -1

LEFT_REASONS = (
    "",
    "the account came to a margin call, which only the engine carries out",
    f"more than {MOST_WAITING} orders waited at once",
    "an order was worth more than compiled money can count",
    "the strategy answered something other than -1, 0 or 1",
    "the fee table does not know the day of a fill",
    "an order was filled late on stale data",
    "the strategy raised an error",
)
"""Why a set was left to the engine, by number."""
(
    RUNNING, LEFT_MARGIN, LEFT_WAITING, LEFT_AMOUNT, LEFT_ANSWER, LEFT_FEES, LEFT_LATE, LEFT_ERROR,
) = range(8)  # fmt: skip

RULE_QUOTE, RULE_NEXT, RULE_LAST = range(3)
FREE, FIXED_PLAN, TIERED_PLAN = range(3)

# The columns of a fill; the last ones say what stood when its order was decided.
(
    FILL_SET, FILL_ORDER, FILL_TS, FILL_QUANTITY, FILL_PRICE, FILL_FEE, FILL_ROW, FILL_EQUITY,
    FILL_DISPLAYED, FILL_BID, FILL_ASK, FILL_LAST, FILL_NUMBER,
) = range(13)  # fmt: skip
FILL_COLUMNS = 13


def set_layout(sessions: int, earlier: int) -> Layout:
    """Lay out one parameter set: its account, its orders and what was counted.

    Money is in millionths, `mark` and prices in price units, times in ns UTC.

    Args:
        sessions: How many sessions the tape has.
        earlier: How many sessions before the present one the day trading rule looks at.
    """
    fields: dict[str, Any] = dict.fromkeys(
        (
            "number", "left", "short", "leaves", "pool", "row", "next_row", "event", "regular",
            "halted",
            "cash", "position", "mark", "peak", "day_start", "drawdown_latched", "daily_latched",
            "halt_ns", "mute_buy", "mute_sell", "muted", "retry", "sent_today", "orders",
            "waiting", "buys", "sells", "exit_buys", "exit_sells", "late", "flat_below",
            "month_shares", "fees_paid", "increased", "day_trades", "fills",
        ),
        0,
    )  # fmt: skip
    fields |= {"share": 1.0, "next_id": 1, "fee_day": -1, "session": -1}
    fields |= dict.fromkeys(("closed_equity", "day_end"), NEVER)
    fields |= dict.fromkeys(("entered", "floor", "daily_floor", "barrier"), NOT_YET)
    fields |= {"low": LOWEST_MARK, "high": HIGHEST_MARK}
    fields |= {
        name: cells(MOST_WAITING, 0)
        for name in (
            "order_id",
            "order_change",
            "order_exits",
            "order_bid",
            "order_ask",
            "order_last",
        )
    }  # fmt: skip
    fields |= {
        "earlier": cells(earlier, 0),
        "refused": cells(len(REFUSALS), 0),
        "equity": cells(sessions, 0),
    }
    return Layout("the grid's set", fields)


def terms_layout(tiers: int, events: int, days: int) -> Layout:
    """Lay out what is the same for every set: limits, margin rates, fees, sessions.

    Args:
        tiers: Volume tiers of the commission.
        events: Opens and closes of sessions.
        days: Days of the fee table.
    """
    fields: dict[str, Any] = dict.fromkeys(
        (
            "unit", "scale", "multiplier", "rate", "lot", "quantity", "fill", "outside",
            "max_quantity", "max_orders", "interval", "retry_after", "refuse_stale",
            "keep_drawdown", "keep_daily", "ppb", "margin", "day_rule", "day_rule_equity",
            "day_rule_allowed", "shortable", "long_initial", "long_maintenance", "short_initial",
            "short_maintenance", "floored", "least_equity", "extended", "fees", "fixed",
            "fixed_least", "tiered_least", "last_tier", "clearing", "taking", "pass_on_first",
            "pass_on_second",
        ),
        0,
    )  # fmt: skip
    fields |= dict.fromkeys(
        ("position_share", "position_cap", "gross_share", "order_cap", "slack"), 0.0
    )
    fields |= {name: cells(tiers, 0) for name in ("tier_until", "tier_rate")}
    fields |= {
        f"event_{name}": cells(events, 0) for name in ("ts", "opens", "session", "ruled", "later")
    }
    fields |= {
        f"day_{name}": cells(days, 0)
        for name in ("until", "known", "month", "sec", "taf", "taf_cap", "cat")
    }
    return Layout("the grid's terms", fields)


ROW = Layout(
    "the grid's row",
    dict.fromkeys(
        ("number", "ts", "kind", "bid", "ask", "last", "bid_size", "ask_size", "mark"), NO_PRICE
    ),
)
"""The row of the tape at which something is decided; `mark` is carried on where nothing stands."""

MARKET = Layout(
    "the grid's market",
    {"scale": 1.0}
    | dict.fromkeys(
        (
            "length", "first", "before", "ts", "kind", "bid", "ask", "last", "bid_size",
            "ask_size", "size", "mark", "halt", "halts",
        ),
        0,
    ),
)  # fmt: skip
"""A piece of tape: how many rows, the number of the first within the whole tape, the mark before
it, units per price, the addresses of its columns, and where dealing halts or goes on in it: the
address of a list of rows, and how many there are."""


def pool_layout(room: int) -> Layout:
    """Lay out where the fills of all sets are noted.

    Args:
        room: For how many fills.
    """
    return Layout(
        "the grid's fills", {"count": 0, "present": 0, "records": cells(room * FILL_COLUMNS, 0)}
    )
