"""What the simulated broker does with an order of one parameter set, compiled."""

# Rows have no static type: their fields are declared in `layout`.
# mypy: disable-error-code=no-any-return

from __future__ import annotations

from typing import Any

from ikbr.backtest.grid.compiled import compiled, pool_at
from ikbr.backtest.grid.fees import enter_day, fees_of
from ikbr.backtest.grid.layout import (
    FILL_ASK,
    FILL_BID,
    FILL_COLUMNS,
    FILL_DISPLAYED,
    FILL_EQUITY,
    FILL_FEE,
    FILL_LAST,
    FILL_NUMBER,
    FILL_ORDER,
    FILL_PRICE,
    FILL_QUANTITY,
    FILL_ROW,
    FILL_SET,
    FILL_TS,
    LEFT_WAITING,
    MOST_WAITING,
    RULE_LAST,
    RULE_QUOTE,
)
from ikbr.backtest.grid.money import draw_band, equity_at, required, see_equity
from ikbr.domain.marks import mark_units
from ikbr.domain.tape import NO_PRICE, Kind

_mark_units = compiled(mark_units)
_PRINT, _AUCTION = int(Kind.PRINT), int(Kind.AUCTION)


@compiled
def mark_at(row: Any) -> int:
    """Give the mark of a row alone, not carried on."""
    return _mark_units(row.bid, row.ask, row.last)


@compiled
def broker_refuses(row: Any, terms: Any, own: Any, change: int) -> bool:
    """Say whether the broker rejects an order, as `sim.account.Account.check` does."""
    if not terms.margin:
        return False
    held = own.position
    after = held + change
    if held != 0 and (held > 0) != (change > 0) and abs(change) <= abs(held):
        return False
    if after < 0 and not terms.shortable:
        return True
    price = row.ask if change > 0 else row.bid
    if price == NO_PRICE:
        price = row.last
    unit = (0 if price == NO_PRICE else price) * terms.unit
    equity = equity_at(own, terms.unit, row.mark)
    if _day_rule_forbids(terms, own, equity):
        return True
    rate = terms.long_initial if held > 0 else terms.short_initial
    before = required(terms, rate, held, row.mark * terms.unit) if held != 0 else 0
    rate = terms.long_initial if after >= 0 else terms.short_initial
    needed = required(terms, rate, after, unit)
    side = 1 if change > 0 else -1
    quantity = abs(change)
    if needed > before and equity - needed < fees_of(own, terms, side, quantity, quantity * unit):
        return True
    return equity < terms.least_equity and (change < 0 or own.cash < change * unit)


@compiled
def _day_rule_forbids(terms: Any, own: Any, equity: int) -> bool:
    if not terms.day_rule:
        return False
    counted = min(equity, own.closed_equity)
    if counted >= terms.day_rule_equity:
        return False
    session = own.session
    if session >= 0 and not terms.event_ruled[session]:
        return False
    count = own.day_trades
    for n in range(len(own.earlier)):
        count += own.earlier[n]
    return count >= terms.day_rule_allowed


@compiled
def arrive(row: Any, terms: Any, own: Any, order_id: int, change: int, exits: bool) -> None:
    """Let an accepted order trade with what stands, or wait."""
    n = own.waiting
    if n >= MOST_WAITING:
        own.left = LEFT_WAITING
        return
    own.order_id[n] = order_id
    own.order_change[n] = change
    own.order_exits[n] = exits
    own.order_bid[n] = row.bid
    own.order_ask[n] = row.ask
    own.order_last[n] = row.last
    price, displayed = NO_PRICE, 0
    if terms.fill == RULE_QUOTE:
        price = row.ask if change > 0 else row.bid
        displayed = row.ask_size if change > 0 else row.bid_size
    elif terms.fill == RULE_LAST:
        price = row.last
    if price != NO_PRICE and (own.regular or terms.outside) and not own.halted:
        fill(row, terms, own, n, price, displayed)
        return
    own.waiting = n + 1
    count_waiting(own, n, 1)


