"""Evidence: what a code that names an order means, given what is known of the order.

Source: an error on an order id may refuse the order, a change or a cancellation, or say nothing
at all about its fate; only the order's status, the list of open orders and the executions do.
"""

from __future__ import annotations

from typing import NamedTuple

from ikbr.broker.error_codes import CodeRow, Means
from ikbr.domain.lifecycle import OrderEvent


class Ruling(NamedTuple):
    """Say what follows from a code.

    Attributes:
        event: What is certain now; None when nothing is.
        verdict: What is likely, and certain once IB's status or the list of open orders agrees.
        ask: Whether to ask IB now.
    """

    event: OrderEvent | None = None
    verdict: OrderEvent | None = None
    ask: bool = False


def judge(row: CodeRow, *, acknowledged: bool, changing: bool, cancelling: bool) -> Ruling:
    """Weigh a code.

    Args:
        row: The code.
        acknowledged: Whether IB has reported a status of the order.
        changing: Whether a change of it is on its way.
        cancelling: Whether its cancellation is on its way.

    >>> from ikbr.broker.error_codes import classify
    >>> judge(classify(104), acknowledged=True, changing=True, cancelling=False).event.value
    'cancel-refused'
    >>> judge(classify(110), acknowledged=False, changing=False, cancelling=False).verdict.value
    'reject'
    """
    means = row.means
    if means is Means.CANCEL_REFUSED and not acknowledged and not cancelling:
        # A child whose parent IB does not know gets the same code as such a cancellation.
        means = Means.REFUSED
    match means:
        case Means.NOTHING:
            return Ruling()
        case Means.CANCELLED:
            return Ruling(verdict=OrderEvent.CANCEL, ask=True)
        case Means.REJECTED:
            return Ruling(verdict=OrderEvent.REJECT, ask=True)
        case Means.REFUSED if not acknowledged:
            return Ruling(verdict=OrderEvent.REJECT, ask=True)
        case Means.REFUSED | Means.CHANGE_REFUSED if changing:
            return Ruling(event=OrderEvent.CANCEL_REFUSED)
        case Means.CANCEL_REFUSED if cancelling or changing:
            return Ruling(event=OrderEvent.CANCEL_REFUSED, ask=True)
        case _:
            return Ruling(event=OrderEvent.LOSE, ask=True)
