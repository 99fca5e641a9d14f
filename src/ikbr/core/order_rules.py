"""What makes an order request sensible, and which exits hang on it."""

from __future__ import annotations

import math

from msgspec.structs import replace

from ikbr.domain.errors import OrderError
from ikbr.domain.instrument import Instrument
from ikbr.domain.order import OrderRequest, OrderType, Side, TimeInForce

_NEEDS_LIMIT = {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_ON_CLOSE}
_NEEDS_STOP = {OrderType.STOP, OrderType.STOP_LIMIT}
_MARKET = OrderType.MARKET


def check_request(request: OrderRequest, instrument: Instrument) -> None:
    """Refuse a request that no broker would understand.

    Raises:
        OrderError: Naming the field, its value and the remedy.
    """
    if request.quantity < 1 or request.quantity % instrument.lot:
        raise OrderError(
            f"{request.symbol}: quantity {request.quantity} must be a positive multiple of "
            f"{instrument.lot}."
        )
    kind = request.order_type
    if kind is _MARKET and request.take_profit is None and request.stop_loss is None:
        return
    if kind in _NEEDS_LIMIT and request.limit_price is None:
        raise OrderError(f"{request.symbol}: a {kind} order needs limit_price.")
    if kind in _NEEDS_STOP and request.stop_price is None:
        raise OrderError(f"{request.symbol}: a {kind} order needs stop_price.")
    if kind is OrderType.TRAIL and (request.trail_amount is None) == (
        request.trail_percent is None
    ):
        raise OrderError(
            f"{request.symbol}: a TRAIL order needs either trail_amount or trail_percent."
        )
    _check_prices(request, instrument)


def _check_prices(request: OrderRequest, instrument: Instrument) -> None:
    limit, stop = request.limit_price, request.stop_price
    if limit is not None:
        caps = request.order_type is OrderType.MIDPRICE
        _check_price(request, instrument, "limit_price", limit, on_grid=not caps)
    if stop is not None:
        _check_price(request, instrument, "stop_price", stop)
    if request.take_profit is not None:
        _check_price(request, instrument, "take_profit", request.take_profit)
    if request.stop_loss is not None:
        _check_price(request, instrument, "stop_loss", request.stop_loss)
    if request.trail_amount is not None:
        _check_distance(request, "trail_amount", request.trail_amount)
    if request.trail_percent is not None:
        _check_distance(request, "trail_percent", request.trail_percent)


def _check_price(
    request: OrderRequest, instrument: Instrument, name: str, price: float, *, on_grid: bool = True
) -> None:
    if not math.isfinite(price):
        raise OrderError(f"{request.symbol}: {name} = {price} is not a price.")
    units = instrument.to_units(price)
    nearest = instrument.on_grid(units)
    if on_grid and nearest != units:
        raise OrderError(
            f"{request.symbol}: {name} = {price} is off the price grid; the nearest price "
            f"is {instrument.to_price(nearest)}."
        )


def _check_distance(request: OrderRequest, name: str, distance: float) -> None:
    if not 0 < distance < math.inf:
        raise OrderError(f"{request.symbol}: {name} = {distance} must be above 0.")


def child_requests(request: OrderRequest, parent_id: int) -> list[OrderRequest]:
    """Build the exits that hang on an entry; they cancel each other.

    Args:
        request: The entry, with `take_profit`, `stop_loss` or both.
        parent_id: The id of its order, which names their OCA group.
    """
    exit_order = OrderRequest(
        request.symbol,
        Side.SELL if request.side is Side.BUY else Side.BUY,
        request.protects or request.quantity,
        tif=TimeInForce.GTC,
        outside_rth=request.outside_rth,
        oca_group=protective_group(parent_id),
        reduce_only=True,
    )
    profit, loss = request.take_profit, request.stop_loss
    children = []
    if profit is not None:
        kind, why = OrderType.LIMIT, "take profit"
        children.append(replace(exit_order, order_type=kind, limit_price=profit, reason=why))
    if loss is not None:
        kind, why = OrderType.STOP, "stop loss"
        children.append(replace(exit_order, order_type=kind, stop_price=loss, reason=why))
    return children


def protective_group(parent_id: int) -> str:
    """Name the OCA group of the exits that hang on an order."""
    return f"exit-{parent_id}"
