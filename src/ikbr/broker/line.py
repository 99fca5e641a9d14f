"""A line: what has been sent and heard about one order."""

from __future__ import annotations

from dataclasses import dataclass

from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import Order, OrderRequest


@dataclass(slots=True, eq=False)
class Line:
    """Hold what has been sent and heard about one order.

    Attributes:
        order: Ours.
        ib_parent: The order it hangs on at IB; 0 for none.
        oca_group: Its group in IB's words.
        transmitted: Whether IB was allowed to send it on.
        placed: How many messages that place or change it went out, or wait for their turn.
        acknowledged: Whether IB has reported a status of it.
        status: The latest status, in IB's words.
        said: The event that was reported last.
        there: The quantity that IB is known to have.
        changing: The request that a change on its way asks for.
        cancelling: Whether its cancellation is on its way.
        touched: The round of inquiry after which it was last changed or cancelled.
        seen: Quantity of the executions that came.
        booked: Quantity of the fills that were reported.
        claimed: Quantity that a status said is filled.
        end: The end that waits until all fills are reported.
        ended: The end that was reported.
        verdict: What a code made likely and IB has not confirmed.
        lost: Whether its fate is reported as unknown.
        missed: Whether a person was told that IB does not list it.
        overdue: Whether a list lacked executions that its end waits for.
    """

    order: Order
    ib_parent: int = 0
    oca_group: str = ""
    transmitted: bool = True
    placed: int = 0
    acknowledged: bool = False
    status: str = ""
    said: OrderEvent | None = None
    there: int = 0
    changing: OrderRequest | None = None
    cancelling: bool = False
    touched: int = 0
    seen: int = 0
    booked: int = 0
    claimed: int = 0
    end: OrderUpdate | None = None
    ended: OrderEvent | None = None
    verdict: OrderUpdate | None = None
    lost: bool = False
    missed: bool = False
    overdue: bool = False

    @property
    def in_doubt(self) -> bool:
        """Whether IB owes an answer about it."""
        asked = self.changing is not None or self.cancelling or self.end is not None
        return asked or self.lost or not self.acknowledged or self.verdict is not None

    @property
    def complete(self) -> bool:
        """Whether every fill that is known of has been reported."""
        return self.booked >= max(self.claimed, self.seen)

    @property
    def at_most(self) -> int:
        """Give the most that IB may fill: a reduction on its way need not have arrived."""
        return max(self.there, self.order.quantity)

    @property
    def filled(self) -> bool:
        """Whether nothing is left to fill."""
        return self.booked >= self.at_most
