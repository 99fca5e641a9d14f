"""Order templates: everything about an order that is known before the tick is encoded once.

The first order of a kind is written by ib_async's own code, and what differs between orders of that
kind is left open in it; each later one is that text with its own values filled in. The bytes are
the ones that ib_async would have sent.

Source: TWS API socket protocol, placeOrder at server versions 157 to 178: without legs and hedges
the fields below always stand at these places.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from ib_async.client import Client as IbClient
from ib_async.util import UNSET_DOUBLE, UNSET_INTEGER

from ikbr.broker.contracts import ContractTable
from ikbr.broker.order_ref import write_ref
from ikbr.broker.orders import CANCEL_ALL, FIELDS, REDUCE, to_ib_order
from ikbr.domain.instrument import Instrument
from ikbr.domain.order import Order, OrderRequest, OrderType, Side
from ikbr.domain.routing import ADAPTIVE

MOST = 4_096
"""Templates that are kept; a symbol needs a handful."""

ORDER_ID, QUANTITY, OCA_GROUP, ORDER_REF, TRANSMIT, PARENT_ID = 1, 17, 22, 26, 27, 28
PRICE_PLACES = {"lmtPrice": 19, "auxPrice": 20, "trailStopPrice": 68, "trailingPercent": 69}
"""Where in a message the values stand that differ from order to order."""

WITHOUT_PROFILE = 177
"""Since this server version there is no field faProfile."""


class _Shape(NamedTuple):
    """Say where orders of a type differ, and which values of a request stand there."""

    places: tuple[int, ...]
    first: tuple[str, ...]
    last: tuple[str, ...]


def _shape(kind: OrderType) -> _Shape:
    prices = sorted((PRICE_PLACES[field], name) for field, name in FIELDS[kind].items())
    first = [(place, name) for place, name in prices if place < OCA_GROUP]
    last = [(place, name) for place, name in prices if place > PARENT_ID]
    places = (
        ORDER_ID, QUANTITY, *(place for place, _ in first), OCA_GROUP, ORDER_REF, TRANSMIT,
        PARENT_ID, *(place for place, _ in last),
    )  # fmt: skip
    return _Shape(places, tuple(name for _, name in first), tuple(name for _, name in last))


_SHAPES = {kind: _shape(kind) for kind in FIELDS}


class OrderTemplates:
    """Write the messages that place and change orders."""

    def __init__(self, contracts: ContractTable, account: str) -> None:
        """Start without templates.

        Args:
            contracts: How IB calls what is traded.
            account: In which account to trade.
        """
        self._contracts = contracts
        self._account = account
        self._templates: dict[tuple[Any, ...], str] = {}

    def message(
        self,
        version: int,
        order: Order,
        request: OrderRequest,
        *,
        parent_id: int = 0,
        transmit: bool = True,
        oca_group: str = "",
    ) -> str:
        """Write the message of an order.

        Args:
            version: Of the server.
            order: As `to_ib_order` takes it, like all that follows.
            request: What is asked for.
            parent_id: The IB order whose fill activates it; 0 for none.
            transmit: Whether IB may send it on.
            oca_group: What IB calls its OCA group.

        Raises:
            OrderError: When IB has no such order.
        """
        instrument = order.instrument
        oca = 0 if not oca_group else REDUCE if order.parent_id else CANCEL_ALL
        key = (
            instrument.symbol,
            instrument.exchange,
            self._contracts.con_id(instrument.symbol),
            request.side,
            request.order_type,
            request.tif,
            request.outside_rth,
            ADAPTIVE.get(request.algo),  # type: ignore[call-overload]
            oca,
            version,
        )
        template = self._templates.get(key)
        if template is None:
            template = self._cut(key, version, order, request, oca_group)
        shape = _SHAPES[request.order_type]
        order_id = order.order_id
        return template % (
            order_id,
            _text(request.quantity),
            *[_text(getattr(request, name)) for name in shape.first],
            oca_group,
            write_ref(order_id, order.strategy),
            "1" if transmit else "0",
            parent_id,
            *[_text(getattr(request, name)) for name in shape.last],
        )

    def warm(self, version: int, instruments: Iterable[Instrument]) -> None:
        """Make the templates of the usual orders before the first of them is wanted."""
        for instrument in instruments:
            for side in Side:
                for kind in (OrderType.MARKET, OrderType.LIMIT):
                    price = 1.0 if kind is OrderType.LIMIT else None
                    request = OrderRequest(instrument.symbol, side, 1, kind, limit_price=price)
                    self.message(version, Order(1, request, instrument, "", 0), request)

    def _cut(
        self, key: tuple[Any, ...], version: int, order: Order, request: OrderRequest, group: str
    ) -> str:
        """Let ib_async write an order, and leave open what differs between those of its kind."""
        ib = to_ib_order(order, request, account=self._account, oca_group=group)
        scribe = _Scribe(version)
        scribe.placeOrder(order.order_id, self._contracts.contract(order.instrument), ib)  # type: ignore[no-untyped-call]
        fields = scribe.written.replace("%", "%%").split("\0")
        # Older servers have one field more, faProfile, before the places of trailing orders.
        more = version < WITHOUT_PROFILE
        for place in _SHAPES[request.order_type].places:
            fields[place + (more and place > PARENT_ID)] = "%s"
        if len(self._templates) >= MOST:
            self._templates.clear()
        self._templates[key] = template = "\0".join(fields)
        return template


class _Scribe(IbClient):
    """Keep what ib_async's client writes."""

    def __init__(self, version: int) -> None:
        self._serverVersion = version
        self.written = ""

    def isConnected(self) -> bool:  # noqa: N802 - ib_async's name
        return True

    def sendMsg(self, msg: str) -> None:  # noqa: N802 - ib_async's name
        self.written = msg


def _text(value: float | None) -> str:
    """Write a number as ib_async does; what is not there is an empty field."""
    if value is None or value in (UNSET_DOUBLE, UNSET_INTEGER):
        return ""
    return "Infinite" if value == math.inf else str(value)
