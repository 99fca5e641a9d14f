"""The injector: holds the faults of a world and lets each act when its time has come."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from ikbr.domain.errors import ConfigError, nearest
from ikbr.domain.timers import NEVER
from ikbr.gateway.faults.fault import Fault
from ikbr.gateway.faults.kinds import EVENT, EXECUTION, MESSAGE, ORDER, REQUEST
from ikbr.gateway.faults.message import Message
from ikbr.gateway.faults.on_events import EVENTS
from ikbr.gateway.faults.on_executions import EXECUTIONS
from ikbr.gateway.faults.on_messages import MESSAGES, release
from ikbr.gateway.faults.on_requests import REQUESTS
from ikbr.gateway.faults.plan import MOST_FAULTS, FaultPlan
from ikbr.gateway.fields import Values
from ikbr.gateway.times import SECOND_NS
from ikbr.gateway.wire_order import WireOrder
from ikbr.sim.refusals import Refusal

if TYPE_CHECKING:
    from ikbr.gateway.session import Session
    from ikbr.gateway.world import World

log = logging.getLogger("ikbr.gateway")

Handle = Callable[[], None]


class Armed(msgspec.Struct, eq=False):
    """Follow a fault that has not ended.

    Attributes:
        fault: Which.
        left: How often it will act yet; NEVER for always.
        waits_for: What it counts before it is due: orders, messages, executions.
        ready: Whether it is due.
        until_ns: When it ends.
    """

    fault: Fault
    left: int
    waits_for: int = 0
    ready: bool = False
    until_ns: int = NEVER


class Injector:
    """Let faults act on a world.

    Attributes:
        watches: Whether requests and orders have to be shown to it.
        shapes: Whether messages have to be shown to it.
        fired: How often faults have acted.
    """

    def __init__(self, world: World) -> None:
        """Start without faults."""
        self._world = world
        self._rng = Random(0)
        self._armed: list[Armed] = []
        self.watches = self.shapes = False
        self.fired = 0

    def load(self, plan: FaultPlan) -> None:
        """Take the faults of a plan.

        Raises:
            ConfigError: When one is about a symbol that is not there.
        """
        self._rng.seed(plan.seed)
        for fault in plan.faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Take a fault; one that is due acts at once.

        Raises:
            ConfigError: When it is about a symbol that is not there, or there are too many.
        """
        symbols = [one.symbol for one in self._world.contracts.instruments]
        if fault.symbol and fault.symbol not in symbols:
            raise ConfigError(
                f"fault ({fault.what}): symbol = {fault.symbol!r} is not in the data; "
                f"{nearest(fault.symbol, symbols)}"
            )
        if len(self._armed) >= MOST_FAULTS:
            raise ConfigError(f"fault ({fault.what}): {MOST_FAULTS} faults wait already.")
        times = fault.times if fault.times is not None else 0 if fault.lasts_s else 1
        armed = Armed(fault, times or NEVER)
        armed.waits_for = fault.after_orders + fault.after_messages + fault.after_executions
        self._armed.append(armed)
        clock = self._world.clock
        if not armed.waits_for:
            due = fault.due_ns(clock.now_ns)
            if due > clock.now_ns:
                clock.call_at(due, self._due, armed)
            else:
                self._due(armed)
        self._look()

    @property
    def waiting(self) -> int:
        """Count the faults that have not ended."""
        return len(self._armed)

    # --- what is shown to it --------------------------------------------------------------------

    def on_request(self, session: Session, name: str, values: Values, handle: Handle) -> None:
        """Look at a request, and have it handled unless a fault takes it."""
        for armed in self._ready(REQUEST):
            if not self._is_about(armed.fault, session.client_id, name, values):
                continue
            if self._chance(armed) and REQUESTS[armed.fault.what](
                session, armed.fault, values, handle
            ):
                self._acted(armed)
                break
        else:
            handle()
        self._count("after_messages", session.client_id, name, values)
        if name == "placeOrder":
            self._count("after_orders", session.client_id, name, values)

    def on_order(self, wo: WireOrder) -> tuple[Refusal, bool] | None:
        """Look at an order that is let go; give why it is refused, and whether it works anyway."""
        for armed in self._ready(ORDER):
            fault = armed.fault
            if self._is_about(fault, wo.client_id, "", _subject(wo)) and self._chance(armed):
                self._acted(armed)
                return Refusal(fault.code, fault.text), fault.works
        return None

    def on_execution(self, wo: WireOrder, execution: Values, commission: Values) -> None:
        """Look at an execution that was just told."""
        for armed in self._ready(EXECUTION):
            fault = armed.fault
            if self._is_about(fault, wo.client_id, "", _subject(wo)) and self._chance(armed):
                self._acted(armed)
                EXECUTIONS[fault.what](self._world, fault, wo, execution, commission)
        self._count("after_executions", wo.client_id, "", _subject(wo))

    def on_message(self, session: Session, message: Message) -> bool:
        """Look at what a client is to be told; say whether it was taken."""
        taken = False
        for armed in self._ready(MESSAGE):
            if not self._is_about(armed.fault, session.client_id, message.name, message.values):
                continue
            if self._chance(armed) and MESSAGES[armed.fault.what](session, armed.fault, message):
                self._acted(armed)
                taken = True
                break
        return release(session, message, taken=taken)

    # --- inside ---------------------------------------------------------------------------------

    def _ready(self, acts: str) -> list[Armed]:
        now = self._world.now_ns
        found = []
        for armed in tuple(self._armed):
            if armed.until_ns < now:
                self._end(armed)
            elif armed.ready and armed.fault.kind.acts == acts:
                found.append(armed)
        return found

    def _is_about(self, fault: Fault, client_id: int, name: str, values: Mapping[str, Any]) -> bool:
        if fault.client is not None and fault.client != client_id:
            return False
        if name and not _names(fault, name, values):
            return False
        if fault.order is not None and values.get("orderId") != fault.order:
            return False
        if not fault.symbol:
            return True
        symbol = values.get("symbol")
        if symbol is None:
            wo = self._world.desk.orders.open(client_id, values.get("orderId", -1))
            symbol = wo.wire["symbol"] if wo is not None else None
        return bool(symbol == fault.symbol)

    def _chance(self, armed: Armed) -> bool:
        chance = armed.fault.chance
        return chance >= 1 or self._rng.random() < chance

    def _count(self, field: str, client_id: int, name: str, values: Mapping[str, Any]) -> None:
        for armed in tuple(self._armed):
            fault = armed.fault
            if armed.waits_for and getattr(fault, field) and self._counts(fault, client_id, values):
                armed.waits_for -= 1
                if not armed.waits_for:
                    self._due(armed)

    @staticmethod
    def _counts(fault: Fault, client_id: int, values: Mapping[str, Any]) -> bool:
        """Say whether something counts for a fault; its own messages are another matter."""
        if fault.client is not None and fault.client != client_id:
            return False
        return not fault.symbol or values.get("symbol") == fault.symbol

    def _due(self, armed: Armed) -> None:
        fault, clock = armed.fault, self._world.clock
        if fault.kind.acts != EVENT:
            armed.ready = True
            if fault.lasts_s:
                armed.until_ns = clock.now_ns + round(fault.lasts_s * SECOND_NS)
            self._look()
            return
        if armed.left > 1 and fault.every_s:
            clock.call_at(clock.now_ns + round(fault.every_s * SECOND_NS), self._due, armed)
        if self._chance(armed):
            log.info("fault: %s", fault.what)
            EVENTS[fault.what](self._world, fault)
            self.fired += 1
        self._spend(armed)

    def _acted(self, armed: Armed) -> None:
        log.info("fault: %s", armed.fault.what)
        self.fired += 1
        self._spend(armed)

    def _spend(self, armed: Armed) -> None:
        if armed.left != NEVER:
            armed.left -= 1
        if not armed.left:
            self._end(armed)

    def _end(self, armed: Armed) -> None:
        if armed in self._armed:
            self._armed.remove(armed)
        self._look()

    def _look(self) -> None:
        """Note what has to be shown; what clients are told is shown as long as anything waits."""
        acts = {armed.fault.kind.acts for armed in self._armed}
        self.watches = bool(self._armed)
        self.shapes = self.shapes or MESSAGE in acts


def _names(fault: Fault, name: str, values: Mapping[str, Any]) -> bool:
    """Say whether a fault is about a message of this name."""
    if fault.kind.messages:
        return name in fault.kind.messages
    if fault.message and fault.message != name:
        return False
    return fault.request is None or values.get("reqId", values.get("id")) == fault.request


def _subject(wo: WireOrder) -> dict[str, Any]:
    return {"orderId": wo.order_id, "symbol": wo.wire["symbol"]}
