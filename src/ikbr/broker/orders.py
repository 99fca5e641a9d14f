"""Orders: our requests as ib_async's `Order`, and back.

Source: IBKR, TWS API, "Available order types" and "Order": a trailing stop has its distance in
`auxPrice` or `trailingPercent` and its first trigger in `trailStopPrice`; a market-on-open order
is a market order with time in force `OPG`; a MIDPRICE order has its optional cap in `lmtPrice`.
"Adaptive Algo": strategy `Adaptive`, parameter `adaptivePriority`.
"""

from __future__ import annotations

from ib_async import Order as IbOrder
from ib_async import TagValue
from ib_async.util import UNSET_DOUBLE

from ikbr.broker.order_ref import write_ref
from ikbr.domain.errors import OrderError
from ikbr.domain.order import Order, OrderRequest, OrderType, Side, TimeInForce
from ikbr.domain.routing import ADAPTIVE, Algo

ON_OPEN = "OPG"
"""Source: IBKR, "Market on Open": MKT or LMT with time in force OPG."""

CANCEL_ALL, REDUCE = 1, 2
"""Source: IBKR, "One Cancels All": 1 cancels the rest of the group, 2 reduces it in proportion;
both with overfill protection (only one of them is at an exchange at a time)."""

FIELDS: dict[OrderType, dict[str, str]] = {
    OrderType.MARKET: {},
    OrderType.LIMIT: {"lmtPrice": "limit_price"},
    OrderType.STOP: {"auxPrice": "stop_price"},
    OrderType.STOP_LIMIT: {"lmtPrice": "limit_price", "auxPrice": "stop_price"},
    OrderType.TRAIL: {
        "auxPrice": "trail_amount",
        "trailingPercent": "trail_percent",
        "trailStopPrice": "stop_price",
    },
    OrderType.MIDPRICE: {"lmtPrice": "limit_price"},
    OrderType.MARKET_ON_OPEN: {},
    OrderType.MARKET_ON_CLOSE: {},
    OrderType.LIMIT_ON_CLOSE: {"lmtPrice": "limit_price"},
}
"""Which field of an IB order carries which price of ours, by type."""

_OPTIONAL = {OrderType.TRAIL, OrderType.MIDPRICE}
"""Types whose prices need not be there; IB reports one that is not there as 0."""


def to_ib_order(
    order: Order,
    request: OrderRequest,
    *,
    account: str = "",
    parent_id: int = 0,
    transmit: bool = True,
    oca_group: str | None = None,
) -> IbOrder:
    """Write an order as IB takes it.

    Args:
        order: Ours; it gives the number and the note.
        request: What is asked for (a modification differs from `order.request`).
        account: In which account.
        parent_id: The IB order whose fill activates it; 0 for none.
        transmit: Whether IB may send it on; False holds it for the rest of its bracket.
        oca_group: What IB calls its OCA group; as the request does, unless given. (IB refuses
            orders of a group of which one has filled before, so names must not come again.)

    Raises:
        OrderError: When IB has no such order.
    """
    kind, tif = request.order_type, str(request.tif)
    ib = IbOrder(
        orderId=order.order_id,
        action=request.side.name,
        totalQuantity=request.quantity,
        orderType=str(kind),
        tif=tif,
        outsideRth=request.outside_rth,
        orderRef=write_ref(order.order_id, order.strategy),
        account=account,
        parentId=parent_id,
        transmit=transmit,
    )
    if kind is OrderType.MARKET_ON_OPEN:
        if request.tif is not TimeInForce.DAY:
            raise OrderError(
                f"{request.symbol}: tif = {tif}: a MOO order is for one opening; use DAY."
            )
        ib.orderType, ib.tif = "MKT", ON_OPEN
    for field, name in FIELDS[kind].items():
        value = getattr(request, name)
        if value is not None:
            setattr(ib, field, value)
    if request.algo in ADAPTIVE:
        ib.algoStrategy = "Adaptive"
        ib.algoParams = [TagValue("adaptivePriority", ADAPTIVE[Algo(request.algo)])]
    group = request.oca_group if oca_group is None else oca_group
    if group:
        ib.ocaGroup = group
        ib.ocaType = REDUCE if order.parent_id else CANCEL_ALL
    return ib


def to_request(symbol: str, ib: IbOrder) -> OrderRequest:
    """Read an order of IB as a request.

    What never travels (reasons, attached exits, groups of one call) is not there.

    Args:
        symbol: Of which instrument.
        ib: The order, as sent or as IB reported it.

    Raises:
        OrderError: When the order is of a kind that ikbr does not use.
    """
    try:
        kind, tif = _kind(ib)
        side = Side[ib.action]
    except (KeyError, ValueError):
        raise OrderError(
            f"order {ib.orderId} in {symbol}: {ib.action} {ib.orderType} {ib.tif} is of a kind "
            "that ikbr does not use; manage it where it was placed."
        ) from None
    prices = {name: _price(kind, ib, field) for field, name in FIELDS[kind].items()}
    return OrderRequest(
        symbol,
        side,
        whole(ib.totalQuantity),
        kind,
        tif=tif,
        outside_rth=ib.outsideRth,
        oca_group=ib.ocaGroup,
        limit_price=prices.get("limit_price"),
        stop_price=prices.get("stop_price"),
        trail_amount=prices.get("trail_amount"),
        trail_percent=prices.get("trail_percent"),
    )


def agrees(order: IbOrder, request: OrderRequest) -> bool:
    """Whether IB has an order as a change asked for it; a trailing trigger moves by itself."""
    try:
        there = to_request(request.symbol, order)
    except OrderError:
        return False
    prices = there.limit_price == request.limit_price and (
        request.order_type is OrderType.TRAIL or there.stop_price == request.stop_price
    )
    return prices and there.quantity == request.quantity


def whole(quantity: float) -> int:
    """Read a quantity.

    Raises:
        OrderError: When it is not a whole number.

    >>> whole(100.0)
    100
    """
    if quantity != quantity or quantity % 1:
        raise OrderError(f"quantity {quantity} is not whole; ikbr trades whole units only.")
    return int(quantity)


def _kind(ib: IbOrder) -> tuple[OrderType, TimeInForce]:
    if ib.tif == ON_OPEN:
        if ib.orderType != "MKT":
            raise ValueError(ib.orderType)
        return OrderType.MARKET_ON_OPEN, TimeInForce.DAY
    return OrderType(ib.orderType), TimeInForce(ib.tif or "DAY")


def _price(kind: OrderType, ib: IbOrder, field: str) -> float | None:
    """Read a price; IB writes one that is not there as the largest float, or as 0."""
    value = getattr(ib, field)
    if value is None or value == UNSET_DOUBLE or (not value and kind in _OPTIONAL):
        return None
    return float(value)
