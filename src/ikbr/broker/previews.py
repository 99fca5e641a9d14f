"""Previews: what IB says an order would do to margin (whatIf), before it is placed.

Source: IBKR, TWS API, "Check margin change": a preview is an order with whatIf, needs transmit,
and is answered by one openOrder and nothing else. It carries the id of the order that it is for, so
that no id is used up. Some are never answered; whoever asks waits no longer than he likes.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ib_async import OrderState as IbOrderState

from ikbr.broker.error_codes import Means, classify
from ikbr.broker.executions import UNSET, micro
from ikbr.domain.margin_preview import MarginPreview

Answer = Callable[[MarginPreview | str], None]


class Previews:
    """Bring the answers to whoever asked, by order id."""

    def __init__(self) -> None:
        """Start with nothing asked."""
        self._asked: dict[int, Answer] = {}

    def ask(self, order_id: int, answer: Answer) -> None:
        """Wait for the preview of an order; the latest question counts."""
        self._asked[order_id] = answer

    def forget(self, order_id: int) -> None:
        """Wait no longer: the order is placed."""
        self._asked.pop(order_id, None)

    def on_preview(self, order_id: int, state: IbOrderState) -> None:
        """Take what IB says an order would do; what says nothing at all may be followed by more."""
        preview = read_preview(state)
        if preview and order_id in self._asked:
            self._asked.pop(order_id)(preview)

    def on_error(self, order_id: int, code: int, message: str) -> bool:
        """Take a code; say whether it was about a preview."""
        if order_id not in self._asked:
            return False
        if classify(code).means is not Means.NOTHING:
            self._asked.pop(order_id)(f"code {code}: {message}")
        return True

    def on_disconnect(self) -> None:
        """Answer all that is asked: it will not come any more."""
        asked, self._asked = self._asked, {}
        for answer in asked.values():
            answer("the connection was lost")


def read_preview(state: IbOrderState) -> MarginPreview | str:
    """Read the amounts of a preview, in the account's base currency.

    Returns:
        The preview; IB's words where an amount of margin or equity is missing.
    """
    amounts = {field: _amount(getattr(state, name)) for field, name in _FIELDS.items()}
    known = {field: amount for field, amount in amounts.items() if amount is not None}
    if len(known) < len(amounts):
        return state.warningText.strip()
    return MarginPreview(**known, commission_micro=_amount(state.commission) or 0)


_FIELDS = {
    "initial_before_micro": "initMarginBefore",
    "initial_after_micro": "initMarginAfter",
    "maintenance_before_micro": "maintMarginBefore",
    "maintenance_after_micro": "maintMarginAfter",
    "equity_before_micro": "equityWithLoanBefore",
    "equity_after_micro": "equityWithLoanAfter",
}


def _amount(text: object) -> int | None:
    """Read an amount as millionths; None for what IB does not know."""
    try:
        amount = float(str(text))
    except ValueError:
        return None
    return micro(amount) if math.isfinite(amount) and abs(amount) < UNSET else None