@compiled
def count_waiting(own: Any, n: int, sign: int) -> None:
    """Count a waiting order, or with sign -1 count it no longer."""
    change = own.order_change[n]
    size = sign * abs(change)
    if own.order_exits[n]:
        if change > 0:
            own.exit_buys += size
        else:
            own.exit_sells += size
    elif change > 0:
        own.buys += size
    else:
        own.sells += size


@compiled
def in_flight(own: Any) -> int:
    """Give the signed quantity that waiting orders have still to fill."""
    return own.buys + own.exit_buys - own.sells - own.exit_sells


@compiled
def keep_order(own: Any, n: int, place: int) -> None:
    """Let a waiting order move up to a place that became free."""
    own.order_id[place] = own.order_id[n]
    own.order_change[place] = own.order_change[n]
    own.order_exits[place] = own.order_exits[n]
    own.order_bid[place] = own.order_bid[n]
    own.order_ask[place] = own.order_ask[n]
    own.order_last[place] = own.order_last[n]


@compiled
def cancel_waiting(own: Any) -> None:
    """End every waiting order."""
    own.waiting = own.buys = own.sells = own.exit_buys = own.exit_sells = 0


@compiled
def fill(row: Any, terms: Any, own: Any, n: int, price: int, displayed: int) -> None:
    """Book a fill: fees, cash, position, halts, and the record of it."""
    now, change = row.ts, own.order_change[n]
    quantity = abs(change)
    unit = terms.unit
    enter_day(own, terms, now)
    fee = fees_of(own, terms, 1 if change > 0 else -1, quantity, quantity * abs(price) * unit)
    own.month_shares += quantity
    held = own.position
    _count_day_trades(own, held, change)
    own.cash -= change * price * unit + fee
    own.fees_paid += fee
    own.position = held + change
    own.mute_buy = own.mute_sell = 0
    late = own.order_id[n] < own.flat_below or own.order_exits[n] != 0
    own.late = own.flat_below > 0 and own.position != 0 and late
    mark = row.mark
    own.mark = mark
    equity = equity_at(own, unit, mark)
    see_equity(own, terms, equity, now)
    draw_band(own, terms)
    own.fills += 1
    pool = pool_at(own.pool)
    at = pool.count * FILL_COLUMNS
    if at >= len(pool.records):
        own.left = LEFT_WAITING
        return
    pool.count += 1
    records = pool.records
    records[at + FILL_SET] = own.number
    records[at + FILL_ORDER] = own.order_id[n]
    records[at + FILL_TS] = now
    records[at + FILL_QUANTITY] = change
    records[at + FILL_PRICE] = price
    records[at + FILL_FEE] = fee
    records[at + FILL_ROW] = row.number
    records[at + FILL_EQUITY] = equity
    records[at + FILL_DISPLAYED] = displayed
    records[at + FILL_BID] = own.order_bid[n]
    records[at + FILL_ASK] = own.order_ask[n]
    records[at + FILL_LAST] = own.order_last[n]
    records[at + FILL_NUMBER] = own.fills


@compiled
def tell_last_first(own: Any, start: int) -> None:
    """Turn the order of fills around that came from within each other.

    Whoever answers a fill with an order that is filled at once tells of that one first.
    """
    pool = pool_at(own.pool)
    low, high = start, pool.count - 1
    while low < high:
        for column in range(FILL_COLUMNS):
            one, other = low * FILL_COLUMNS + column, high * FILL_COLUMNS + column
            kept = pool.records[one]
            pool.records[one] = pool.records[other]
            pool.records[other] = kept
        low += 1
        high -= 1


@compiled
def _count_day_trades(own: Any, held: int, change: int) -> None:
    """Count a decrease after an increase of the same session, as `sim.day_trades` does."""
    if held == 0 or (held > 0) == (change > 0):
        own.increased = 1
        return
    if own.increased:
        own.day_trades += 1
        own.increased = 0
    if abs(change) > abs(held):
        own.increased = 1
