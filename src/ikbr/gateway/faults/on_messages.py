"""Faults in what clients are told: late, twice, out of order, damaged or not at all.

Each takes a message over (and says so) or lets it pass.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ikbr.domain.timers import Timer
from ikbr.gateway.faults.fault import Fault
from ikbr.gateway.faults.message import Message
from ikbr.gateway.framing import frame
from ikbr.gateway.times import SECOND_NS

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

MOST_HELD = 8 << 20
"""Bytes that are held back for one client; of more the oldest are let through early."""
ABSURD = b"\x7f\xff\xff\xf0"
EVERYTHING = "held back"
"""Where a session keeps what is held back when it is everything."""
OVERTAKE_NS = SECOND_NS
"""How long a message waits for another to overtake it; never within a list that was asked for,
whose end would come before it."""


class HoldBack:
    """Keep messages for one client until they are due, in their order."""

    def __init__(self, session: Session) -> None:
        """Start with none."""
        self._session = session
        self._clock = session.world.clock
        self._held: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._timer: Timer | None = None

    @property
    def is_empty(self) -> bool:
        """Whether none are kept."""
        return not self._held

    def put(self, framed: bytes, due_ns: int) -> None:
        """Keep a message until a time, and until those before it have been let through."""
        if self._held:
            due_ns = max(due_ns, self._held[-1][0])
        self._held.append((due_ns, framed))
        self._bytes += len(framed)
        while self._bytes > MOST_HELD:
            self._pass()
        if self._timer is None:
            self._wake()

    def _pass(self) -> None:
        _, framed = self._held.popleft()
        self._bytes -= len(framed)
        self._session.pass_on(framed)

    def _wake(self) -> None:
        self._timer = None
        while self._held and self._held[0][0] <= self._clock.now_ns:
            self._pass()
        if self._held:
            self._timer = self._clock.call_at(self._held[0][0], self._wake)


class Overtaken:
    """Keep one message until another has passed, or long enough."""

    def __init__(
        self, session: Session, framed: bytes, passes: Callable[[Message], bool], wait_ns: int
    ) -> None:
        """Keep a message.

        Args:
            session: Whose.
            framed: Its bytes.
            passes: Says of another one whether it is waited for.
            wait_ns: How long at most.
        """
        self.passes = passes
        self._session = session
        self._framed = framed
        clock = session.world.clock
        self._timer = clock.call_at(clock.now_ns + wait_ns, self.let_go)
        _overtaken(session).append(self)

    def let_go(self) -> None:
        """Tell it now."""
        self._timer.cancel()
        _overtaken(self._session).remove(self)
        self._session.pass_on(self._framed)


def release(session: Session, message: Message, *, taken: bool) -> bool:
    """Let a message that no fault has taken pass, and after it those that waited for it.

    Returns:
        Whether it is not to be sent any more.
    """
    if taken:
        return True
    held: HoldBack | None = session.state.get(EVERYTHING)
    if held is not None and not held.is_empty:
        held.put(message.framed, 0)
        return True
    waiting = [one for one in _overtaken(session) if one.passes(message)]
    if not waiting:
        return False
    session.pass_on(message.framed)
    for one in waiting:
        one.let_go()
    return True


def _overtaken(session: Session) -> list[Overtaken]:
    found: list[Overtaken] = session.state.setdefault("overtaken", [])
    return found


def _held_back(session: Session, name: str = EVERYTHING) -> HoldBack:
    found: HoldBack | None = session.state.get(name)
    if found is None:
        found = session.state[name] = HoldBack(session)
    return found


def _delay(session: Session, fault: Fault, message: Message) -> bool:
    alone = fault.kind.messages or fault.message
    if alone and session.world.upstream.lists:
        return False
    name = f"held back: {fault.what} {fault.message}" if alone else EVERYTHING
    _held_back(session, name).put(message.framed, session.world.now_ns + fault.ns)
    return True


def _coalesce(session: Session, fault: Fault, message: Message) -> bool:
    span = max(fault.ns, 1)
    now = session.world.now_ns
    _held_back(session).put(message.framed, now // span * span + span)
    return True


def _commission_first(session: Session, _fault: Fault, message: Message) -> bool:
    if message.values["reqId"] != -1:
        return False
    wanted = message.values["execId"]

    def is_its_commission(other: Message) -> bool:
        return other.name == "commissionReport" and other.values["execId"] == wanted

    Overtaken(session, message.framed, is_its_commission, OVERTAKE_NS)
    return True


def _no_submitted(session: Session, _fault: Fault, message: Message) -> bool:
    if session.world.upstream.lists:
        return False
    return bool(message.values["status"] == "Submitted" and not message.values.get("filled"))


def _duplicate(session: Session, fault: Fault, message: Message) -> bool:
    for _ in range(1 + fault.copies):
        session.pass_on(message.framed)
    return True


def _reorder(session: Session, fault: Fault, message: Message) -> bool:
    if session.world.upstream.lists:
        return False
    Overtaken(session, message.framed, lambda _other: True, fault.ns or OVERTAKE_NS)
    return True


def _truncate(session: Session, _fault: Fault, message: Message) -> bool:
    session.pass_on(message.framed[: len(message.framed) // 2])
    session.drop("a fault cut its message in half.")
    return True


def _corrupt(session: Session, _fault: Fault, message: Message) -> bool:
    session.pass_on(ABSURD + message.framed[4:])
    return True


def _altered(field: str, change: Callable[[Any, float], int]) -> Effect:
    """Make an effect that tells another value of a field."""

    def effect(session: Session, fault: Fault, message: Message) -> bool:
        assert message.table is not None
        values = {**message.values, field: change(message.values[field], fault.by)}
        session.pass_on(frame(message.table.encode(values, session.version)))
        return True

    return effect


Effect = Callable[["Session", Fault, Message], bool]

MESSAGES: dict[str, Effect] = {
    "delay": _delay,
    "slow_ack": _delay,
    "late_commission": _delay,
    "commission_first": _commission_first,
    "no_submitted": _no_submitted,
    "duplicate": _duplicate,
    "reorder": _reorder,
    "coalesce": _coalesce,
    "truncate": _truncate,
    "corrupt": _corrupt,
    "id_rollback": _altered("orderId", lambda told, by: max(1, told - round(by))),
    "clock_skew": _altered("time", lambda told, by: told + round(by)),
}
"""What is done about a message, by the kind of fault."""
