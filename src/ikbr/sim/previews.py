"""Previews: what an order would do to an account, or why it would be rejected."""

from __future__ import annotations

from ikbr.domain.instrument import Instrument
from ikbr.domain.margin_preview import MarginPreview
from ikbr.domain.order import OrderRequest
from ikbr.domain.tape import NO_PRICE
from ikbr.sim.book import Ledger


def preview_order(
    account: Ledger, instrument: Instrument, request: OrderRequest, touch: int
) -> MarginPreview | str:
    """Ask an account about an order at the price it may expect.

    Args:
        account: Whose order it would be.
        instrument: What it would trade.
        request: The order.
        touch: The price a taker would meet, price units, or NO_PRICE.

    Returns:
        What it would do, or IB's words of the rejection.
    """
    price = touch if touch != NO_PRICE else 0
    for named in (request.stop_price, request.limit_price):
        if named is not None:
            price = instrument.to_units(named)
    words = account.check(instrument, request.side, request.quantity, price)
    return words or account.whatif(instrument, request.side, request.quantity, price)
