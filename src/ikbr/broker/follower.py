"""The follower: turns what IB says of orders into what became of them.

Only a status, a list of orders or an execution moves an order; a code alone never does more than
put it in doubt (`ikbr.broker.evidence`), and a doubt is settled by asking (`ikbr.broker.inquiry`).
"""

from __future__ import annotations

from collections.abc import Callable

from ib_async import CommissionReport, Contract, Execution
from ib_async import Order as IbOrder
from ib_async import OrderState as IbOrderState

from ikbr.broker.ended import Ended
from ikbr.broker.error_codes import classify
from ikbr.broker.evidence import judge
from ikbr.broker.executions import Estimate, ExecutionDesk
from ikbr.broker.inquiry import COMPLETED, EXECUTIONS, OPEN, Inquiry
from ikbr.broker.line import Line
from ikbr.broker.notice import Notice
from ikbr.broker.order_ref import read_ref
from ikbr.broker.orders import agrees
from ikbr.broker.previews import Previews
from ikbr.broker.settlement import Settlement
from ikbr.broker.statuses import ACKNOWLEDGES, ENDS, STATUS_EVENTS
from ikbr.core.order_manager import CANCEL_REFUSED_CODES
from ikbr.core.ports import Clock
from ikbr.domain.errors import InvariantError
from ikbr.domain.lifecycle import OrderEvent, OrderState, OrderUpdate
from ikbr.domain.order import Fill, OrderRequest

SECOND = 1_000_000_000

_E = OrderEvent


