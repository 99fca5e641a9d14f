"""The emergency door: what is needed to stop a trader from outside, and nothing else.

No pipeline, no strategies, no order table: a list of what IB says is open, cancellations, and
market orders that close. It works with the client id of the trader, which must be gone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ib_async import IB, MarketOrder

from ikbr.broker.contracts import to_contract
from ikbr.broker.order_ref import read_ref, write_ref
from ikbr.broker.requests import Requests
from ikbr.domain.instrument import Instrument
from ikbr.domain.order import Side

EXIT_GROUP = "exit-"
"""How the OCA groups of attached exits are called (`core.order_rules.protective_group`)."""


async def connect(ib: IB, host: str, port: int, client_id: int, timeout_s: float) -> None:
    """Connect and ask nothing: a gateway need not answer, and orders are open meanwhile.

    Args:
        ib: The client, not connected.
        host: Of the gateway.
        port: Of the gateway.
        client_id: Whose orders are meant.
        timeout_s: How long it may take.

    Raises:
        OSError: When nobody listens there, or the connection breaks.
        TimeoutError: When the gateway does not answer in time.
    """
    wrapper: Any = ib.wrapper
    wrapper.clientId = client_id
    client: Any = ib.client
    await client.connectAsync(host, port, client_id, timeout_s)


class OpenOrder(NamedTuple):
    """Show an order that IB holds.

    Attributes:
        order_id: IB's number of it.
        client_id: Whose it is; 0 with number 0 for one placed by hand.
        strategy: Who asked for it; "" when it is none of ours.
        protects: Whether it is attached to a position: a stop loss, a take profit.
        text: What it is, in words.
    """

    order_id: int
    client_id: int
    strategy: str
    protects: bool
    text: str


class Emergency:
    """Stop a trader at the broker.

    Attributes:
        requests: Asks it.
    """

    def __init__(self, ib: IB, requests: Requests, account: str = "") -> None:
        """Use a connection that is ready.

        Args:
            ib: The client.
            requests: Asks it.
            account: In which account positions are closed; "" for the only one there is.
        """
        self._account = account
        self._ib = ib
        self._client: Any = ib.client
        self.requests = requests

    async def open_orders(self, *, everything: bool = False) -> list[OpenOrder]:
        """List what is open.

        Args:
            everything: The orders of all clients and those placed by hand, too.

        Raises:
            BrokerError: When IB does not answer.
        """
        ask = self.requests.all_open_orders if everything else self.requests.open_orders
        own = self._client.clientId
        found = [_shown(trade) for trade in await ask()]
        return [order for order in found if everything or order.client_id == own]

    def cancel(self, order: OpenOrder) -> None:
        """Ask for the cancellation of an order of this client."""
        self._client.cancelOrder(order.order_id, "")

    def cancel_everything(self) -> None:
        """Ask for the cancellation of every order in the account, whoever placed it."""
        self._client.reqGlobalCancel()

    def close(self, instrument: Instrument, quantity: int, order_id: int, strategy: str) -> None:
        """Close a position by a market order.

        Args:
            instrument: What is held.
            quantity: How much, signed.
            order_id: A number that was never used.
            strategy: Whose it is.
        """
        side = Side.SELL if quantity > 0 else Side.BUY
        order = MarketOrder(
            side.name,
            abs(quantity),
            orderId=order_id,
            tif="DAY",
            account=self._account,
            orderRef=write_ref(order_id, strategy),
        )
        self._client.placeOrder(order_id, to_contract(instrument), order)

    def next_id(self, least: int) -> int:
        """Give an order number that was never used.

        Args:
            least: None below this one.
        """
        self._client.updateReqId(least)
        number: int = self._client.getReqId()
        return number


def _shown(trade: Any) -> OpenOrder:
    order, contract = trade.order, trade.contract
    ref = read_ref(order.orderRef)
    left = order.totalQuantity - trade.orderStatus.filled
    name = contract.localSymbol or contract.symbol
    return OpenOrder(
        order.orderId,
        order.clientId,
        ref.strategy if ref is not None else "",
        bool(order.parentId) or EXIT_GROUP in (order.ocaGroup or ""),
        f"{order.action} {left:g} {name} {order.orderType} (order {order.orderId} of client "
        f"{order.clientId}{', placed by hand' if not order.orderId else ''})",
    )
