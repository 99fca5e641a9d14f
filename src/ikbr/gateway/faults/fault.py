"""A fault: what goes wrong, when, to whom and how often."""

from __future__ import annotations

from typing import Any

import msgspec

from ikbr.domain.errors import ConfigError, nearest
from ikbr.gateway import times
from ikbr.gateway.faults.kinds import EVENT, EXECUTION, KINDS, ORDER, Kind
from ikbr.gateway.faults.message import TICK
from ikbr.gateway.messages import answers, market_answers, order_answers, place_order, requests
from ikbr.gateway.tables import Table
from ikbr.gateway.times import SECOND_NS

NEW_YORK = "US/Eastern"

REQUESTS = {
    one.name
    for module in (requests, place_order)
    for one in vars(module).values()
    if isinstance(one, Table)
}
ANSWERS = {TICK} | {
    one.name
    for module in (answers, market_answers, order_answers)
    for one in vars(module).values()
    if isinstance(one, Table)
}
FARMS = ("market", "history", "contracts")

_WHEN = ("at", "after_s", "after_orders", "after_messages", "after_executions")
_OFTEN = ("times", "every_s", "lasts_s", "chance")
_RANGES = {
    "after_s": (0, 1e8), "after_orders": (0, 1e9), "after_messages": (0, 1e9),
    "after_executions": (0, 1e9), "times": (0, 1e9), "every_s": (0, 1e8), "lasts_s": (0, 1e8),
    "chance": (0, 1), "client": (0, 2**31 - 1), "seconds": (0, 1e6), "code": (1, 99_999),
    "request": (-1, 2**31 - 1), "copies": (1, 100), "by": (-1e6, 1e6),
}  # fmt: skip


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what goes wrong.

    Attributes:
        what: The kind; see `kinds.py`.
        at: Market time in New York: `10:30`, `10:30:15` or `2026-03-02 10:30:15`.
        after_s: Seconds of the market's time from now on.
        after_orders, after_messages, after_executions: So many of those it is about must have
            been placed, sent by clients, or told as executed.
        client, symbol, order: Whom it is about; all when it is not said.
        times: How often, 0 for always; 1 when neither this nor `lasts_s` is said.
        every_s: Seconds from one time to the next.
        lasts_s: Seconds for which it acts on everything it is about.
        chance: Of acting, each time, 0 to 1.
        seconds, code, text, farm, data, works, lost, accepts, message, request, copies, by: As
            the kind takes them.
    """

    what: str
    at: str = ""
    after_s: float = 0.0
    after_orders: int = 0
    after_messages: int = 0
    after_executions: int = 0
    client: int | None = None
    symbol: str = ""
    order: int | None = None
    times: int | None = None
    every_s: float = 0.0
    lasts_s: float = 0.0
    chance: float = 1.0
    seconds: float = 0.0
    code: int = 0
    text: str = ""
    farm: str = "market"
    data: str = "kept"
    works: bool = False
    lost: bool = False
    accepts: bool = False
    message: str = ""
    request: int | None = None
    copies: int = 1
    by: float = 0.0

    @property
    def kind(self) -> Kind:
        """What is known of its kind."""
        return KINDS[self.what]

    @property
    def ns(self) -> int:
        """The `seconds` in ns."""
        return round(self.seconds * SECOND_NS)

    def due_ns(self, now_ns: int) -> int:
        """Say when it is due, ns UTC; a time of day is the next one.

        Args:
            now_ns: The present.
        """
        if not self.at:
            return now_ns + round(self.after_s * SECOND_NS)
        if " " in self.at:
            return times.read_time(self.at.replace("-", ""), NEW_YORK)
        return times.next_time_of_day(now_ns, self.at, NEW_YORK)


def read_fault(given: object, place: str = "fault") -> Fault:
    """Read a fault.

    Args:
        given: What was written: names and values.
        place: What it is called in an error.

    Raises:
        ConfigError: When it makes no sense.
    """
    if not isinstance(given, dict) or not isinstance(given.get("what"), str):
        raise ConfigError(f"{place}: what is missing; {nearest('', KINDS, limit=40)}")
    what: str = given["what"]
    if what not in KINDS:
        raise ConfigError(f"{place}: what = {what!r} is unknown; {nearest(what, KINDS, 40)}")
    _check_names(given, KINDS[what], f"{place} ({what})")
    try:
        fault = msgspec.convert(given, Fault)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{place} ({what}): {error}.") from None
    _check_values(fault, given, f"{place} ({what})")
    return fault


def _check_names(given: dict[str, Any], kind: Kind, place: str) -> None:
    known = ("what", *_WHEN, *_OFTEN, *kind.takes)
    for name in given:
        if name not in known:
            raise ConfigError(f"{place}: {name} is not known here; {nearest(str(name), known)}")
    for name in kind.needs:
        if name not in given:
            raise ConfigError(f"{place}: {name} is missing. {kind.does}")


def _check_values(fault: Fault, given: dict[str, Any], place: str) -> None:
    for name, (low, high) in _RANGES.items():
        value = getattr(fault, name)
        if name in given and not low <= value <= high:
            raise ConfigError(f"{place}: {name} = {value} must be {low} to {high:g}.")
    _choose(place, "farm", fault.farm, FARMS)
    _choose(place, "data", fault.data, ("kept", "lost"))
    if fault.message:
        names = REQUESTS if fault.what == "mute" else ANSWERS
        _choose(place, "message", fault.message, names)
    if sum(name in given for name in _WHEN) > 1:
        raise ConfigError(f"{place}: only one of {', '.join(_WHEN)} can say when.")
    if fault.at:
        try:
            fault.due_ns(0)
        except ValueError:
            raise ConfigError(
                f"{place}: at = {fault.at!r} is no time; write 10:30 or 2026-03-02 10:30:15 "
                "(New York)."
            ) from None
    if fault.kind.acts == EVENT:
        if fault.times not in {None, 1} and not fault.every_s:
            raise ConfigError(f"{place}: times = {fault.times} needs every_s, seconds in between.")
        if fault.lasts_s:
            raise ConfigError(f"{place}: lasts_s is for faults that wait for something; remove it.")
    elif fault.every_s:
        raise ConfigError(f"{place}: every_s is for faults that happen by themselves; remove it.")
    if fault.kind.acts in {ORDER, EXECUTION} and fault.order is not None and fault.client is None:
        raise ConfigError(f"{place}: order = {fault.order} needs client, whose order it is.")


def _choose(place: str, name: str, value: str, choices: Any) -> None:
    if value not in choices:
        raise ConfigError(f"{place}: {name} = {value!r} is unknown; {nearest(value, choices)}")
