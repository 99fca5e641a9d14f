"""Tables: one description of a message that encodes it, decodes it and tests it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ikbr.domain.errors import ProtocolError
from ikbr.gateway.fields import (
    KINDS,
    Choice,
    Constant,
    Field,
    Flag,
    Part,
    Repeat,
    Rest,
    Values,
    When,
    parts,
)

MOST_RECORDS = 20_000
"""Records in one list of a message; a larger count is an error or an attack."""


class Table:
    """Describe one message.

    Attributes:
        number: Its id.
        name: What it is called.
        parts: Its fields after the id.
    """

    __slots__ = ("_head", "_plans", "name", "number", "parts")

    def __init__(self, number: int, name: str, *given: str | Part) -> None:
        """Describe a message.

        Args:
            number: Its id.
            name: What it is called.
            given: Its fields; see `fields.py`.
        """
        self.number = number
        self.name = name
        self.parts = parts(*given)
        self._head = str(number)
        self._plans: dict[int, tuple[_Node, ...]] = {}

    def encode(self, values: Mapping[str, Any], version: int) -> bytes:
        r"""Write a message.

        Args:
            values: By field name; what is missing is written as unset.
            version: Of the server.

        Returns:
            The payload, to be framed.

        >>> Table(9, "nextValidId", "=1 orderId:i").encode({"orderId": 7}, 178)
        b'9\x001\x007\x00'
        """
        words = [self._head]
        for node in self._plan(version):
            node.write(values, words)
        words.append("")
        return "\0".join(words).encode("ascii")

    def decode(self, words: Sequence[str], version: int) -> Values:
        """Read a message.

        Args:
            words: Its fields, the id first.
            version: Of the server.

        Raises:
            ProtocolError: When the fields are not those of the message.

        >>> Table(9, "nextValidId", "=1 orderId:i").decode(["9", "1", "7"], 178)
        {'orderId': 7}
        """
        values: Values = {}
        at = 1
        try:
            for node in self._plan(version):
                at = node.read(words, at, values)
        except IndexError:
            raise ProtocolError(f"message {self.name} ends too early.") from None
        except (ValueError, OverflowError) as error:
            raise ProtocolError(f"message {self.name} cannot be read: {error}.") from None
        if at != len(words):
            raise ProtocolError(
                f"message {self.name} has {len(words)} fields where {at} are expected."
            )
        return values

    def _plan(self, version: int) -> tuple[_Node, ...]:
        plan = self._plans.get(version)
        if plan is None:
            plan = self._plans[version] = _plan(self.parts, version)
        return plan


class _Node(Protocol):
    """Write and read a piece of a message."""

    def write(self, values: Mapping[str, Any], words: list[str]) -> None:
        """Append the words."""

    def read(self, words: Sequence[str], at: int, values: Values) -> int:
        """Take words from a place on; give the place after them."""


def _plan(given: tuple[Part, ...], version: int) -> tuple[_Node, ...]:
    """Leave out the fields of other versions and put neighbours together."""
    nodes: list[_Node] = []
    run: list[_Step] = []
    for part in given:
        if isinstance(part, Field):
            if part.since <= version < part.until:
                run.append((part.name, *KINDS[part.kind]))
            continue
        if run:
            nodes.append(_Run(run))
            run = []
        nodes.append(_node(part, version))
    if run:
        nodes.append(_Run(run))
    return tuple(nodes)


def _node(part: Constant | Repeat | Flag | When | Choice | Rest, version: int) -> _Node:
    match part:
        case Constant(word):
            return _Constant(word)
        case Repeat(name, inner):
            return _Repeat(name, _plan(inner, version))
        case Flag(name, inner):
            return _Flag(name, _plan(inner, version))
        case When(test, inner):
            return _When(test, _plan(inner, version))
        case Choice(name, branches):
            return _Choice(name, {key: _plan(one, version) for key, one in branches.items()})
        case Rest(name):
            return _Rest(name)


_Step = tuple[str, Callable[[str], Any], Callable[[Any], str], Any]


class _Run:
    """Write and read plain fields, one after the other."""

    __slots__ = ("_names", "_reads", "_steps")

    def __init__(self, steps: list[_Step]) -> None:
        self._steps = [(name, write, default) for name, _, write, default in steps]
        self._names = [name for name, *_ in steps]
        self._reads = [read for _, read, *_ in steps]

    def write(self, values: Mapping[str, Any], words: list[str]) -> None:
        get = values.get
        words += [write(get(name, default)) for name, write, default in self._steps]

    def read(self, words: Sequence[str], at: int, values: Values) -> int:
        end = at + len(self._names)
        if end > len(words):
            raise IndexError
        for name, read, word in zip(self._names, self._reads, words[at:end], strict=True):
            values[name] = read(word)
        return end


class _Constant:
    """Write a field that always says the same; whatever it says is read."""

    __slots__ = ("_word",)

    def __init__(self, word: str) -> None:
        self._word = word

    def write(self, values: Mapping[str, Any], words: list[str]) -> None:
        words.append(self._word)

    def read(self, words: Sequence[str], at: int, values: Values) -> int:
        if at >= len(words):
            raise IndexError
        return at + 1


class _Repeat:
    """Write and read a count and so many records."""

    __slots__ = ("_name", "_plan")

    def __init__(self, name: str, plan: tuple[_Node, ...]) -> None:
        self._name = name
        self._plan = plan

    def write(self, values: Mapping[str, Any], words: list[str]) -> None:
        records = values.get(self._name) or ()
        words.append(str(len(records)))
        for record in records:
            for node in self._plan:
                node.write(record, words)

    def read(self, words: Sequence[str], at: int, values: Values) -> int:
        count = int(words[at] or 0)
        if not 0 <= count <= MOST_RECORDS:
            raise ValueError(f"a list of {count} {self._name} is announced")
        at += 1
        records: list[Values] = []
        for _ in range(count):
            record: Values = {}
            for node in self._plan:
                at = node.read(words, at, record)
            records.append(record)
        values[self._name] = records
        return at


class _Flag:
    """Write and read a record that may be absent."""

    __slots__ = ("_name", "_plan")

    def __init__(self, name: str, plan: tuple[_Node, ...]) -> None:
        self._name = name
        self._plan = plan

    def write(self, values: Mapping[str, Any], words: list[str]) -> None:
        record = values.get(self._name)
        words.append("0" if record is None else "1")
        if record is not None:
            for node in self._plan:
                node.write(record, words)

    def read(self, words: Sequence[str], at: int, values: Values) -> int:
        present = words[at] not in {"", "0"}
        at += 1
        record: Values = {}
        if present:
            for node in self._plan:
                at = node.read(words, at, record)
        values[self._name] = record if present else None
        return at


class _When:
    """Write and read fields that follow only when those before say so."""

    __slots__ = ("_plan", "_test")

    def __init__(self, test: Callable[[Mapping[str, Any]], bool], plan: tuple[_Node, ...]) -> None:
        self._test = test
        self._plan = plan

    def write(self, values: Mapping[str, Any], words: list[str]) -> None:
        if self._test(values):
            for node in self._plan:
                node.write(values, words)

    def read(self, words: Sequence[str], at: int, values: Values) -> int:
        if self._test(values):
            for node in self._plan:
                at = node.read(words, at, values)
        return at


class _Choice:
    """Write and read fields that depend on the value of a number before."""

    __slots__ = ("_name", "_plans")

    def __init__(self, name: str, plans: Mapping[int, tuple[_Node, ...]]) -> None:
        self._name = name
        self._plans = plans

    def write(self, values: Mapping[str, Any], words: list[str]) -> None:
        for node in self._plans[values[self._name]]:
            node.write(values, words)

    def read(self, words: Sequence[str], at: int, values: Values) -> int:
        key = values[self._name]
        if key not in self._plans:
            raise ValueError(f"{self._name} {key} is unknown")
        for node in self._plans[key]:
            at = node.read(words, at, values)
        return at


class _Rest:
    """Write and read all words that are left."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def write(self, values: Mapping[str, Any], words: list[str]) -> None:
        words += values.get(self._name) or ()

    def read(self, words: Sequence[str], at: int, values: Values) -> int:
        values[self._name] = list(words[at:])
        return len(words)
