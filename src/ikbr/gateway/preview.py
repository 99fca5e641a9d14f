"""Previews: what an order would do to margin and equity, without placing it (whatIf)."""

from __future__ import annotations

from ikbr.domain.instrument import MICRO
from ikbr.gateway.books import Books
from ikbr.gateway.link import Link
from ikbr.gateway.messages.order_answers import OPEN_ORDER
from ikbr.gateway.wire_order import WireOrder
from ikbr.sim.previews import preview_order
from ikbr.sim.refusals import Refusal


def preview(link: Link, wo: WireOrder, books: Books, touch: int) -> None:
    """Answer with an `openOrder` and nothing else, as a real gateway does.

    Args:
        link: Who asked.
        wo: The order, which is not placed.
        books: The account.
        touch: The price a taker would meet, price units, or NO_PRICE.

    Source: IBKR, "Check margin change"; a rejection must be an error on the order's id.
    """
    instrument = wo.order.instrument
    effect = preview_order(books.account, instrument, wo.request, touch)
    if isinstance(effect, str):
        link.refuse(wo.order_id, Refusal(201, effect))
        return
    wo.status = "PreSubmitted"
    answer = wo.open_values() | {"whatIf": True, "permId": 0}
    for name, before, after in (
        ("initMargin", effect.initial_before_micro, effect.initial_after_micro),
        ("maintMargin", effect.maintenance_before_micro, effect.maintenance_after_micro),
        ("equityWithLoan", effect.equity_before_micro, effect.equity_after_micro),
    ):
        answer[f"{name}Before"] = before / MICRO
        answer[f"{name}Change"] = (after - before) / MICRO
        answer[f"{name}After"] = after / MICRO
    for name in ("commission", "minCommission", "maxCommission"):
        answer[name] = effect.commission_micro / MICRO
    link.send(OPEN_ORDER, answer | {"commissionCurrency": instrument.currency})
