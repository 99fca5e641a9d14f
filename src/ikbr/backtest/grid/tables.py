"""The terms of a grid, filled from the settings and tables that the engine uses."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Sequence
from typing import Any

from ikbr.backtest.grid import layout
from ikbr.backtest.stage import Setup
from ikbr.core.risk_case import SLACK_MICRO
from ikbr.domain.errors import FeeTableError
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.limits import RiskLimits
from ikbr.domain.session import Session
from ikbr.sim import account, day_trades, fee_tables
from ikbr.sim.fees import new_york_day
from ikbr.sim.margin_rates import rate_of
from ikbr.sim.sessions import EXTENDED_NS

PPB = 1_000_000_000
_FILLS = {"quote": layout.RULE_QUOTE, "next": layout.RULE_NEXT, "last": layout.RULE_LAST}
_PLANS = {
    "none": layout.FREE,
    "ibkr-fixed": layout.FIXED_PLAN,
    "ibkr-tiered": layout.TIERED_PLAN,
}


def terms_of(
    instrument: Instrument, setup: Setup, sessions: Sequence[Session], first_ns: int, last_ns: int
) -> array[int]:
    """Fill the terms of a grid.

    Args:
        instrument: What is on the tape.
        setup: How it is run.
        sessions: The sessions, in order.
        first_ns: Time of the very first row, ns UTC.
        last_ns: Time of the latest row that is known, ns UTC.

    Returns:
        The row of terms, with fees for every day up to the later of `last_ns` and the last close.
    """
    # The fees always start with the same day, as the sets remember a day by its number.
    days = _fee_days(
        setup.model, min(first_ns, sessions[0].open_ns), max(last_ns, sessions[-1].close_ns)
    )
    events = _events(sessions)
    form = layout.terms_layout(len(fee_tables.STOCK_TIERS), len(events), len(days))
    memory = form.rows(1)
    terms = form.view(memory, 0)
    _set_instrument(terms, instrument, setup)
    _set_limits(terms, setup.limits)
    _set_account(terms, instrument, setup.model)
    _set_fees(terms, setup.model)
    for n, (until, rate) in enumerate(fee_tables.STOCK_TIERS):
        terms.tier_until[n], terms.tier_rate[n] = until, rate
    for prefix, rows in (("event", events), ("day", days)):
        for n, row in enumerate(rows):
            for name, value in row.items():
                getattr(terms, f"{prefix}_{name}")[n] = value
    return memory


def _set_instrument(terms: Any, instrument: Instrument, setup: Setup) -> None:
    terms.unit = instrument.unit_value_micro
    terms.scale = instrument.price_scale
    terms.multiplier = instrument.multiplier
    terms.rate = MICRO
    terms.lot = instrument.lot
    terms.quantity = setup.quantity
    terms.fill = _FILLS[setup.model.fill]
    terms.outside = setup.all_hours
    terms.extended = EXTENDED_NS


def _set_limits(terms: Any, limits: RiskLimits) -> None:
    interval = limits.min_order_interval_s
    terms.max_quantity = limits.max_order_quantity
    terms.max_orders = limits.max_orders_per_day
    terms.interval = round(interval * 1e9) if interval else -1
    terms.retry_after = round(limits.refusal_retry_s * 1e9)
    terms.refuse_stale = limits.refuse_stale
    terms.ppb = PPB
    terms.keep_drawdown = PPB - round(limits.max_drawdown_pct * PPB)
    terms.keep_daily = PPB - round(limits.max_daily_loss_pct * PPB)
    terms.position_share = limits.max_position_pct
    terms.position_cap = limits.max_position_notional
    terms.gross_share = limits.max_gross_pct
    terms.order_cap = limits.max_order_notional
    terms.slack = SLACK_MICRO


def _set_account(terms: Any, instrument: Instrument, model: ExecutionModel) -> None:
    margin = model.account != "simple"
    rate = rate_of(instrument, model.account)
    terms.margin = margin
    terms.day_rule = margin and model.pattern_day_rule
    terms.day_rule_equity = day_trades.MINIMUM_EQUITY_MICRO
    terms.day_rule_allowed = day_trades.ALLOWED
    terms.least_equity = account.MINIMUM_MARGIN_EQUITY_MICRO
    terms.shortable = model.shortable is None or instrument.symbol in model.shortable
    terms.long_initial = rate.long_initial
    terms.long_maintenance = rate.long_maintenance
    terms.short_initial = rate.short_initial
    terms.short_maintenance = rate.short_maintenance
    terms.floored = rate.floored


def _set_fees(terms: Any, model: ExecutionModel) -> None:
    terms.fees = _PLANS[model.fees]
    terms.fixed = fee_tables.STOCK_FIXED_MICRO
    terms.fixed_least = fee_tables.STOCK_FIXED_MINIMUM_MICRO
    terms.tiered_least = fee_tables.STOCK_TIERED_MINIMUM_MICRO
    terms.last_tier = fee_tables.STOCK_LAST_TIER_MICRO
    terms.clearing = fee_tables.CLEARING_MICRO
    terms.taking = fee_tables.EXCHANGE_TAKE_MICRO
    terms.pass_on_first = fee_tables.NYSE_PASS_THROUGH
    terms.pass_on_second = fee_tables.FINRA_PASS_THROUGH


def _fee_days(model: ExecutionModel, first_ns: int, last_ns: int) -> list[dict[str, int]]:
    """List the fees of every day of New York in a span of time."""
    days: list[dict[str, int]] = []
    until = first_ns
    while until <= last_ns:
        date, _, until = new_york_day(until)
        known, row = _regulatory(model.fees_as_of or date)
        days.append(
            {
                "until": until,
                "known": known,
                "month": date.year * 12 + date.month,
                "sec": row.sec_per_billion,
                "taf": row.taf_micro,
                "taf_cap": row.taf_cap_micro,
                "cat": row.cat_micro,
            }
        )
    return days


def _regulatory(date: dt.date) -> tuple[bool, fee_tables.RegulatoryRow]:
    try:
        return True, fee_tables.regulatory_row(date)
    except FeeTableError:
        return False, fee_tables.REGULATORY[0]


def _events(sessions: Sequence[Session]) -> list[dict[str, int]]:
    """List opens and closes; at one time a session closes before the next opens."""
    events: list[dict[str, int]] = []
    known: dt.date | None = None
    for number, session in enumerate(sessions):
        both = {"session": number, "ruled": session.date < day_trades.RULE_ENDS}
        later = known is not None and session.date > known
        events.append({"ts": session.open_ns, "opens": True, "later": later, **both})
        events.append({"ts": session.close_ns, "opens": False, "later": False, **both})
        known = session.date
    return sorted(events, key=lambda event: event["ts"])
