"""Manual orders: those that people place by hand beside the API, through the control port."""

from __future__ import annotations

import msgspec

from ikbr.domain.errors import OrderError, nearest
from ikbr.gateway.order_reading import as_sent, read_order
from ikbr.gateway.wire_order import MANUAL
from ikbr.gateway.world import World
from ikbr.sim.refusals import Refusal


class ManualOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what a person wants.

    Attributes:
        symbol, action, quantity: What, BUY or SELL, how many.
        type: MKT, LMT, STP … as on the wire.
        limit, stop: Prices, where the type has them.
        tif: DAY, GTC …
        account: Whose; the first one when it is not said.
        outside_rth: Whether it works outside regular hours.
    """

    symbol: str
    action: str
    quantity: int
    type: str = "MKT"
    limit: float | None = None
    stop: float | None = None
    tif: str = "DAY"
    account: str = ""
    outside_rth: bool = False


def place_by_hand(world: World, order: ManualOrder) -> int:
    """Place an order as a person at the screen does; no client owns it until client 0 binds it.

    Returns:
        Its permanent id.

    Raises:
        OrderError: When it makes no sense or is refused.
    """
    symbols = [one.symbol for one in world.contracts.instruments]
    if order.symbol not in symbols:
        raise OrderError(f"symbol {order.symbol!r} is not there; {nearest(order.symbol, symbols)}")
    account = order.account or next(iter(world.books))
    if account not in world.books:
        raise OrderError(f"account {account!r} is not there; {nearest(account, world.books)}")
    number = symbols.index(order.symbol)
    fields = {
        "orderId": world.desk.orders.next_id(MANUAL),
        "action": order.action,
        "totalQuantity": order.quantity,
        "orderType": order.type,
        "lmtPrice": order.limit,
        "auxPrice": order.stop,
        "tif": order.tif,
        "account": account,
        "outsideRth": order.outside_rth,
    }
    values = as_sent(fields, world.contracts.wire[number])
    request = read_order(values, world.contracts.instruments[number])
    if isinstance(request, Refusal):
        raise OrderError(f"order {order.action} {order.symbol}: {request.message}")
    wo = world.desk.enter(MANUAL, values, world.books[account], number, request)
    world.settle()
    return wo.perm_id
