"""Fields: the words in which the tables of messages are written.

A table (see `tables.py`) is a sequence of parts. A text names plain fields,
`name[:kind][@since][<until]`, the gates being server versions; `=6` is a constant field (a
message's own version). Kinds:

| kind | value | empty or unset reads as | None is written as |
|---|---|---|---|
| s | text (when nothing is said) | "" | |
| i, n, q, b | int, float, float without needless decimals, bool | 0, 0.0, 0.0, False | |
| i?, n? | int or None, float or None | None | nothing |
| I, N | the same | None | 2147483647, 1.7976931348623157E308 |

Source: TWS API; unset numbers are the largest of their type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

Values: TypeAlias = dict[str, Any]

UNSET_INTEGER = "2147483647"
UNSET_NUMBER = "1.7976931348623157E308"
_UNSET = frozenset(
    {"", UNSET_INTEGER, UNSET_NUMBER, "1.7976931348623157e+308", "9223372036854775807"}
)
_INFINITE = "Infinite"


def _read_int(word: str) -> int:
    return 0 if word in _UNSET else int(word)


def _read_int_or_none(word: str) -> int | None:
    return None if word in _UNSET else int(word)


def _read_number(word: str) -> float:
    return 0.0 if word in _UNSET else _number(word)


def _read_number_or_none(word: str) -> float | None:
    return None if word in _UNSET else _number(word)


def _number(word: str) -> float:
    return float("inf") if word == _INFINITE else float(word)


def _read_bool(word: str) -> bool:
    return word not in {"", "0", "false"}


def _read_text(word: str) -> str:
    return word


def write_text(text: str) -> str:
    r"""Write a text in plain ASCII, as clients unescape it.

    >>> write_text("Nestl\u00e9"), write_text("a" + chr(0) + "b")
    ('Nestl\\xe9', 'ab')
    """
    if text.isascii() and "\0" not in text and "\\" not in text:
        return text
    return text.replace("\0", "").encode("unicode-escape").decode()


def write_number(value: float) -> str:
    """Write a number as plain decimals.

    >>> write_number(167.41), write_number(1e-07), write_number(5)
    ('167.41', '0.0000001', '5.0')
    """
    word = repr(float(value))
    if "e" in word:
        word = f"{value:.10f}".rstrip("0")
        return word + "0" if word.endswith(".") else word
    return _INFINITE if word == "inf" else word


def write_quantity(value: float) -> str:
    """Write a size without needless decimals.

    >>> write_quantity(100.0), write_quantity(0.5)
    ('100', '0.5')
    """
    return str(int(value)) if value == int(value) else write_number(value)


def _write_bool(value: bool) -> str:
    return "1" if value else "0"


def _or(writer: Callable[[Any], str], unset: str) -> Callable[[Any], str]:
    return lambda value: unset if value is None else writer(value)


class Kind(NamedTuple):
    """Say how values of a kind are read and written, and what stands for none."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]
    default: Any


KINDS = {
    "s": Kind(_read_text, write_text, ""),
    "i": Kind(_read_int, str, 0),
    "n": Kind(_read_number, write_number, 0.0),
    "q": Kind(_read_number, write_quantity, 0.0),
    "b": Kind(_read_bool, _write_bool, False),
    "i?": Kind(_read_int_or_none, _or(str, ""), None),
    "n?": Kind(_read_number_or_none, _or(write_number, ""), None),
    "I": Kind(_read_int_or_none, _or(str, UNSET_INTEGER), None),
    "N": Kind(_read_number_or_none, _or(write_number, UNSET_NUMBER), None),
}


class Field(NamedTuple):
    """Name one field."""

    name: str
    kind: str
    since: int = 0
    until: int = 1_000_000


class Constant(NamedTuple):
    """Stand for a field that always says the same."""

    word: str


class Repeat(NamedTuple):
    """Stand for a count and so many records, kept as a list of values."""

    name: str
    parts: tuple[Part, ...]


class Flag(NamedTuple):
    """Stand for a 1 and a record, or a 0; kept as values or None."""

    name: str
    parts: tuple[Part, ...]


class When(NamedTuple):
    """Stand for fields that follow only when those before say so."""

    test: Callable[[Mapping[str, Any]], bool]
    parts: tuple[Part, ...]


class Choice(NamedTuple):
    """Stand for fields that depend on the value of a number before."""

    name: str
    parts: Mapping[int, tuple[Part, ...]]


class Rest(NamedTuple):
    """Stand for whatever words end a message, kept as a list: clients differ there."""

    name: str


Part: TypeAlias = Field | Constant | Repeat | Flag | When | Choice | Rest


def parts(*given: str | Part) -> tuple[Part, ...]:
    """Read a description of fields.

    >>> parts("=8 id:i faProfile<177")[2]
    Field(name='faProfile', kind='s', since=0, until=177)
    """
    found: list[Part] = []
    for one in given:
        if isinstance(one, str):
            found.extend(_part(word) for word in one.split())
        else:
            found.append(one)
    return tuple(found)


def _part(word: str) -> Part:
    if word.startswith("="):
        return Constant(word[1:])
    word, _, until = word.partition("<")
    word, _, since = word.partition("@")
    name, _, kind = word.partition(":")
    return Field(name, kind or "s", int(since or 0), int(until or 1_000_000))
