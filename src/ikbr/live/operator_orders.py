"""What a person does to the orders of a session: which are meant, and cancelling them."""

from __future__ import annotations

from typing import NamedTuple

from ikbr.core.protection import is_protective
from ikbr.core.slot import Slot
from ikbr.core.trader import Trader
from ikbr.domain.errors import UsageError, nearest
from ikbr.domain.order import Order


class Orders(NamedTuple):
    """Name what is meant: all of it where nothing is named.

    Attributes:
        strategy: Only what belongs to it; "" for all.
        symbol: Only in it; "" for all.
    """

    strategy: str = ""
    symbol: str = ""

    def fields(self) -> dict[str, str]:
        """Give what is named, for the record."""
        return {name: value for name, value in self._asdict().items() if value}

    def check(self, trader: Trader) -> None:
        """Refuse names that mean nothing.

        Raises:
            UsageError: Naming what there is.
        """
        names = [one.name for one in trader.manager.running]
        if self.strategy and self.strategy not in names:
            raise UsageError(
                f"strategy {self.strategy!r} does not run here; {nearest(self.strategy, names)}"
            )
        if self.symbol and not any(self.mean(slot) for slot in trader.slots):
            symbols = {slot.instrument.symbol for slot in trader.slots}
            raise UsageError(
                f"symbol {self.symbol!r} is not traded here; {nearest(self.symbol, symbols)}"
            )

    def mean(self, slot: Slot) -> bool:
        """Say whether a slot is meant."""
        return self.strategy in ("", slot.running.name) and self.symbol in (
            "",
            slot.instrument.symbol,
        )

    def mean_order(self, order: Order) -> bool:
        """Say whether an order is meant: an exit that protects a position is not."""
        return (
            not is_protective(order)
            and self.strategy in ("", order.strategy)
            and self.symbol in ("", order.symbol)
        )


def order_to_cancel(trader: Trader, order_id: int) -> Order:
    """Find an order that can be cancelled.

    Raises:
        UsageError: When it does not work, or its cancellation is on its way.
    """
    order = trader.orders.working.get(order_id)
    if order is None:
        working = ", ".join(str(one) for one in trader.orders.working) or "none"
        raise UsageError(f"order {order_id} does not work; working: {working[:200]}.")
    if order.cancel_requested:
        raise UsageError(f"order {order_id}: its cancellation is on its way.")
    return order


def cancel_all(trader: Trader, orders: Orders) -> str:
    """Cancel what works, except the exits that protect what is held.

    Returns:
        What came of it, in words.
    """
    meant = [one for one in trader.orders.working.values() if orders.mean_order(one)]
    asked = sum(trader.orders.cancel(one.order_id) for one in meant)
    kept = sum(1 for one in trader.orders.working.values() if is_protective(one))
    words = f"{asked} cancellations asked for"
    return words + (f"; {kept} protective exits stay." if kept else ".")