class Follower:
    """Follow our orders through the raw feed (a `RawFeed`).

    Attributes:
        lines: What is known of each order that has not ended, by its id.
        client_id: Whose orders are ours.
        highest_id: The highest number of an order of ours that IB has named.
        inquiry: Asks IB; None before the connection is ready.
        settlement: Draws the conclusions of inquiries.
        previews: Brings previews of orders to whoever asked.
        executions: Joins executions with their commissions.
        on_update, on_fill, on_amended: Told what became of orders.
        on_notice: Told of what a person should know.
        on_foreign: Told of executions that belong to none of our orders.
    """

    def __init__(
        self, clock: Clock, *, estimate: Estimate, commission_wait_ns: int, catch_up_ns: int
    ) -> None:
        """Follow nothing yet.

        Args:
            clock: Tells the time; its timers run what is overdue.
            estimate: What a fill costs whose commission does not come in time.
            commission_wait_ns: How long a fill waits for its commission.
            catch_up_ns: How long executions may lag behind a status that speaks of them.
        """
        self._clock = clock
        self._catch_up_ns = catch_up_ns
        self.lines: dict[int, Line] = {}
        self._ended = Ended(ask=self.ask, ask_later=self.ask_later, notice=self.notice)
        self.settlement = Settlement(self, self._ended, clock)
        self.client_id = -1
        self.highest_id = 0
        self.inquiry: Inquiry | None = None
        self.on_update: Callable[[OrderUpdate], None] = _not_attached
        self.on_fill: Callable[[Fill], None] = _not_attached
        self.on_amended: Callable[[Fill], None] = _not_attached
        self.on_notice: Callable[[Notice], None] = lambda _notice: None
        self.on_foreign: Callable[[Contract, Execution], None] = lambda _contract, _execution: None
        self.previews = Previews()
        self.executions = ExecutionDesk(
            clock,
            self._book,
            self._amend,
            estimate=estimate,
            wait_ns=commission_wait_ns,
            on_odd=self.notice,
        )

    def adopt(self, line: Line) -> None:
        """Follow an order of an earlier session: to its end, or for what comes after it."""
        if line.order.is_done:
            self._ended.put(line)
        else:
            self.lines[line.order.order_id] = line

    def look(self) -> None:
        """Ask about every order that has not ended here, and for what ended ones have filled."""
        if self.inquiry is not None and (self.lines or self._ended):
            self.inquiry.look(self.lines)

    def touch(self, line: Line) -> None:
        """Note that something is asked for an order; no inquiry under way can know of it."""
        if self.inquiry is not None:
            line.touched = self.inquiry.rounds

    def tell(self, order_id: int, event: OrderEvent, code: int = 0, message: str = "") -> None:
        """Report what happened to an order."""
        self.on_update(OrderUpdate(order_id, event, self._clock.now_ns, code, message))

    def refuse(self, line: Line, code: int, message: str) -> None:
        """Report that a change or cancellation is refused; that proves nothing about the order."""
        self.tell(line.order.order_id, _E.CANCEL_REFUSED, code, message)
        if line.lost:
            self.tell(line.order.order_id, _E.LOSE, code, message)

    def end(self, line: Line, event: OrderEvent, code: int = 0, message: str = "") -> None:
        """End an order, as soon as all its fills are reported."""
        line.end = OrderUpdate(line.order.order_id, event, self._clock.now_ns, code, message)
        if line.complete:
            self.close(line)

    # --- what IB says --------------------------------------------------------------------------

    def on_order_status(self, order_id: int, status: str, filled: float, client_id: int) -> None:
        """Take an order's status."""
        line = self.lines.get(order_id)
        if client_id != self.client_id:
            return
        if line is None:
            self._ended.on_filled(order_id, int(filled))
            return
        line.claimed = max(line.claimed, int(filled))
        self.hear(line, status)

    def on_open_order(self, order_id: int, order: IbOrder, state: IbOrderState) -> None:
        """Take an order as IB has it."""
        line = self.lines.get(order_id)
        if order.clientId != self.client_id:
            return
        self._name(order_id)
        if line is None:
            self._ended.on_listed(order_id, state.status, self.inquiry)
            return
        # IB's word counts for what a later change must repeat.
        line.ib_parent = order.parentId
        line.oca_group = order.ocaGroup
        if self.inquiry is not None:
            self.inquiry.open_orders[order_id] = state.status
        wanted = line.changing
        if wanted is not None and agrees(order, wanted):
            self.on_changed(line, wanted)
        if line.lost or not line.acknowledged:
            self.hear(line, state.status)

    def on_changed(self, line: Line, wanted: OrderRequest) -> None:
        """Report that a change has arrived; what had filled before may be all there is now."""
        line.changing, line.there = None, wanted.quantity
        self.tell(line.order.order_id, _E.MODIFY)
        if line.filled and line.end is None:
            self._retire(line)

    def on_preview(self, order_id: int, state: IbOrderState) -> None:
        """Take what an order would do to margin."""
        self.previews.on_preview(order_id, state)

    def on_open_order_end(self) -> None:
        """Take the end of the list of open orders."""
        if self.inquiry is not None:
            self.inquiry.on_end(OPEN)

    def on_execution(self, contract: Contract, execution: Execution) -> None:
        """Take an execution."""
        order_id = execution.orderId
        if execution.clientId == self.client_id:
            self._name(order_id)
        # A fill after the end is real and is reported like any other.
        line = self.lines.get(order_id) or self._ended.get(order_id)
        if line is None or execution.clientId != self.client_id:
            self.on_foreign(contract, execution)
            return
        # IB dates it to the second; within that second our clock says more.
        second_ns = int(execution.time.timestamp()) * SECOND
        ts_ns = min(max(self._clock.now_ns, second_ns), second_ns + SECOND - 1)
        line.acknowledged = True
        # Noted first: with its commission there already, the fill is reported at once.
        quantity = int(execution.shares)
        line.seen += quantity
        line.seen += self.executions.on_execution(line.order, execution, ts_ns) - quantity
        self.close_if_complete(line)

    def on_execution_end(self, request_id: int) -> None:
        """Take the end of a list of executions."""
        if self.inquiry is not None:
            self.inquiry.on_end(EXECUTIONS, request_id)

    def on_commission(self, report: CommissionReport) -> None:
        """Take the commission of an execution."""
        self.executions.on_commission(report)

    def on_completed_order(self, order: IbOrder, state: IbOrderState) -> None:
        """Take an order that has ended; it is known by its note only."""
        ref = read_ref(order.orderRef)
        if ref is not None and self.inquiry is not None:
            self._name(ref.order_id)
            self.inquiry.ended[ref.order_id] = state.status

    def on_completed_order_end(self) -> None:
        """Take the end of the list of orders that have ended."""
        if self.inquiry is not None:
            self.inquiry.on_end(COMPLETED)

    def on_error(self, request_id: int, code: int, message: str) -> None:
        """Weigh a code that names an order."""
        line = self.lines.get(request_id)
        if line is None:
            if not self.previews.on_error(request_id, code, message):
                self._note_after_end(request_id, code, message)
            return
        ruling = judge(
            classify(code),
            acknowledged=line.acknowledged,
            changing=line.changing is not None,
            cancelling=line.cancelling,
        )
        if ruling.verdict is not None:
            line.verdict = OrderUpdate(
                request_id, ruling.verdict, self._clock.now_ns, code, message
            )
            if STATUS_EVENTS.get(line.status) in {*ENDS, _E.PARK}:
                self.hear(line, line.status)
        elif ruling.event is _E.CANCEL_REFUSED:
            if line.cancelling and code in CANCEL_REFUSED_CODES:
                line.cancelling = False
            else:
                # A cancellation that is on its way as well has its own answer.
                line.changing = None
            self.refuse(line, code, message)
        elif ruling.event is _E.LOSE:
            self.lose(line, code, message)
        else:
            self._advise(line, code, message)
        if ruling.ask and request_id in self.lines:
            self.ask(request_id)

    def on_disconnect(self) -> None:
        """Note that the link is gone: what was on its way is in doubt."""
        if self.inquiry is not None:
            self.inquiry.stop()
        self.executions.flush()
        self.previews.on_disconnect()
        for line in tuple(self.lines.values()):
            if not line.acknowledged or line.changing or line.cancelling or line.verdict:
                self.lose(line, 504, "the connection was lost while something was on its way")

    def _name(self, order_id: int) -> None:
        self.highest_id = max(self.highest_id, order_id)

    def _advise(self, line: Line, code: int, message: str) -> None:
        """Keep IB's words beside an order that goes on as it was."""
        order_id = line.order.order_id
        if line.said in ACKNOWLEDGES:
            self.tell(order_id, line.said, code, message)
        elif line.said is None and not line.lost:
            self.tell(order_id, _E.ACK_PENDING, code, message)
        else:
            self.notice(order_id, f"code {code}: {message}")

    def _note_after_end(self, order_id: int, code: int, message: str) -> None:
        """Keep the reason of an end that comes after it, as that of a cancellation does."""
        line = self._ended.get(order_id)
        if line is not None and line.ended is not None:
            self.tell(order_id, line.ended, code, message)

    # --- what follows --------------------------------------------------------------------------

    def hear(self, line: Line, status: str) -> None:
        """Take a status: report what is new, hold an end until its fills are reported."""
        order_id = line.order.order_id
        line.acknowledged = True
        line.status = status
        event = STATUS_EVENTS.get(status, _E.LOSE)
        verdict = line.verdict
        if event is _E.LOSE:
            self.lose(line, 0, f"the status {status!r} is unknown")
            self.ask(order_id)
        elif event is None and line.changing is not None:
            # Which quantity it filled tell the lists: the change may have arrived before.
            self.ask(order_id)
        elif event in ENDS or (event is _E.PARK and verdict is not None):
            nothing = not line.claimed and not line.seen
            if verdict is not None and (nothing or verdict.event is not _E.REJECT):
                self.end(line, verdict.event, verdict.code, verdict.message)
            else:
                self.end(line, _E.CANCEL if event is _E.PARK else event)
        elif event is _E.REQUEST_CANCEL and line.order.cancel_requested:
            pass
        elif event is not None:
            if event in ACKNOWLEDGES:
                line.lost = False
            if event is not line.said:
                line.said = event
                self.tell(order_id, event)
        if line.claimed > line.seen:
            self.ask_later(line)

    def ask_later(self, line: Line) -> None:
        """Ask about an order, unless its executions come meanwhile."""
        self._clock.call_at(self._clock.now_ns + self._catch_up_ns, self._catch_up, line)

    def _catch_up(self, line: Line) -> None:
        """Ask for executions that a status speaks of and that have not come."""
        if line.claimed > line.seen:
            self.ask(line.order.order_id)

    def _book(self, fill: Fill) -> None:
        """Report a fill, and the end that waited for it."""
        line = self.lines.get(fill.order_id)
        if line is not None:
            line.booked += fill.quantity
            line.lost = False
            if line.filled and line.end is None:
                self._retire(line)
        self.on_fill(fill)
        self.close_if_complete(line)

    def _amend(self, told: Fill, amended: Fill) -> None:
        """Report that a fill was something else, and the end that waited for it."""
        line = self.lines.get(told.order_id)
        more = amended.quantity - told.quantity
        if line is not None:
            # What was taken back and counts again had been executed before.
            more -= line.order.undone
        if line is not None and more > 0:
            line.seen += more
            line.booked += more
            if line.filled and line.end is None:
                self._retire(line)
        self.on_amended(amended)
        self.close_if_complete(line)

    def close_if_complete(self, line: Line | None) -> None:
        """Report an end that waited for fills, once all are reported."""
        if line is not None and line.end is not None and line.complete:
            self.close(line)

    def close(self, line: Line) -> None:
        """Report the end of an order."""
        update = line.end
        if update is None:
            raise InvariantError(f"order {line.order.order_id} has no end to report.")
        line.end = None
        line.ended = update.event
        self._retire(line)
        self.on_update(update)

    def _retire(self, line: Line) -> None:
        order_id = line.order.order_id
        self.lines.pop(order_id, None)
        self._ended.put(line)

    def lose(self, line: Line, code: int, message: str) -> None:
        """Report that the fate of an order is not known."""
        # Its cancellation may have been asked for since.
        if not line.lost or line.order.state is not OrderState.UNKNOWN:
            line.lost = True
            line.said = None
            self.tell(line.order.order_id, _E.LOSE, code, message)

    def ask(self, order_id: int) -> None:
        """Ask IB about an order."""
        if self.inquiry is not None:
            self.inquiry.ask(order_id)

    def notice(self, order_id: int, words: str) -> None:
        """Tell a person about an order."""
        self.on_notice(Notice(order_id, words))


def _not_attached(_what: object) -> None:
    raise InvariantError("the broker was used before anyone was attached to it.")
