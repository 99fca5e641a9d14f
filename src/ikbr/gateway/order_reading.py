"""Reading orders: from the many fields of the wire to a request, or to why it is refused.

Source: IBKR, "Order types" and "TWS API message codes" (321, 387, 413, 436, 439, 10243).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ikbr.domain.instrument import Instrument, SecType
from ikbr.domain.order import OrderRequest, OrderType, Side, TimeInForce
from ikbr.gateway.contracts import Contracts
from ikbr.gateway.fields import Values
from ikbr.gateway.messages.place_order import PLACE_ORDER
from ikbr.gateway.order_refusals import (
    AMBIGUOUS,
    NO_CONTRACT,
    NOT_MATCHING,
    OCA_GROUP_FIXED,
    OCA_TYPE_FIXED,
    WHAT_IF_HELD,
)
from ikbr.gateway.waiting import wrong_time
from ikbr.gateway.wire_order import WireOrder
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

REDUCING = (2, 3)
"""Source: IBKR, "One-Cancels-All": 2 and 3 reduce the rest of a group, with and without block."""

UNSUPPORTED = Refusal(387, "Unsupported order type for this exchange and security type.")
FRACTIONAL = Refusal(10243, "Fractional-sized order cannot be placed via API.")
NO_ALGORITHM = Refusal(439, "The order has been rejected: algorithm definition not found.")


def invalid(what: str) -> Refusal:
    """Say as IB does that a request is not valid."""
    return Refusal(321, f"Error validating request: {what}.")


def find_and_read(contracts: Contracts, values: Values) -> tuple[int, OrderRequest] | Refusal:
    """Read an order whose instrument is still to be found.

    Args:
        contracts: What can be ordered.
        values: The fields of a `placeOrder` message.

    Returns:
        The number of the instrument and the request, or why it is refused.
    """
    found = contracts.find(values)
    if not found:
        return NO_CONTRACT
    if len(found) > 1:
        return Refusal(200, AMBIGUOUS.message.format(values["symbol"]))
    if values["whatIf"] and not values["transmit"]:
        return WHAT_IF_HELD
    for one in values["conditions"]:
        if one.get("conId") is not None and not contracts.find({"conId": one["conId"]}):
            return invalid("the contract of a condition is not known")
    request = read_order(values, contracts.instruments[found[0]])
    return request if isinstance(request, Refusal) else (found[0], request)


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
    if kind is OrderType.MIDPRICE:
        limit = limit or None
        if not _may_be_midprice(values, instrument):
            return UNSUPPORTED
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
        outside_rth=values["outsideRth"] and not values["algoStrategy"],
        oca_group=values["ocaGroup"],
        # Attached orders shrink with their bracket.
        oca_reduces=values["ocaType"] in REDUCING and not values["parentId"],
    )


def _may_be_midprice(values: Mapping[str, Any], instrument: Instrument) -> bool:
    """Say whether a MIDPRICE order may be given. Source: IBKR: US stocks, by way of SMART."""
    is_stock = instrument.sec_type is SecType.STOCK and instrument.currency == "USD"
    return is_stock and values["exchange"] in {"", "SMART"}


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
    fields = {
        "orderId": order_id,
        "action": "BUY" if request.side > 0 else "SELL",
        "totalQuantity": request.quantity,
        "orderType": "MKT",
        "account": account,
        "orderRef": request.reason,
    }
    return as_sent(fields, wire)


def as_sent(fields: Values, wire: Values) -> Values:
    """Write an order that came by no client as one would have sent it.

    Args:
        fields: Of the order.
        wire: Of the instrument.
    """
    fields = wire | {"exemptCode": -1} | fields | {"transmit": True}
    words = PLACE_ORDER.encode(fields, NEWEST).decode().split("\0")
    return PLACE_ORDER.decode(words[:-1], NEWEST)


def may_not_become(
    wo: WireOrder, values: Values, number: int, request: OrderRequest
) -> Refusal | None:
    """Say why an order may not be changed into another, if it may not.

    Args:
        wo: The order as it is.
        values: The fields of the message that changes it.
        number: Of the instrument that is named in it.
        request: The same, read.
    """
    old = wo.request
    same = (number, request.side, request.order_type) == (wo.number, old.side, old.order_type)
    if not same or values["parentId"] != wo.values["parentId"]:
        return NOT_MATCHING
    if values["ocaGroup"] != wo.values["ocaGroup"]:
        return OCA_GROUP_FIXED
    return OCA_TYPE_FIXED if values["ocaType"] != wo.values["ocaType"] else None
