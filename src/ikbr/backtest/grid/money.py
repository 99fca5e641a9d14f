"""Equity, halts and margin of one parameter set, compiled; exact in millionths.

What `core.halts`, `backtest.stage` and `sim.margin` do for a run, said again for whole numbers in
arrays; the differential tests hold the two together.
"""

# Rows have no static type: their fields are declared in `layout`.
# mypy: disable-error-code=no-any-return

from __future__ import annotations

from typing import Any

from ikbr.backtest.grid.compiled import compiled
from ikbr.backtest.grid.layout import LEFT_MARGIN, NOT_YET
from ikbr.domain.tape import NO_PRICE
from ikbr.sim.margin_rates import short_floor_micro

_short_floor = compiled(short_floor_micro)
_WIDE = 2**31


@compiled
def equity_at(own: Any, unit: int, mark: int) -> int:
    """Value cash and position at a mark, millionths."""
    if own.position == 0:
        return own.cash
    return own.cash + own.position * mark * unit


@compiled
def _keep(amount: int, keep: int, ppb: int) -> int:
    """Give amount × keep / ppb, rounded down, without overflow."""
    return amount // ppb * keep + amount % ppb * keep // ppb


@compiled
def set_floors(own: Any, terms: Any) -> None:
    """Draw the floors below peak and start of day; what has tripped has none."""
    floor = daily = NOT_YET
    if terms.keep_drawdown != terms.ppb and not own.drawdown_latched and own.peak > 0:
        floor = _keep(own.peak, terms.keep_drawdown, terms.ppb)
    if terms.keep_daily != terms.ppb and not own.daily_latched and own.day_start > 0:
        daily = _keep(own.day_start, terms.keep_daily, terms.ppb)
    own.floor = floor
    own.daily_floor = daily
    own.barrier = max(floor, daily)


@compiled
def see_equity(own: Any, terms: Any, equity: int, now: int) -> None:
    """Look at a new equity: high-water mark, drawdown, loss of the day."""
    if equity > own.peak:
        own.peak = equity
        set_floors(own, terms)
    elif equity <= own.barrier:
        if equity <= own.daily_floor:
            own.daily_latched = 1
            set_floors(own, terms)
        if equity <= own.floor:
            own.drawdown_latched = 1
            own.halt_ns = now
            set_floors(own, terms)


@compiled
def start_day(own: Any, terms: Any, equity: int) -> None:
    """Begin a session: the loss of the day is counted from here."""
    own.day_start = equity
    own.peak = max(own.peak, equity)
    own.daily_latched = 0
    set_floors(own, terms)


@compiled
def draw_band(own: Any, terms: Any) -> None:
    """Set the marks between which neither peak nor floor nor margin can be touched."""
    position = own.position
    low, high = -_WIDE, _WIDE
    if position != 0:
        cash = own.cash
        slope = position * terms.unit
        barrier = own.barrier
        if position > 0:
            high = (own.peak - cash) // slope
            if barrier > NOT_YET:
                low = (barrier - cash) // slope + 1
        else:
            low = -((own.peak - cash) // -slope)
            if barrier > NOT_YET:
                high = -((barrier - cash) // -slope) - 1
        if terms.margin:
            low, high = _within_margin(own, terms, low, high)
    own.low = max(min(low, _WIDE), -_WIDE)
    own.high = max(min(high, _WIDE), -_WIDE)


@compiled
def _within_margin(own: Any, terms: Any, low: int, high: int) -> tuple[int, int]:
    """Narrow a band to where the maintenance margin is met for certain; a little too far."""
    cash, position = float(own.cash), float(own.position)
    unit = float(terms.unit)
    micro = float(terms.rate)
    if position > 0:
        if cash < 0:
            free = 1.0 - terms.long_maintenance / micro
            low = max(low, int(-cash / (free * position * unit)) + 2)
        return low, high
    size = -position * unit
    bound = cash / ((1.0 + terms.short_maintenance / micro) * size)
    if terms.floored:
        # The floor of a low-priced share is never more than this.
        most = float(_short_floor(terms.rate * terms.rate))
        bound = min(bound, (cash + position * most) / size)
    return low, min(high, int(max(bound, -1.0)) - 2)


@compiled
def see_mark(own: Any, terms: Any, mark: int, now: int) -> None:
    """Take a mark that left the band: equity, halts, margin."""
    if mark == NO_PRICE or own.position == 0:
        return
    equity = equity_at(own, terms.unit, mark)
    see_equity(own, terms, equity, now)
    if terms.margin and equity < maintenance(own, terms, mark):
        own.left = LEFT_MARGIN
    draw_band(own, terms)


@compiled
def maintenance(own: Any, terms: Any, mark: int) -> int:
    """Work out the maintenance margin at a mark, millionths."""
    position = own.position
    rate = terms.long_maintenance if position > 0 else terms.short_maintenance
    return required(terms, rate, position, mark * terms.unit)


@compiled
def required(terms: Any, rate: int, position: int, unit_micro: int) -> int:
    """Apply a margin rate to a position, rounding up to a millionth.

    Source: `sim.margin_rates.required_micro`.
    """
    size = abs(position)
    value = size * abs(unit_micro) * rate
    needed = -(-value // terms.rate)
    if terms.floored and position < 0:
        return max(needed, size * _short_floor(unit_micro))
    return needed
