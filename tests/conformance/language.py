"""The language of the tables: what a check does, and what a client has to hear of it.

A check is a `Row`: a name, steps, and what comes of them. Steps are `ask` (a request, by the name
that IBKR gives it, with its arguments in IBKR's order but for the request id), `cancel`, `place`,
`cancel_order`, `until` (the market moves on to a time) and `connect`. What comes of them is `on`:
a callback, by IBKR's name, with some of its fields. Of every callback that a row names, exactly
those are to come, in that order; and of errors exactly the `codes`. A client that logs that it
could not read a message has failed the row, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Fields = dict[str, Any]
ALL_VERSIONS = (176, 177, 178)


@dataclass(frozen=True)
class Step:
    """Something that a client does, or the market."""

    verb: str
    name: str = ""
    args: tuple[Any, ...] = ()
    key: str = ""
    who: int = 1
    raw: bool = False
    number: int = 0


def ask(
    name: str, *args: Any, key: str = "", who: int = 1, raw: bool = False, number: int = 0
) -> Step:
    """Send a request; with a key it can be cancelled.

    Args:
        name: As IBKR calls it.
        args: As IBKR has them, without the request id.
        key: What the row calls it.
        who: The client's id.
        raw: Past the comfort of ib_async, which would wait for an answer that is an error.
        number: The request id; 0 for any.
    """
    return Step("ask", name, args, key, who, raw or number > 0, number)


def cancel(name: str, key: str, *args: Any, who: int = 1) -> Step:
    """Cancel what was asked for under a key."""
    return Step("cancel", name, (name, key, args), who=who)


def place(order_id: int, contract: Fields, who: int = 1, **order: Any) -> Step:
    """Place or change an order."""
    return Step("place", str(order_id), (order_id, contract, order), who=who)


def cancel_order(order_id: int, who: int = 1) -> Step:
    """Cancel an order."""
    return Step("cancel_order", str(order_id), (order_id,), who=who)


def until(time: str, day: str = "20260303") -> Step:
    """Let the market move on to a time in New York."""
    return Step("until", time, (day,))


def control(**line: Any) -> Step:
    """Say something at the control port."""
    return Step("control", str(line["do"]), (line,))


def connect(who: int, *, again: bool = False) -> Step:
    """Connect a client; again: under an id that is taken."""
    return Step("connect", "again" if again else "", who=who)


def speak(who: int = 1) -> Step:
    """See that client and gateway have agreed on the version that they should."""
    return Step("speak", who=who)


def burst(count: int) -> Step:
    """Send so many messages at once."""
    return Step("burst", str(count), (count,))


def pause(seconds: float) -> Step:
    """Let wall time pass."""
    return Step("pause", str(seconds), (seconds,))


def brimful(order_id: int, contract: Fields, size: int, **order: Any) -> Step:
    """Ask for the preview of an order whose answer has just so many bytes, and for nothing else."""
    return Step("brimful", str(order_id), (order_id, contract, size, order))


def nonsense() -> Step:
    """Send a message that nobody knows."""
    return Step("nonsense")


def disconnect(who: int) -> Step:
    """End a client's connection."""
    return Step("disconnect", who=who)


@dataclass(frozen=True)
class On:
    """A callback that has to come."""

    name: str
    fields: Fields
    who: int = 1


def on(callback: str, who: int = 1, **fields: Any) -> On:
    """Name a callback and some of its fields."""
    return On(callback, fields, who)


@dataclass(frozen=True)
class Row:
    """One check.

    Attributes:
        name: What is checked, as a sentence without a verb or with one.
        steps: What is done.
        told: What has to come of it.
        codes: The codes of all errors that come of it, to any client, in order.
        silent: Callbacks of which none may come.
        seen: For ib_async: attributes of its own objects and what they have to be.
        versions: Server versions at which it holds.
        family: The only family of clients that it is for; "" for both.
        but: What a client does in its own way, by the beginning of its title: how the text about
            it begins (such as `callback.field`) → the reason why it is left out.
    """

    name: str
    steps: tuple[Step, ...]
    told: tuple[On, ...] = ()
    codes: tuple[int, ...] = ()
    silent: Sequence[str] = ()
    seen: Mapping[str, Any] = field(default_factory=dict)
    versions: Sequence[int] = ALL_VERSIONS
    family: str = ""
    but: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def holds_for(self, family: str, version: int) -> bool:
        """Say whether a client of a family at a version has to pass it."""
        return self.family in {"", family} and version in self.versions


def row(name: str, *parts: Step | On, codes: Sequence[int] = (), **more: Any) -> Row:
    """Write a check: its name, then its steps and what comes of them."""
    steps = tuple(part for part in parts if isinstance(part, Step))
    told = tuple(part for part in parts if isinstance(part, On))
    return Row(name, steps, told, tuple(codes), **more)


@dataclass(frozen=True)
class Topic:
    """Checks that one gateway is to pass, one after the other.

    Attributes:
        name: Of the topic.
        rows: The checks.
        gateway: Options of the gateway, which is a new one for every topic.
        start: The market's time when the first client connects.
    """

    name: str
    rows: tuple[Row, ...]
    gateway: Mapping[str, Any] = field(default_factory=dict)
    start: str = "10:00:00"


@dataclass(frozen=True)
class Like:
    """Stand for a text that matches a pattern."""

    pattern: str


@dataclass(frozen=True)
class About:
    """Stand for a number that may differ by so much."""

    value: float
    by: float = 1e-6


@dataclass(frozen=True)
class Moment:
    """Stand for a time in New York, as text or, where a client has read it, as seconds."""

    text: str
    seconds: int


def differences(expected: Any, actual: Any, place: str = "") -> Iterator[str]:
    """Say where what came is not what had to come; of records only what is expected counts.

    >>> list(differences({"a": 1, "b": [2]}, {"a": 1.0, "b": [3], "c": 4}))
    ['b[0] is 3 and not 2']
    >>> list(differences({"a": Like("x.*")}, {}))
    ["a is missing and not Like(pattern='x.*')"]
    """
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping):
            yield f"{place or 'it'} is {actual!r} and no record"
            return
        for name, value in expected.items():
            where = f"{place}.{name}" if place else str(name)
            if name not in actual:
                yield f"{where} is missing and not {value!r}"
            else:
                yield from differences(value, actual[name], where)
    elif isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            yield f"{place} is {actual!r} and not {expected!r}"
            return
        for n, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(one, other, f"{place}[{n}]")
    elif not _agree(expected, actual):
        yield f"{place} is {actual!r} and not {expected!r}"


def _agree(expected: Any, actual: Any) -> bool:
    if isinstance(expected, Like):
        return isinstance(actual, str) and re.fullmatch(expected.pattern, actual) is not None
    if isinstance(expected, Moment):
        return actual in {expected.text, expected.seconds}
    if isinstance(expected, About):
        return isinstance(actual, int | float) and abs(actual - expected.value) <= expected.by
    if isinstance(expected, str) != isinstance(actual, str):
        return False
    return bool(expected == actual)
