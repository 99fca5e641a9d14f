"""Opens and closes of sessions for one parameter set, compiled."""

# Rows have no static type: their fields are declared in `layout`.
# mypy: disable-error-code=no-any-return

from __future__ import annotations

from typing import Any

from ikbr.backtest.grid.broker import cancel_waiting
from ikbr.backtest.grid.compiled import compiled
from ikbr.backtest.grid.fees import enter_day
from ikbr.backtest.grid.layout import NEVER
from ikbr.backtest.grid.money import draw_band, equity_at, set_floors, start_day


@compiled
def settle(terms: Any, own: Any, to_ns: int) -> None:
    """Draw the floors, and run what is due by a time."""
    set_floors(own, terms)
    advance(terms, own, to_ns)


@compiled
def next_due(terms: Any, own: Any) -> int:
    """Give when the next open, close or end of a day is due, ns UTC."""
    event = own.event
    due = terms.event_ts[event] if event < len(terms.event_ts) else NEVER
    return min(due, own.day_end)


@compiled
def advance(terms: Any, own: Any, to_ns: int) -> None:
    """Run everything due at or before a time."""
    while next_due(terms, own) <= to_ns:
        event = own.event
        if event >= len(terms.event_ts) or own.day_end < terms.event_ts[event]:
            _end_of_day(terms, own)
            continue
        own.event = event + 1
        if terms.event_opens[event]:
            _open(terms, own, event)
        else:
            _close(terms, own, event)


@compiled
def _open(terms: Any, own: Any, event: int) -> None:
    enter_day(own, terms, terms.event_ts[event])
    if terms.event_later[event]:
        # The window slides: what was counted today joins the sessions before.
        for n in range(len(own.earlier) - 1, 0, -1):
            own.earlier[n] = own.earlier[n - 1]
        own.earlier[0] = own.day_trades
        own.day_trades = 0
        own.increased = 0
    own.session = event
    if own.day_end != NEVER:
        _end_of_day(terms, own)
    own.regular = 1
    start_day(own, terms, equity_at(own, terms.unit, own.mark))
    draw_band(own, terms)
    own.sent_today = 0
    own.mute_buy = own.mute_sell = 0


@compiled
def _close(terms: Any, own: Any, event: int) -> None:
    own.regular = 0
    if not terms.outside:
        cancel_waiting(own)
    equity = equity_at(own, terms.unit, own.mark)
    own.closed_equity = equity
    own.equity[terms.event_session[event]] = equity
    own.day_end = terms.event_ts[event] + terms.extended


@compiled
def _end_of_day(terms: Any, own: Any) -> None:
    """End the day orders of the extended hours."""
    own.day_end = NEVER
    if terms.outside:
        cancel_waiting(own)
