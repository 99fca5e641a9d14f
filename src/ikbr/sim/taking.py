"""Taking and making: how much of what stands an order gets, and at which price."""

from __future__ import annotations

from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO
from ikbr.sim.book import LIMIT, Book, SimOrder
from ikbr.sim.executions import Executions
from ikbr.sim.market import Hours
from ikbr.sim.slippage import make_slippage


class Taking:
    """Trade an order against the tape or against another account.

    Attributes:
        cap_micro: Largest share of a displayed or printed size, in millionths; 0 for all.
        plain: Whether all that is asked for is got at the price that stands.
        several: Whether more than one account trades here.
    """

    __slots__ = ("_book", "_executions", "_hours", "_slip", "cap_micro", "plain", "several")

    def __init__(
        self, model: ExecutionModel, book: Book, executions: Executions, hours: Hours
    ) -> None:
        """Start with one account."""
        self._book = book
        self._executions = executions
        self._hours = hours
        self._slip = make_slippage(model)
        self.cap_micro = round(model.volume_cap * MICRO)
        self.plain = self._slip is None and not self.cap_micro
        self.several = False

    def take(
        self,
        so: SimOrder,
        price: int,
        size: int,
        ts_ns: int,
        displayed: int = 0,
        age_ns: int = 0,
        liquidity: str = "take",
    ) -> None:
        """Trade as a taker: slippage and the volume cap count, the limit holds.

        Args:
            so: The order.
            price: What stands or printed, in price units; not worse than the limit.
            size: How much stands or printed there; 0 if unknown (nothing, under a cap).
            ts_ns: The present.
            displayed: Size at the touch.
            age_ns: Age of the quote.
            liquidity: What the fill is called.
        """
        quantity = so.remaining
        if self.cap_micro:
            allowed = size * self.cap_micro // MICRO
            if allowed < quantity:
                if so.immediate == "FOK":
                    return
                quantity = allowed
            if not quantity:
                return
        slip = self._slip
        if slip is not None:
            sign = so.sign
            price = slip(so.order.instrument, sign, price, quantity, size)
            if (price - so.limit) * sign > 0:
                price = so.limit
        self._executions.execute(so, quantity, price, ts_ns, liquidity, displayed, age_ns)

    def make(self, so: SimOrder, size: int, ts_ns: int, displayed: int, most: int = 0) -> int:
        """Trade a resting order at its limit.

        Args:
            so: The order.
            size: How much came against it; 0 if unknown (nothing, under a cap).
            ts_ns: The present.
            displayed: Size at the touch.
            most: Upper bound of the fill; 0 for none.

        Returns:
            How much it got.
        """
        quantity = min(so.remaining, most) if most else so.remaining
        if self.cap_micro:
            quantity = min(quantity, size * self.cap_micro // MICRO)
        if so.immediate == "FOK" and quantity < so.remaining:
            return 0
        if quantity:
            self._executions.execute(so, quantity, so.limit, ts_ns, "make", displayed)
        return quantity

    def is_new(self, so: SimOrder, price: int, size: int) -> bool:
        """Say whether a quote differs from the one the order took from last.

        Without a cap every quote gives all it is asked for, so nothing is remembered.
        """
        if not self.cap_micro:
            return True
        if so.taken == (price, size):
            return False
        so.taken = (price, size)
        return True

    def cross(self, so: SimOrder, bound: int, ts_ns: int) -> None:
        """Match an incoming order against resting orders of other accounts.

        The best price comes first and at one price the order that came first, each at the
        resting price. Both sides are booked before anyone is told.

        Args:
            so: The incoming order.
            bound: Worst price it may pay here: its limit or the tape's quote.
            ts_ns: The present.
        """
        sign = so.sign
        regular = self._hours.regular
        others = [
            other
            for other in self._book.working[so.sym]
            if other.mode == LIMIT
            and other.sign != sign
            and other.account != so.account
            and not other.immediate
            and (bound - other.limit) * sign >= 0
            and (regular or other.outside_rth)
        ]
        others.sort(key=lambda other: other.limit * sign)
        if so.immediate == "FOK" and sum(o.remaining for o in others) < so.remaining:
            return
        execute = self._executions
        for other in others:
            if not so.live:
                return
            if not other.live:
                continue
            quantity = min(so.remaining, other.remaining)
            made = execute.settle(other, quantity, other.limit, ts_ns, "make", 0, 0)
            taken = execute.settle(
                so, quantity, other.limit, ts_ns, "take", other.remaining + quantity, 0
            )
            execute.tell(other, made)
            execute.tell(so, taken)
