"""From a signal to an order of one parameter set, compiled.

What `core.slot`, `core.desk`, `core.request_maker` and `core.risk_checks` do with a plain BUY or
SELL signal and market orders; the differential tests hold the two together.
"""

# Rows have no static type: their fields are declared in `layout`.
# mypy: disable-error-code=no-any-return

from __future__ import annotations

from typing import Any

from ikbr.backtest.grid.broker import (
    arrive,
    broker_refuses,
    count_waiting,
    in_flight,
    keep_order,
    mark_at,
    tell_last_first,
)
from ikbr.backtest.grid.compiled import compiled, pool_at
from ikbr.backtest.grid.layout import (
    ALLOWED,
    BROKER,
    DAILY_LOSS,
    DRAWDOWN,
    EXPOSURE,
    INTERVAL,
    LEFT_AMOUNT,
    LEFT_LATE,
    NEVER,
    NO_PRICE_KNOWN,
    NOT_YET,
    ORDER_NOTIONAL,
    ORDER_QUANTITY,
    ORDERS_PER_DAY,
    POSITION,
    PRICE,
    SIZE,
    STALE,
)
from ikbr.backtest.grid.money import equity_at
from ikbr.domain.tape import NO_PRICE

_NAN = float("nan")
_MOST_VALUE = 9e12
"""Millionths; an order worth more is left to the engine, whose whole numbers have no end."""


@compiled
def decide(row: Any, terms: Any, own: Any, signal: int) -> None:
    """Take a signal that wants a change: size it, check it, send it.

    Args:
        row: The row of the tape.
        terms: What is the same for every set.
        own: The set.
        signal: 1 to be long, -1 to be short (or flat, when it may not be short); of a set that
            only leaves what it holds, flat against that.
    """
    held = own.position + in_flight(own)
    if held > 0 if signal > 0 else (held < 0 or (held == 0 and not own.short)):
        return
    if row.ts < (own.mute_buy if signal > 0 else own.mute_sell):
        own.muted += 1
        return
    closes = held != 0 and (own.leaves or (signal < 0 and not own.short))
    if closes and _enters_still(own, held):
        _leave_waiting(row, terms, own)
        return
    change = -held if closes else _change(row, terms, own, signal, held)
    after = held + change
    turns = after * held <= 0 and after != 0
    own.retry = row.ts + terms.retry_after
    if change == 0:
        _refuse(own, SIZE, signal)
        return
    if (turns or abs(after) > abs(held)) and not touch(row, terms, change) > 0:
        _refuse(own, NO_PRICE_KNOWN, signal)
        return
    rule = check(row, terms, own, change)
    if rule == ALLOWED:
        _submit(row, terms, own, change, False)
        return
    _refuse(own, rule, change)
    if held * change < 0 and abs(change) > abs(held):
        # A reversal that may not enter still closes.
        own.retry = row.ts + terms.retry_after
        if check(row, terms, own, -held) == ALLOWED:
            _submit(row, terms, own, -held, False)


@compiled
def _enters_still(own: Any, held: int) -> bool:
    """Say whether a part of what is to be left is still being entered."""
    return (own.buys + own.exit_buys if held > 0 else own.sells + own.exit_sells) > 0


@compiled
def _leave_waiting(row: Any, terms: Any, own: Any) -> None:
    """Cancel the entries that wait; what closes already is left alone.

    Source: `core.flattening.Flattener`.
    """
    own.flat_below = own.next_id
    kept = 0
    for n in range(own.waiting):
        if own.order_change[n] * own.position < 0:
            keep_order(own, n, kept)
            kept += 1
        else:
            count_waiting(own, n, -1)
    own.waiting = kept
    start = pool_at(own.pool).count
    close_rest(row, terms, own)
    tell_last_first(own, start)


@compiled
def close_rest(row: Any, terms: Any, own: Any) -> None:
    """Close what is held and is not being closed already; go on while late fills bring more."""
    while True:
        own.late = 0
        held = own.position + in_flight(own)
        if held * own.position <= 0 or own.left:
            return
        if terms.refuse_stale:
            # Whether its data counts as halted depends on the moment within the row.
            own.left = LEFT_LATE
            return
        own.retry = row.ts + terms.retry_after
        rule = check(row, terms, own, -held)
        if rule == ALLOWED:
            _submit(row, terms, own, -held, True)
        else:
            _refuse(own, rule, -held)
        if not own.late:
            return


@compiled
def _change(row: Any, terms: Any, own: Any, signal: int, held: int) -> int:
    """Give the quantity to order, signed; 0 when the size of an entry came to nothing."""
    size = terms.quantity
    if size == 0:
        size = _size(row, terms, own, signal)
        if own.left:
            return 0
    if size < 1:
        return 0
    return (size if signal > 0 else -size) - held


