"""Recovery: a session goes on where the last one stopped, however that ended.

The journal says what was known: orders with their states and fills, what strategies hold, what
risk has latched. From there the broker is asked what has happened since. Only then anything trades.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from ikbr.broker.account_state import AccountState
from ikbr.broker.ib_broker import IBBroker
from ikbr.core.memory import Memory, Orphans, Own, recall
from ikbr.core.pipeline import Pipeline
from ikbr.core.risk_memory import restore_risk
from ikbr.domain.errors import ConfigError
from ikbr.domain.instrument import Instrument
from ikbr.domain.limit_changes import changed_limits, tightened_limits
from ikbr.domain.portfolio import Portfolio
from ikbr.journal.replay import State

log = logging.getLogger("ikbr.live")

DAY_NS = 86_400_000_000_000
LOOK_S = 0.02


def memory_of(past: State) -> Memory:
    """Read out of a journal what the pipeline takes up again."""
    held = {
        (name, symbol): Own(position.quantity, position.cost_micro)
        for name, books in past.books.items()
        for symbol, position in books.positions.items()
        if position.quantity and name
    }
    return Memory(
        orders=past.orders,
        replaced=past.replaced,
        fills=past.fills,
        next_order_id=past.next_order_id,
        held=held,
    )


def left_instruments(past: State) -> list[Instrument]:
    """List what is held or ordered still, as the journal knows it."""
    symbols = [s for s, p in past.portfolio.positions.items() if p.quantity]
    symbols += [order.symbol for order in past.open_orders.values()]
    return [past.instruments[symbol] for symbol in dict.fromkeys(symbols)]


def reopen_books(past: State, state: AccountState, instruments: Sequence[Instrument]) -> Portfolio:
    """Open the account's books as the last session left them.

    Args:
        past: What was known then.
        state: What is in the account now; it gives the present marks and exchange rates.
        instruments: What is traded or held.
    """
    books = Portfolio({i.symbol: i for i in instruments}, 0, state.base, state.fx)
    for currency, micro in past.portfolio.cash_micro.items():
        books.add_cash(micro, currency)
    marks = {one.instrument.symbol: one.mark_units for one in state.holdings}
    for symbol, position in past.portfolio.positions.items():
        if position.quantity:
            books.adopt(symbol, position.quantity, position.cost_micro)
            books.mark(symbol, marks.get(symbol) or position.mark_units)
    return books


def take_up(pipeline: Pipeline, broker: IBBroker, past: State) -> Orphans:
    """Put orders, fills, holdings and risk back to where they were; nothing is sent.

    Args:
        pipeline: Over reopened books, before its start.
        broker: Before its start; it follows the orders again.
        past: What was known.

    Returns:
        What belongs to strategies that do not run any more.
    """
    trader = pipeline.trader
    orphans = recall(trader, memory_of(past))
    if past.risk is not None:
        restore_risk(trader.risk, past.risk)
    if past.tightened:
        # A crash must not loosen what a person has tightened; ending and starting again may.
        risk = trader.risk
        wanted = changed_limits(risk.limits, past.tightened)
        try:
            risk.tighten(tightened_limits(risk.limits, wanted, past.tightened)[0])
        except ConfigError as error:
            log.warning("limits that were tightened before are not taken over: %s", error)
    fills: dict[int, list[int]] = {}
    for exec_id, fill in past.fills.items():
        fills.setdefault(fill.order_id, []).append(exec_id)
    since = pipeline.clock.now_ns - DAY_NS
    for order_id, order in trader.orders.orders.items():
        # IB tells the executions of the day, also of orders that had ended.
        if not order.is_done or order.done_ns >= since:
            booked = [past.fills[one] for one in fills.get(order_id, ())]
            broker.adopt(order, booked, past.replaced.get(order_id))
    return orphans


async def settle(broker: IBBroker, patience_s: float) -> bool:
    """Wait until the broker has said what became of every order.

    Args:
        broker: After its start.
        patience_s: How long, seconds of the machine's time.

    Returns:
        Whether it has; what it has not said stays unknown, and is asked about again.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    while broker.is_asking and loop.time() < until:
        await asyncio.sleep(LOOK_S)
    # What waits for its commission is booked with the expected one; the rest follows.
    broker.follower.executions.flush()
    return not broker.is_asking
