"""Memory: what earlier sessions leave to the next one, and how the pipeline takes it up.

Orders that have not ended are followed again, fills that are booked are not booked again, and what
strategies hold is theirs again. Nothing is sent and nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from ikbr.core.trader import Trader
from ikbr.domain.order import Fill, Order, OrderRequest


class Own(NamedTuple):
    """Hold what a strategy has in a symbol.

    Attributes:
        quantity: Signed.
        cost_micro: What it cost, millionths of the instrument's currency.
    """

    quantity: int
    cost_micro: int


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Say what is known from before.

    Attributes:
        orders: Every order by id, with its state and fills.
        replaced: The request that an order had before a change that is on its way, by id.
        fills: Every fill that is booked, by execution id.
        next_order_id: An id that was never used, nor any above it.
        held: What strategies hold, by name and symbol.
    """

    orders: Mapping[int, Order] = {}
    replaced: Mapping[int, OrderRequest] = {}
    fills: Mapping[int, Fill] = {}
    next_order_id: int = 1
    held: Mapping[tuple[str, str], Own] = {}


class Orphans(NamedTuple):
    """List what belongs to strategies that do not run any more.

    Attributes:
        orders: Orders that have not ended.
        held: What they hold, by name and symbol.
    """

    orders: list[Order]
    held: dict[tuple[str, str], Own]

    def lines(self) -> list[str]:
        """Say what nobody takes care of."""
        held = [
            f"{name} holds {own.quantity:+d} {symbol} and does not run: nobody closes it"
            for (name, symbol), own in self.held.items()
        ]
        return held + [
            f"{order.strategy} does not run, and its order still works: {order!r}"
            for order in self.orders
        ]


def recall(trader: Trader, memory: Memory) -> Orphans:
    """Take up what earlier sessions have left.

    Args:
        trader: The pipeline, before its start; the account's books are opened already.
        memory: What is known from before.

    Returns:
        What nobody takes up.
    """
    slots = {(slot.running.name, slot.ticker.symbol): slot for slot in trader.slots}
    orphans = Orphans([], {})
    for (name, symbol), own in memory.held.items():
        slot = slots.get((name, symbol))
        if slot is None:
            orphans.held[name, symbol] = own
            continue
        slot.position = own.quantity
        books = slot.running.books
        books.adopt(symbol, own.quantity, own.cost_micro)
        books.add_cash(-own.cost_micro, slot.instrument.currency)
    known: dict[int, Order] = {}
    for order_id, order in memory.orders.items():
        slot = slots.get((order.strategy, order.symbol))
        if slot is not None:
            order.owner = slot
            known[order_id] = order
        elif not order.is_done:
            orphans.orders.append(order)
    trader.orders.recall(known, memory.replaced, memory.fills, memory.next_order_id)
    for order in trader.orders.working.values():
        trader.books.on_intent(order)
    return orphans
