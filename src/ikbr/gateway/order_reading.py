"""Reading orders: from the many fields of the wire to a request, or to why it is refused.

Source: IBKR, "Order types" and "TWS API message codes" (321, 387, 413, 436, 439, 10243).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ikbr.domain.instrument import Instrument
from ikbr.domain.order import OrderRequest, OrderType, Side, TimeInForce
from ikbr.gateway.fields import Values
from ikbr.gateway.messages.place_order import PLACE_ORDER
from ikbr.gateway.waiting import wrong_time
from ikbr.sim.refusals import Refusal

NEWEST = 178

TYPES = {
    "MKT": OrderType.MARKET,
    "LMT": OrderType.LIMIT,
    "STP": OrderType.STOP,
    "STP LMT": OrderType.STOP_LIMIT,
    "TRAIL": OrderType.TRAIL,
    "MIDPRICE": OrderType.MIDPRICE,
    "MOC": OrderType.MARKET_ON_CLOSE,
    "LOC": OrderType.LIMIT_ON_CLOSE,
}
_LIMITED = {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_ON_CLOSE, OrderType.MIDPRICE}
_STOPPED = {OrderType.STOP, OrderType.STOP_LIMIT}
_ADAPTIVE = {"Urgent", "Normal", "Patient"}

UNSUPPORTED = Refusal(387, "Unsupported order type for this exchange and security type.")
FRACTIONAL = Refusal(10243, "Fractional-sized order cannot be placed via API.")
NO_ALGORITHM = Refusal(439, "The order has been rejected: algorithm definition not found.")


def invalid(what: str) -> Refusal:
    """Say as IB does that a request is not valid."""
    return Refusal(321, f"Error validating request: {what}.")


def read_order(values: Mapping[str, Any], instrument: Instrument) -> OrderRequest | Refusal:
    """Read an order.

    Args:
        values: The fields of a `placeOrder` message.
        instrument: What it is for.

    Returns:
        The request, or why it is refused.
    """
    side = {"BUY": Side.BUY, "SELL": Side.SELL, "SSHORT": Side.SELL}.get(values["action"])
    if side is None:
        return invalid(f"action {values['action']!r} is neither BUY nor SELL")
    quantity = values["totalQuantity"]
    if not math.isfinite(quantity) or quantity != int(quantity):
        return FRACTIONAL
    refused = _not_simulated(values)
    if refused is not None:
        return refused
    wrong = wrong_time(values, instrument)
    if wrong:
        return invalid(wrong)
    kind = TYPES.get(values["orderType"])
    tif = values["tif"] or "DAY"
    if kind is OrderType.MARKET and tif == "OPG":
        kind, tif = OrderType.MARKET_ON_OPEN, "DAY"
    if tif == "GTD":
        tif = "GTC"
    if kind is None or tif not in TimeInForce.__members__:
        return UNSUPPORTED
    stop = values["auxPrice"] if kind in _STOPPED else None
    trail = percent = None
    if kind is OrderType.TRAIL:
        stop = values["trailStopPrice"]
        percent = values["trailingPercent"]
        trail = None if percent else values["auxPrice"]
    limit = values["lmtPrice"] if kind in _LIMITED else None
    if kind is OrderType.MIDPRICE and not limit:
        limit = None
    return OrderRequest(
        instrument.symbol,
        side,
        int(quantity),
        kind,
        limit_price=limit,
        stop_price=stop,
        trail_amount=trail,
        trail_percent=percent,
        tif=TimeInForce(tif),
        outside_rth=values["outsideRth"],
        oca_group=values["ocaGroup"],
    )


def _not_simulated(values: Mapping[str, Any]) -> Refusal | None:
    """Refuse what would be carried out in another way than was asked for."""
    algorithm = values["algoStrategy"]
    if algorithm:
        tags = {one["tag"]: one["value"] for one in values["algoParams"]}
        if algorithm != "Adaptive" or values["orderType"] not in {"MKT", "LMT"}:
            return NO_ALGORITHM
        if tags.get("adaptivePriority") not in _ADAPTIVE:
            return invalid(
                "the adaptive algorithm needs adaptivePriority Urgent, Normal or Patient"
            )
    if values["scalePriceIncrement"] or values["hedgeType"] or values["cashQty"]:
        return UNSUPPORTED
    if values["allOrNone"] or values["minQty"] or values["faGroup"]:
        return UNSUPPORTED
    return None


def own_order(request: OrderRequest, wire: Values, order_id: int, account: str) -> Values:
    """Write a market order of the broker itself as a client would have sent it."""
    fields = wire | {
        "orderId": order_id,
        "action": "BUY" if request.side > 0 else "SELL",
        "totalQuantity": request.quantity,
        "orderType": "MKT",
        "account": account,
        "orderRef": request.reason,
        "transmit": True,
    }
    words = PLACE_ORDER.encode(fields, NEWEST).decode().split("\0")
    return PLACE_ORDER.decode(words[:-1], NEWEST)
