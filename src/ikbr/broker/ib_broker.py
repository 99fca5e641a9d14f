"""The broker behind ib_async: sends orders; what becomes of them the follower reports.

Nothing here waits or sleeps: messages come in through the raw feed, time through the clock. The
same object therefore trades over a socket and over a gateway in the same process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from ib_async import IB

from ikbr.broker.brackets import Brackets
from ikbr.broker.contracts import ContractTable
from ikbr.broker.executions import Estimate
from ikbr.broker.follower import SECOND, Follower
from ikbr.broker.inquiry import Inquiry
from ikbr.broker.line import Line
from ikbr.broker.order_templates import OrderTemplates
from ikbr.broker.orders import to_ib_order
from ikbr.broker.pacing import Lane, Pacer, Placing, pacer_of
from ikbr.broker.raw_feed import tap, wire_of
from ikbr.broker.repeated_orders import pass_over_repeated_orders
from ikbr.core.ports import Clock
from ikbr.core.stopwatch import Stopwatch, stamped
from ikbr.domain.errors import OrderError
from ikbr.domain.instrument import Instrument
from ikbr.domain.lifecycle import OrderEvent, OrderState, OrderUpdate
from ikbr.domain.margin_preview import MarginPreview
from ikbr.domain.order import Fill, Order, OrderRequest, Side

REQUEST_IDS_FROM = 1_000_000_000
"""Where the ids of requests begin, so that a code that names an order never means a request."""

_E = OrderEvent
UNHEARD = frozenset(
    (
        OrderState.CREATED,
        OrderState.PENDING_SUBMIT,
        OrderState.PENDING_CANCEL,
        OrderState.UNKNOWN,
    )
)
"""States in which IB need not have heard of an order."""


def no_commission(_i: Instrument, _side: Side, _quantity: int, _units: int) -> int:
    """Expect no commission (until the report comes)."""
    return 0


class IBBroker:
    """Take orders to IB and bring back its word (a `core.ports.Broker`).

    Our order ids are IB's: `start` gives the first one that may be used, so that the intent in
    the journal names the order at IB before it is sent.

    Attributes:
        follower: Follows the orders; has the callbacks for what is no order update and no fill.
        silence_ns: How long IB may say nothing about an order, a change or a cancellation before
            it is asked.
    """

    def __init__(
        self,
        ib: IB,
        clock: Clock,
        contracts: ContractTable,
        *,
        on_fault: Callable[[Exception], None],
        account: str = "",
        estimate: Estimate = no_commission,
        commission_wait_s: float = 2.0,
        answer_s: float = 5.0,
    ) -> None:
        """Listen to a connection; nothing is sent yet.

        Args:
            ib: The connection, before or after connecting.
            clock: Tells the time; its timers run what is overdue.
            contracts: How IB calls what is traded.
            on_fault: Told of an error inside, which ib_async would swallow: stop trading.
            account: In which account to trade.
            estimate: What a fill costs whose commission does not come in time.
            commission_wait_s: How long a fill waits for its commission.
            answer_s: How long IB may take to say what became of an order in doubt.
        """
        self._ib = ib
        self._clock = clock
        self._contracts = contracts
        self._account = account
        self._answer_ns = round(answer_s * SECOND)
        self.silence_ns = self._answer_ns
        self._wire = wire_of(ib)
        self._templates = OrderTemplates(contracts, account)
        self._watch: Stopwatch | None = getattr(self._wire, "watch", None)
        self._pacer: Pacer | None = None
        self._first_id = 0
        self._group_prefix = ""
        self._brackets = Brackets()
        self._refused: set[int] = set()
        self.follower = Follower(
            clock,
            estimate=estimate,
            commission_wait_ns=round(commission_wait_s * SECOND),
            catch_up_ns=self._answer_ns // 2,
        )
        tap(ib, self.follower, on_fault)
        pass_over_repeated_orders(ib, self.follower)
        ib.disconnectedEvent.connect(self._on_disconnect, keep_ref=True)

    def start(self, first_id: int = 0) -> int:
        """Begin to trade over a connection that is ready, or is ready again.

        Whatever is not known to have ended is asked about.

        Args:
            first_id: Do not use ids below this one (of what the journal has seen).

        Returns:
            The first order id that may be used.

        Raises:
            OrderError: When the ids are used up.
        """
        wire, follower = self._wire, self.follower
        client_id = self._ib.client.clientId
        if not self._first_id or client_id != follower.client_id:
            self._first_id = max(first_id, wire.getReqId())
            if self._first_id >= REQUEST_IDS_FROM:
                raise OrderError(
                    f"order ids have reached {self._first_id}; reset the gateway's API order ids."
                )
            # IB remembers the groups of the day; each session has its own.
            self._group_prefix = f"ikbr-{client_id}-{self._first_id}-"
        wire.updateReqId(REQUEST_IDS_FROM)
        self._pacer = pacer_of(self._ib)
        if self._pacer is not None:
            self._pacer.on_given_up = self._on_given_up
        self._templates.warm(wire.serverVersion(), self._contracts.instruments)
        follower.client_id = client_id
        follower.inquiry = Inquiry(
            wire,
            self._clock,
            client_id,
            answer_ns=self._answer_ns,
            on_answer=follower.settlement.on_answer,
            on_silence=follower.settlement.on_silence,
        )
        for line in follower.lines.values():
            line.touched = 0
        follower.look()
        return self._first_id

    @property
    def is_asking(self) -> bool:
        """Whether an answer about orders is awaited."""
        inquiry = self.follower.inquiry
        return inquiry is not None and inquiry.running

    def attach(
        self,
        on_update: Callable[[OrderUpdate], None],
        on_fill: Callable[[Fill], None],
        on_amended: Callable[[Fill], None],
    ) -> None:
        """Say whom to tell; called once before the first order."""
        watch = self._watch
        if watch is not None:
            on_update, on_fill = stamped(watch, on_update, on_fill)
        self.follower.on_update = on_update
        self.follower.on_fill = on_fill
        self.follower.on_amended = on_amended

    def adopt(
        self, order: Order, fills: Iterable[Fill] = (), replaced: OrderRequest | None = None
    ) -> None:
        """Follow an order that an earlier session sent; `start` asks what became of it.

        Args:
            order: As that session left it.
            fills: Its fills that are booked. IB lists those of the day again: they are no new
                ones, but may have been corrected meanwhile.
            replaced: What it was before a change whose answer is still awaited.
        """
        executed = order.executed
        known = order.state not in UNHEARD or executed > 0
        line = Line(order, placed=1, booked=executed, seen=executed, acknowledged=known)
        if replaced is None:
            line.there = order.quantity
        else:
            line.there, line.changing = replaced.quantity, order.request
        line.cancelling = order.cancel_requested
        self.follower.adopt(line)
        for fill in fills:
            self.follower.executions.know(order, fill)

    def submit(self, order: Order) -> None:
        """Send an order; a child (`parent_id`) waits for its parent's fill."""
        line = Line(order, there=order.quantity)
        self.follower.previews.forget(order.order_id)
        if order.order_id < self._first_id or not self._first_id:
            words = f"order id {order.order_id} is below the first free one, {self._first_id}"
            self.follower.end(line, _E.REJECT, 103, words)
            return
        if order.parent_id in self._refused:
            self.follower.end(line, _E.REJECT, 201, "the order that it hangs on was not sent")
            return
        # What protects an order that has ended stands alone: IB no longer knows the parent.
        line.ib_parent = order.parent_id if order.parent_id in self.follower.lines else 0
        group = order.request.oca_group
        line.oca_group = self._group_prefix + group if group else ""
        line.transmitted = self._brackets.transmits(order)
        self.follower.lines[order.order_id] = line
        refusal = self._place(line, order.request)
        if refusal:
            self._brackets.forget(order.order_id)
            self._refused.add(order.order_id)
            self.follower.end(line, _E.REJECT, 321, refusal)
        elif not line.transmitted and not order.parent_id:
            self._clock.call_at(self._clock.now_ns, self._release, order.order_id)

    def ask_again(self, *, executions: bool = False) -> None:
        """Ask about every order that has not ended here: IB may have ended it without a word.

        Args:
            executions: Ask although none works: IB may have corrected an execution.
        """
        inquiry, lines = self.follower.inquiry, self.follower.lines
        if inquiry is not None and (lines or executions):
            inquiry.look(lines)

    def preview(self, order: Order, on_preview: Callable[[MarginPreview | str], None]) -> None:
        """Ask IB what an order would do to margin, without placing it; it may never answer."""
        if not self._wire.isReady():
            on_preview("not connected")
            return
        try:
            ib_order = to_ib_order(order, order.request, account=self._account, oca_group="")
        except OrderError as error:
            on_preview(str(error))
            return
        ib_order.whatIf = True
        self.follower.previews.ask(order.order_id, on_preview)
        contract = self._contracts.contract(order.instrument)
        self._wire.placeOrder(order.order_id, contract, ib_order)

    def rehearse(self, order: Order) -> None:
        """Write the message of an order that is never sent."""
        if self._wire.isReady():
            version, request = self._wire.serverVersion(), order.request
            self._templates.message(version, order, request).encode()

    def modify(self, order: Order, request: OrderRequest) -> None:
        """Change price or quantity of a working order."""
        line = self.follower.lines.get(order.order_id)
        if line is None:
            self.follower.tell(order.order_id, _E.CANCEL_REFUSED, 104, "the order has ended")
            return
        line.changing = request
        # What was sent before the rest of its family goes by itself once that is there.
        line.transmitted = line.transmitted or self._brackets.is_whole(order)
        self.follower.touch(line)
        refusal = self._place(line, request)
        if refusal:
            line.changing = None
            self.follower.refuse(line, 321, refusal)

    def cancel(self, order: Order) -> None:
        """Ask for the cancellation of a working order."""
        line = self.follower.lines.get(order.order_id)
        if line is None:
            self.follower.tell(order.order_id, _E.CANCEL_REFUSED, 161, "the order has ended")
            return
        if not self._wire.isReady():
            self.follower.refuse(line, 161, "not connected")
            return
        if self._pacer is not None and self._take_back(line, self._pacer):
            return
        line.cancelling = True
        self.follower.touch(line)
        self._wire.cancelOrder(order.order_id, "")
        self._expect_answer(line)

    def _place(self, line: Line, request: OrderRequest) -> str:
        """Send an order or its change.

        Returns:
            Why nothing was sent, or nothing.
        """
        order = line.order
        if not self._wire.isReady():
            return "not connected"
        try:
            message = self._templates.message(
                self._wire.serverVersion(),
                order,
                request,
                parent_id=line.ib_parent,
                transmit=line.transmitted,
                oca_group=line.oca_group,
            )
        except OrderError as error:
            return str(error)
        line.placed += 1
        if self._watch is not None:
            self._watch.on_intent()
        if self._pacer is None:
            self._wire.sendMsg(message)
        else:
            # A family goes in the lane of its head, and only together.
            lane = Lane.CLOSE if order.closes and not line.ib_parent else Lane.OPEN
            how = Placing(lane, line.ib_parent, not line.transmitted)
            self._pacer.place(order.order_id, message, how)
        if self._watch is not None:
            self._watch.on_sent(order.order_id)
        self._expect_answer(line)
        return ""

    def _expect_answer(self, line: Line) -> None:
        due = self._clock.now_ns + self.silence_ns
        self._clock.call_at(due, self._ask_unless_answered, line)

    def _ask_unless_answered(self, line: Line) -> None:
        """Ask what became of an order that IB has said nothing about."""
        order_id, follower = line.order.order_id, self.follower
        if follower.lines.get(order_id) is line and line.in_doubt and follower.inquiry is not None:
            follower.inquiry.ask(order_id)

    def _release(self, parent_id: int) -> None:
        """Let a family go whose last children never came."""
        last = self._brackets.left_behind(parent_id)
        line = self.follower.lines.get(last.order_id) if last is not None else None
        if line is not None:
            line.transmitted = True
            self._place(line, line.order.request)

    # --- what waits for its turn ---------------------------------------------------------------

    def _take_back(self, line: Line, pacer: Pacer) -> bool:
        """Take back what waits of an order that is cancelled; say whether that ended it."""
        for order_id, count in pacer.take_back(line.order.order_id).items():
            member = self.follower.lines.get(order_id)
            if member is None:
                continue
            member.placed -= count
            if not member.placed:
                self._brackets.forget(order_id)
                self.follower.end(member, _E.CANCEL, 0, "never sent")
            else:
                member.changing = None
                words = "the change was not sent, as the order is cancelled"
                self.follower.refuse(member, 321, words)
        return not line.placed

    def _on_given_up(self, orders: Counter[int]) -> None:
        """End the orders that waited for their turn when the connection ended."""
        for order_id, count in orders.items():
            line = self.follower.lines.get(order_id)
            if line is None:
                continue
            line.placed -= count
            if not line.placed:
                self._brackets.forget(order_id)
                words = "not sent: the connection ended while it waited for its turn"
                self.follower.end(line, _E.REJECT, 504, words)

    def _on_disconnect(self) -> None:
        if self._pacer is not None:
            self._pacer.clear()
        self.follower.on_disconnect()