@compiled
def _size(row: Any, terms: Any, own: Any, signal: int) -> int:
    """Size a position, as `core.sizing.position_size` does."""
    unit = abs(touch(row, terms, signal)) * terms.multiplier * terms.rate
    if not unit > 0:
        return 0
    share = terms.position_share
    equity = equity_at(own, terms.unit, row.mark)
    cap = (share if share != 0 else 1.0) * equity * own.share
    if terms.position_cap != 0:
        cap = min(cap, terms.position_cap * terms.rate)
    if cap > _MOST_VALUE:
        own.left = LEFT_AMOUNT
        return 0
    return max(int(cap / unit) // terms.lot * terms.lot, 0)


@compiled
def touch(row: Any, terms: Any, side: int) -> float:
    """Give the price that a market order would meet; without that side the mark."""
    units = row.ask if side > 0 else row.bid
    if units == NO_PRICE:
        units = mark_at(row)
    if units == NO_PRICE:
        return _NAN
    return units / terms.scale


@compiled
def _refuse(own: Any, rule: int, side: int) -> None:
    """Count a refusal and mute its direction."""
    own.refused[rule] += 1
    if side > 0:
        own.mute_buy = own.retry
    else:
        own.mute_sell = own.retry


@compiled
def free_to_reduce(own: Any) -> int:
    """Give how much of a position no waiting order is closing yet."""
    held = own.position
    if held > 0:
        return held - own.sells - own.exit_sells
    return -held - own.buys - own.exit_buys


@compiled
def _reduces(own: Any, change: int) -> bool:
    held = own.position
    if held == 0 or (held > 0) == (change > 0):
        return False
    return abs(change) <= free_to_reduce(own)


@compiled
def check(row: Any, terms: Any, own: Any, change: int) -> int:
    """Judge an order by the risk rules, in their order.

    Returns:
        ALLOWED, or the number of the first rule that forbids it; RETRY is set to when it is
        worth asking again.
    """
    quantity = abs(change)
    reduces = _reduces(own, change)
    if terms.max_quantity and quantity > terms.max_quantity:
        return ORDER_QUANTITY
    if terms.max_orders and own.sent_today >= terms.max_orders:
        return ORDERS_PER_DAY
    if not reduces:
        rule = _check_time(own, terms, row.ts)
        if rule != ALLOWED:
            return rule
    price = touch(row, terms, change)
    if not reduces and price != price:
        return PRICE
    if not reduces and terms.refuse_stale and _untrusted(row, own):
        return STALE
    unit = abs(price) * terms.multiplier * terms.rate
    cap = terms.order_cap * terms.rate
    if cap != 0 and quantity * unit > cap + terms.slack:
        return ORDER_NOTIONAL
    if reduces:
        return ALLOWED
    return _check_value(row, terms, own, change, unit)


@compiled
def _check_time(own: Any, terms: Any, now: int) -> int:
    """Check halts and the interval between entries."""
    if own.drawdown_latched or own.daily_latched:
        own.retry = NEVER
        return DRAWDOWN if own.drawdown_latched else DAILY_LOSS
    entered = own.entered
    if terms.interval >= 0 and entered != NOT_YET and now < entered + terms.interval:
        own.retry = entered + terms.interval
        return INTERVAL
    return ALLOWED


@compiled
def _untrusted(row: Any, own: Any) -> bool:
    """Say whether a ticker that has just changed is halted or crossed."""
    bid, ask = row.bid, row.ask
    return own.halted or (bid > ask and ask != NO_PRICE)


@compiled
def _check_value(row: Any, terms: Any, own: Any, change: int, unit: float) -> int:
    """Check what the account and the position would come to."""
    held = own.position
    highest = held + (min(own.exit_buys, -held) if held < 0 else 0) + own.buys
    lowest = held - (min(own.exit_sells, held) if held > 0 else 0) - own.sells
    after = abs(highest + change if change > 0 else lowest + change)
    equity = equity_at(own, terms.unit, row.mark)
    if equity <= own.barrier:
        own.retry = NEVER
        return DRAWDOWN if equity <= own.floor else DAILY_LOSS
    value = after * unit - terms.slack
    share, cap = terms.position_share, terms.position_cap
    if share != 0 and value > share * equity:
        return POSITION
    if cap != 0 and value > cap * terms.rate:
        return POSITION
    gross = terms.gross_share
    too_much = gross != 0 and after * unit > gross * equity + terms.slack
    return EXPOSURE if too_much and after > max(abs(highest), abs(lowest)) else ALLOWED


@compiled
def _submit(row: Any, terms: Any, own: Any, change: int, exits: bool) -> None:
    """Send an order; nobody is asked any more but the broker."""
    now = row.ts
    unit = touch(row, terms, change) * terms.multiplier * terms.rate
    if (abs(change) + abs(own.position)) * unit > _MOST_VALUE:
        own.left = LEFT_AMOUNT
        return
    if not exits and not _reduces(own, change):
        own.entered = now
    own.sent_today += 1
    own.orders += 1
    order_id = own.next_id
    own.next_id = order_id + 1
    if broker_refuses(row, terms, own, change):
        own.retry = now + terms.retry_after
        _refuse(own, BROKER, change)
        return
    arrive(row, terms, own, order_id, change, exits)
