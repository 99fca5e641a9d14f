"""The whole account: positions, executions and orders, whoever made them."""

from __future__ import annotations

from typing import Any, NamedTuple

from ib_async import Contract

from ikbr.broker.contracts import ContractTable, contract_text
from ikbr.broker.order_ref import read_ref
from ikbr.broker.orders import to_request, whole
from ikbr.broker.requests import Requests
from ikbr.domain.errors import ContractError, OrderError
from ikbr.domain.order import OrderRequest, OrderType, Side

SECOND = 1_000_000_000
SIGNS = {"BOT": 1, "SLD": -1}


class Deal(NamedTuple):
    """Show an execution of the day.

    Attributes:
        symbol: Of what.
        quantity: Signed.
        price: At which.
        ts_ns: When, to the second.
        exec_id: IB's name of it.
        order_id: Our number of the order that made it; 0 when it is none of ours.
        who: Who made it, in words.
    """

    symbol: str
    quantity: int
    price: float
    ts_ns: int
    exec_id: str
    order_id: int
    who: str


class Standing(NamedTuple):
    """Show an open order.

    Attributes:
        perm_id: IB's number of it in the account.
        order_id: Our number of it; 0 when it is none of ours.
        request: What it asks for, as far as we can read it.
        who: Whose it is, in words.
    """

    perm_id: int
    order_id: int
    request: OrderRequest
    who: str


class WholeAccount:
    """Ask for what is in an account, whoever put it there."""

    def __init__(
        self, requests: Requests, contracts: ContractTable, account: str, client_id: int
    ) -> None:
        """Ask nothing yet.

        Args:
            requests: Asks the gateway.
            contracts: What is known.
            account: Which account.
            client_id: Who we are.
        """
        self._requests = requests
        self._contracts = contracts
        self._account = account
        self._client_id = client_id

    async def positions(self) -> dict[str, tuple[int, float]]:
        """Ask for the positions.

        Returns:
            By symbol: signed quantity, and average cost with multiplier. Fractions are left out.
        """
        found = {}
        for one in await self._requests.positions():
            if one.account == self._account and not one.position % 1:
                symbol = self._symbol(one.contract)
                if symbol:
                    found[symbol] = (whole(one.position), float(one.avgCost))
        return found

    async def deals(self) -> list[Deal]:
        """Ask for the executions of the day, in the order they happened."""
        found = []
        for contract, one in await self._requests.executions():
            symbol = self._symbol(contract)
            if one.acctNumber != self._account or not symbol or one.shares % 1:
                continue
            ref = read_ref(one.orderRef) if one.clientId == self._client_id else None
            order_id = ref.order_id if ref is not None else 0
            who = "placed by hand" if one.clientId == 0 else f"of client {one.clientId}"
            who = f"of order {order_id} of ours, which the journal has lost" if order_id else who
            ts_ns = int(one.time.timestamp()) * SECOND
            quantity = SIGNS.get(one.side, 0) * whole(one.shares)
            price = float(one.price)
            found.append(Deal(symbol, quantity, price, ts_ns, one.execId, order_id, who))
        return sorted(found, key=lambda deal: (deal.ts_ns, deal.exec_id))

    async def open_orders(self) -> list[Standing]:
        """Ask for the open orders of the account, whoever has placed them."""
        found = []
        for trade in await self._requests.all_open_orders():
            order = trade.order
            ours = order.clientId == self._client_id and read_ref(order.orderRef) is not None
            symbol = self._symbol(trade.contract)
            if symbol and order.account in {"", self._account}:
                who = "placed by hand" if not order.clientId else f"of client {order.clientId}"
                who = "of ours, which had ended or was forgotten here," if ours else who
                number = order.orderId if ours else 0
                found.append(Standing(order.permId, number, _request(symbol, order), who))
        return found

    def _symbol(self, contract: Contract) -> str:
        known = self._contracts.find(contract)
        if known is not None:
            return known.symbol
        try:
            return contract_text(contract)
        except ContractError:
            return ""


def _request(symbol: str, order: Any) -> OrderRequest:
    """Read an order; one of a kind that we do not know counts as a market order."""
    try:
        return to_request(symbol, order)
    except OrderError:
        side = Side.BUY if order.action == "BUY" else Side.SELL
        quantity = max(1, int(order.totalQuantity))
        return OrderRequest(symbol, side, quantity, OrderType.MARKET)
