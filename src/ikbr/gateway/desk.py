"""The order desk: every client's orders, from the wire to the exchange and back.

Source: IBKR, "Order placement", "Order status", "Bracket orders".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import Fill, Order, OrderRequest
from ikbr.domain.timers import TimerHeap
from ikbr.gateway import order_refusals as why
from ikbr.gateway import times
from ikbr.gateway.amendments import amend
from ikbr.gateway.books import Books
from ikbr.gateway.contracts import Contracts
from ikbr.gateway.executed import Executed
from ikbr.gateway.fields import Values
from ikbr.gateway.link import Link
from ikbr.gateway.order_list import OrderList
from ikbr.gateway.order_news import OrderNews
from ikbr.gateway.order_reading import find_and_read, may_not_become, own_order
from ikbr.gateway.preview import preview
from ikbr.gateway.wire_order import MANUAL, WireOrder
from ikbr.sim.refusals import Refusal

BROKER = -1
"""The client id of orders that the broker gives itself: liquidations."""
FIRST_PERM_ID = 1_500_000_001


class Desk:
    """Keep the orders of all clients and accounts.

    Attributes:
        binds: Whether orders that are placed by hand are given to client 0 at once.
        news: What clients are told of their orders unasked.
        on_books: Told the account and the instrument's number after every fill.
        judge: Asked why an order that is let go is refused, and whether it works anyway.
        on_execution: Told every execution and its commission after its client was.
        wait: Says whether an order has to wait for its conditions; then it comes back later.
        orders: All orders.
        executed: The executions of today.
        next_perm: The next permanent id.
    """

    def __init__(
        self, contracts: Contracts, clock: TimerHeap, touch: Callable[[int, int], int]
    ) -> None:
        """Start without orders.

        Args:
            contracts: What can be ordered.
            clock: Where the present comes from.
            touch: Gives the price that a taker would meet, by instrument number and side.
        """
        self._touch = touch
        self.news = OrderNews()
        self.binds = False
        self.wait: Callable[[WireOrder], bool] = lambda _wo: False
        self.on_books: Callable[[Books, int], None] = lambda _books, _number: None
        self.judge: Callable[[WireOrder], tuple[Refusal, bool] | None] = lambda _wo: None
        self.on_execution: Callable[[WireOrder, Values, Values], None] = lambda *_what: None
        self._silent = False
        self._contracts = contracts
        self._clock = clock
        self._books: dict[str, Books] = {}
        self.orders = OrderList()
        self._acknowledged: list[WireOrder] = []
        self.executed = Executed(clock)
        self.next_perm = FIRST_PERM_ID
        self._numbers = {one.symbol: n for n, one in enumerate(contracts.instruments)}

    def add(self, books: Books) -> None:
        """Serve an account."""
        self._books[books.name] = books
        books.broker.attach(self._on_update, partial(self._on_fill, books))

    # --- what clients ask for -------------------------------------------------------------------

    def place(self, link: Link, values: Values, books: Books) -> None:
        """Place or change an order.

        Args:
            link: Its client.
            values: The fields of the message.
            books: The account that is meant.
        """
        order_id = values["orderId"]
        known = self.orders.open(link.client_id, order_id)
        if known is not None and not values["whatIf"]:
            self._again(link, known, values)
            return
        ended = self.orders.ended(link.client_id, order_id)
        if ended is not None:
            refusal = why.NOT_MODIFIABLE if ended.filled else why.DUPLICATE_ID
            self.news.deny(link, order_id, None, refusal)
            return
        what = find_and_read(self._contracts, values)
        if isinstance(what, Refusal):
            self.news.deny(link, order_id, None, what)
            return
        number, request = what
        if values["whatIf"]:
            wo = self._make(link.client_id, values, books, number, request, None)
            preview(link, wo, books, self._touch(number, request.side))
            return
        if order_id < self.orders.next_id(link.client_id):
            self.news.deny(link, order_id, request, why.DUPLICATE_ID)
            return
        parent = None
        if values["parentId"]:
            key = (link.client_id, values["parentId"])
            parent = self.orders.open(*key) or self.orders.ended(*key)
            if parent is None:
                self.news.deny(link, order_id, request, why.NO_PARENT)
                return
        if self.orders.is_full:
            self.news.deny(link, order_id, request, why.TOO_MANY)
            return
        wo = self._enter(link.client_id, values, books, number, request, parent)
        if values["algoStrategy"] and values["outsideRth"]:
            link.refuse(order_id, why.OUTSIDE_IGNORED)
        if values["transmit"]:
            self._release(wo)

    def cancel(self, link: Link, order_id: int) -> None:
        """Cancel an order of a client."""
        wo = self.orders.open(link.client_id, order_id)
        if wo is not None:
            self._cancel(wo)
            return
        ended = self.orders.ended(link.client_id, order_id)
        if ended is not None:
            link.refuse(order_id, Refusal(161, f"{why.NOT_CANCELLABLE}{ended.perm_id}"))
            return
        text = f"OrderId {order_id} that needs to be cancelled is not found."
        link.refuse(order_id, Refusal(10147, text))

    def cancel_all(self) -> None:
        """Cancel every order of every client."""
        for wo in self.orders.of():
            if not wo.done:
                self._cancel(wo)

    def submit(self, wo: WireOrder) -> None:
        """Send an order that was let go to the exchange."""
        self._books[wo.account].broker.submit(wo.order)

    def withdraw(self, wo: WireOrder) -> None:
        """Cancel an order on the gateway's own account."""
        if not wo.done:
            self._cancel(wo)

    def in_silence(self, place: Callable[[], None]) -> None:
        """Take an order of which its client is told nothing.

        Args:
            place: Places it.
        """
        self._silent = True
        try:
            place()
        finally:
            self._silent = False

    def amend(
        self, wo: WireOrder, execution: Values, commission: Values, shares: int, price: float
    ) -> None:
        """Correct an execution that was told, as it is by now; see `amendments`."""
        execution, commission = self.executed.latest(execution, commission)
        if not execution["shares"]:
            # What was taken back is not there to be corrected.
            return
        books = self._books[wo.account]
        amended = amend(books, wo, execution, commission, shares, price)
        self.executed.remember(self._clock.now_ns, *amended)
        self.news.fill(wo, *amended)
        self.on_books(books, wo.number)

    def liquidate(self, books: Books, request: OrderRequest) -> None:
        """Carry out an order of the broker itself, unless one for the instrument is under way."""
        number = self._numbers[request.symbol]
        if any(
            wo.client_id == BROKER and wo.number == number and wo.account == books.name
            for wo in self.orders.by_perm.values()
        ):
            return
        order_id = self.orders.next_id(BROKER)
        values = own_order(request, self._contracts.wire[number], order_id, books.name)
        self.enter(BROKER, values, books, number, request)

    def enter(
        self, client_id: int, values: Values, books: Books, number: int, request: OrderRequest
    ) -> WireOrder:
        """Carry out an order that came by no client: the broker's own, or one placed by hand."""
        wo = self._enter(client_id, values, books, number, request, None)
        if self.binds and client_id == MANUAL:
            self.bind()
        self._release(wo)
        return wo

    def bind(self) -> None:
        """Give the orders that were placed by hand to client 0."""
        for wo in self.orders.of(MANUAL):
            self.orders.bind(wo, 0)
            self.news.bound(wo)

    def settle(self) -> None:
        """Tell what works by now.

        An acknowledged order is told as working only when nothing has filled it at once, as a
        real gateway does.
        """
        while self._acknowledged:
            waiting, self._acknowledged = self._acknowledged, []
            for wo in waiting:
                if not wo.done and wo.status == "PreSubmitted":
                    wo.status = "Submitted"
                    wo.why_held = ""
                    self.news.both(wo)

    # --- inside: placing and changing -----------------------------------------------------------

    def _enter(self, *what: Any) -> WireOrder:
        wo = self._make(*what)
        self.orders.add(wo)
        return wo

    def _make(
        self,
        client_id: int,
        values: Values,
        books: Books,
        number: int,
        request: OrderRequest,
        parent: WireOrder | None,
    ) -> WireOrder:
        order = Order(
            self.next_perm,
            request,
            self._contracts.routed(number, values["exchange"]),
            "",
            created_ns=self._clock.now_ns,
            parent_id=parent.perm_id if parent is not None else 0,
        )
        self.next_perm += 1
        return WireOrder(
            order,
            values["orderId"],
            client_id,
            books.name,
            number,
            self._contracts.wire[number],
            values,
            request,
            [],
            parent,
            silent=self._silent,
        )

    def _release(self, wo: WireOrder) -> None:
        """Let an order go, with the relatives that waited for it, parents first."""
        root = wo.parent or wo
        family = [one for one in self.orders.held if one is root or one.parent is root]
        for one in family:
            if one.held:
                self._release_one(one)

    def _release_one(self, wo: WireOrder) -> None:
        self.orders.let_go(wo)
        if wo.values["tif"] == "GTD":
            self.expire(wo)
        refused = self.judge(wo)
        if refused is not None:
            refusal, works = refused
            if not works:
                self._reject(wo, refusal)
                return
            self.news.refuse(wo, refusal)
        if self.wait(wo):
            wo.status = "PreSubmitted"
            self.news.both(wo)
        else:
            self.submit(wo)

    def expire(self, wo: WireOrder) -> None:
        """Have an order end at its time."""
        zone = times.zone_of(wo.order.instrument.calendar)
        due = times.read_time(wo.values["goodTillDate"], zone)
        self._clock.call_at(due, self.withdraw, wo)

    def _again(self, link: Link, wo: WireOrder, values: Values) -> None:
        """Change an order that is known."""
        what = find_and_read(self._contracts, values)
        if isinstance(what, Refusal):
            link.refuse(wo.order_id, what)
            return
        number, request = what
        refusal = may_not_become(wo, values, number, request)
        if refusal is not None:
            link.refuse(wo.order_id, refusal)
        elif wo.held or wo.waits:
            wo.values, wo.request, wo.order.request = values, request, request
            if wo.waits:
                self.news.both(wo)
            elif values["transmit"]:
                self._release(wo)
        elif wo.values["algoStrategy"]:
            link.refuse(wo.order_id, why.NO_ADAPTIVE_CHANGE)
        elif request == wo.latest:
            self.news.both(wo)
        else:
            wo.asked.append((values, request))
            self._books[wo.account].broker.modify(wo.order, request)

    def _cancel(self, wo: WireOrder) -> None:
        if wo.held or wo.waits:
            self._end(wo, "Cancelled")
            self.news.refuse(wo, why.CANCELLED)
            return
        wo.status = "PendingCancel"
        wo.asked.append(None)
        self._books[wo.account].broker.cancel(wo.order)
        if not wo.done and wo.status == "PendingCancel":
            self.news.status(wo)

    # --- inside: what the exchange says ---------------------------------------------------------

    def _on_update(self, update: OrderUpdate) -> None:
        wo = self.orders.by_perm.get(update.order_id)
        if wo is None:
            return
        refusal = Refusal(update.code, update.message)
        match update.event:
            case OrderEvent.ACK:
                if not wo.status:
                    wo.status = "PreSubmitted"
                    self.news.both(wo)
                self._acknowledged.append(wo)
            case OrderEvent.ACK_PRE:
                wo.status = "PreSubmitted"
                wo.why_held = "child" if wo.parent is not None and not wo.parent.done else ""
                self.news.both(wo)
                if update.code:
                    self.news.refuse(wo, refusal)
            case OrderEvent.MODIFY:
                change = wo.asked.pop(0)
                if change is not None:
                    wo.values, wo.request = change
                self.news.both(wo)
            case OrderEvent.CANCEL:
                self._end(wo, "Cancelled")
                self.news.refuse(wo, refusal)
            case OrderEvent.REJECT:
                self._reject(wo, refusal)
            case OrderEvent.CANCEL_REFUSED:
                wo.asked.pop(0)
                self.news.refuse(wo, refusal)
            case _:
                pass

    def _reject(self, wo: WireOrder, refusal: Refusal) -> None:
        """End an order that was refused; only one that got as far as the account has a state."""
        if refusal.code == 201:
            self._end(wo, "Inactive")
        else:
            self.orders.end(wo, self._clock.now_ns, completed=False)
        self.news.reject(wo, refusal)

    def _on_fill(self, books: Books, fill: Fill) -> None:
        wo = self.orders.by_perm.get(fill.order_id)
        realised = books.realised_by(fill)
        if wo is None:
            return
        wo.book(fill)
        full = wo.remaining <= 0
        if full:
            wo.status = "Filled"
        elif wo.status != "PendingCancel":
            wo.status = "Submitted"
        wo.why_held = ""
        told = self.executed.add(wo, fill, realised)
        self.news.fill(wo, *told)
        if full:
            self.orders.end(wo, self._clock.now_ns, completed=True)
        self.on_books(books, wo.number)
        self.on_execution(wo, *told)

    # --- inside: ends and words -----------------------------------------------------------------

    def _end(self, wo: WireOrder, status: str) -> None:
        wo.status = status
        self.news.both(wo)
        self.orders.end(wo, self._clock.now_ns, completed=True)
