"""The table of risk rules: one small function each, in the order in which they are asked.

A new control is a function and a row. What a rule may look at is a `Case`: the request, the
market, the open orders (`ledger`, `book`), the portfolio, the halts, the return history, what was
sent (`traffic`) and whether anything may be (`clearance`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ikbr.core.check_exposure import (
    test_correlation,
    test_exposure,
    test_net_exposure,
    test_position,
    test_sector,
)
from ikbr.core.check_halts import test_blocked, test_drawdown, test_halt, test_reconciled
from ikbr.core.check_market import (
    test_closed,
    test_collar,
    test_self_trade,
    test_spread,
    test_stale,
)
from ikbr.core.check_orders import (
    test_order_notional,
    test_order_quantity,
    test_price,
    test_protected,
    test_restricted,
    test_universe,
)
from ikbr.core.check_pace import (
    test_duplicate,
    test_interval,
    test_message_rate,
    test_notional_rate,
    test_order_rate,
    test_orders_per_day,
    test_quantity_rate,
    test_runs,
)
from ikbr.core.risk_case import Case
from ikbr.domain.events import Refused

ASKED, PRICED, VALUED = range(3)
"""Stages of a case, by cost: the request alone; its price too; the account's equity too."""

SEVERAL = "correlated symbols"
"""Scope of a rule that cannot be broken with a single symbol."""

Test = Callable[[Case], Refused | None]


class Rule(NamedTuple):
    """Describe one control.

    Attributes:
        name: As refusals call it.
        limits: The fields of `RiskLimits` that set it; without any of them set it is not asked
            (empty: always asked).
        unit: Of the limit.
        scope: What it is counted over.
        stage: How much must have been worked out before it can be asked.
        binds_reducing: Whether it also binds orders that can only shrink a position.
        test: Gives the refusal, or None.
    """

    name: str
    limits: tuple[str, ...]
    unit: str
    scope: str
    stage: int
    binds_reducing: bool
    test: Test


RULES: tuple[Rule, ...] = (
    Rule("reconcile", ("refuse_unreconciled",), "on or off", "account", ASKED, True,
         test_reconciled),
    Rule("restricted", ("restricted",), "symbols", "symbol", ASKED, True, test_restricted),
    Rule("universe", ("allowed",), "symbols", "symbol", ASKED, True, test_universe),
    Rule("order-quantity", ("max_order_quantity",), "units", "order", ASKED, True,
         test_order_quantity),
    Rule("orders-per-day", ("max_orders_per_day",), "orders", "account and session", ASKED, True,
         test_orders_per_day),
    Rule("order-rate", ("max_orders_per_minute",), "orders in a minute", "account", ASKED, True,
         test_order_rate),
    Rule("message-rate", ("max_messages_per_s",), "messages in a second", "account", ASKED, True,
         test_message_rate),
    Rule("quantity-rate", ("max_quantity_per_minute", "max_quantity_per_day"), "units", "account",
         ASKED, True, test_quantity_rate),
    Rule("protection", ("require_stop",), "units", "strategy and symbol", ASKED, True,
         test_protected),
    Rule("duplicate", ("duplicate_s",), "seconds", "strategy and symbol", ASKED, True,
         test_duplicate),
    Rule("halt", (), "fraction of equity", "account", ASKED, False, test_halt),
    Rule("blocked", ("max_rejections",), "rejections", "symbol", ASKED, False, test_blocked),
    Rule("closed", ("refuse_closed",), "on or off", "symbol", ASKED, False, test_closed),
    Rule("runs", ("max_runs",), "orders", "strategy and session", ASKED, False, test_runs),
    Rule("interval", ("min_order_interval_s",), "seconds", "strategy and symbol", ASKED, False,
         test_interval),
    Rule("price", (), "price", "order", PRICED, False, test_price),
    Rule("stale", ("refuse_stale",), "seconds", "symbol", PRICED, False, test_stale),
    Rule("collar", ("collar_pct",), "fraction of price", "order", PRICED, True, test_collar),
    Rule("spread", ("max_spread_pct",), "fraction of price", "order", PRICED, True, test_spread),
    Rule("self-trade", ("refuse_self_trade",), "on or off", "symbol", PRICED, True,
         test_self_trade),
    Rule("order-notional", ("max_order_notional",), "base currency", "order", PRICED, True,
         test_order_notional),
    Rule("notional-rate", ("max_notional_per_minute", "max_notional_per_day"), "base currency",
         "account", PRICED, True, test_notional_rate),
    Rule("drawdown", ("max_drawdown_pct", "max_daily_loss_pct"), "fraction of equity", "account",
         VALUED, False, test_drawdown),
    Rule("position", ("max_position_pct", "max_position_notional"), "base currency", "symbol",
         VALUED, False, test_position),
    Rule("exposure", ("max_gross_pct",), "base currency", "account", VALUED, False, test_exposure),
    Rule("net-exposure", ("max_net_pct",), "base currency", "account", VALUED, False,
         test_net_exposure),
    Rule("sector", ("max_sector_pct",), "base currency", "sector", VALUED, False, test_sector),
    Rule("correlation", ("max_correlated_pct",), "base currency", SEVERAL, VALUED, False,
         test_correlation),
)  # fmt: skip
"""Source: SEC Rule 15c3-5; MiFID II RTS 6; FIA, "Best Practices for Automated Trading Risk Controls
and System Safeguards"."""
