"""The kinds of records and the types of their bodies.

| kind     | body |
|----------|------|
| settings | `{"instruments": [Instrument…], "capital_micro": int, "base": str, "fx": {…}, …}` |
| session  | `Session` |
| decision | `Decision` |
| refusal  | `Refusal` |
| intent   | `(order_id, strategy, OrderRequest, parent_id)`, written before anything is sent |
| sent     | `(order_id,)`, where sending is known; an intent alone counts as sent |
| modify   | `(order_id, OrderRequest)`, the request that replaces the order's |
| cancel   | order_id, when we ask for its cancellation |
| update   | `OrderUpdate` |
| fill     | `Fill` |
| amendment | `Amendment`: a fill as it was booked, and as it should have been |
| cash     | `{"currency": str, "amount_micro": int, "why": str}` |
| split    | `(symbol, new, old)`; cash in lieu is a `cash` record, valued at the latest `mark` |
| fx       | `(currency, rate)` |
| mark     | `(symbol, price units)` |
| alert    | `Alert` |

Since version 2, written by live sessions (`ikbr.domain.session_events`):

| kind       | body |
|------------|------|
| start      | `SessionStart` |
| stop       | `SessionStop` |
| wire       | `WireSend`, what was put on the wire |
| callback   | `Callback`, what came back, before anyone judged it |
| connection | `ConnectionState` |
| operator   | `OperatorAction` |
| risk       | `RiskState`: the latest one counts |
| baseline   | `Baseline`, a holding that no record explains |
| repair     | `JournalRepair`, that a torn end was cut off |

Since version 3:

| kind    | body |
|---------|------|
| latency | `OrderLatency`, how long the stages of an order took |

Since version 4:

| kind       | body |
|------------|------|
| checkpoint | `Checkpoint`, what all sessions before have come to; the first record of a segment |

Bodies are encoded after they were handed over, so they must be values that do not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from ikbr.domain.amendment import Amendment
from ikbr.domain.errors import JournalError, nearest
from ikbr.domain.events import Alert, Decision, Refusal
from ikbr.domain.instrument import Instrument
from ikbr.domain.latency import OrderLatency
from ikbr.domain.lifecycle import OrderUpdate
from ikbr.domain.order import Fill, OrderRequest
from ikbr.domain.session import Session
from ikbr.domain.session_events import (
    Baseline,
    Callback,
    ConnectionState,
    JournalRepair,
    OperatorAction,
    RiskState,
    SessionStart,
    SessionStop,
    WireSend,
)
from ikbr.journal.checkpoint import Checkpoint

VERSION = 1
"""Of the file format."""

KINDS_VERSION = 4
"""Of the kinds of records and their bodies; a file that holds only the first names none."""

NAN = float("nan")

BODIES: dict[str, Any] = {
    "settings": dict[str, Any],
    "session": Session,
    "decision": Decision,
    "refusal": Refusal,
    "intent": tuple[int, str, OrderRequest, int],
    "sent": tuple[int],
    "modify": tuple[int, OrderRequest],
    "cancel": int,
    "update": OrderUpdate,
    "fill": Fill,
    "amendment": Amendment,
    "cash": dict[str, Any],
    "split": tuple[str, int, int],
    "fx": tuple[str, float],
    "mark": tuple[str, int],
    "alert": Alert,
    "start": SessionStart,
    "stop": SessionStop,
    "wire": WireSend,
    "callback": Callback,
    "connection": ConnectionState,
    "operator": OperatorAction,
    "risk": RiskState,
    "baseline": Baseline,
    "repair": JournalRepair,
    "latency": OrderLatency,
    "checkpoint": Checkpoint,
}
"""The types of bodies by kind."""

KINDS = frozenset(BODIES)


class Record(NamedTuple):
    """Hold one record as it was read.

    Attributes:
        n: Its number in the journal, from 0.
        ts_ns: When it happened, ns UTC.
        kind: One of `KINDS`.
        body: Of the type that the kind names.
    """

    n: int
    ts_ns: int
    kind: str
    body: Any


class Line(msgspec.Struct, frozen=True):
    """Mirror a record's line in a file."""

    n: int
    t: int
    k: str
    b: Any


def typed(line: Line, kinds: int = 1) -> Record:
    """Give a record that was read its types back.

    Args:
        line: The record.
        kinds: Version of the kinds in its file. A kind that is unknown here is kept as it is
            when the file is of a newer version.

    Raises:
        JournalError: When the kind is unknown or the body is not of its type.
    """
    kind = line.k
    if kind not in BODIES:
        if kinds > KINDS_VERSION:
            return Record(line.n, line.t, kind, line.b)
        raise JournalError(f"journal record {line.n}: kind {kind!r} is unknown; "
                           f"{nearest(kind, KINDS)}.")  # fmt: skip
    try:
        return Record(line.n, line.t, kind, _convert(line.b, BODIES[kind]))
    except (msgspec.ValidationError, RecursionError, OverflowError) as error:
        raise JournalError(f"journal record {line.n} ({kind}): {error}.") from None


def instruments_of(settings: Mapping[str, Any]) -> dict[str, Instrument]:
    """Read the instruments out of a settings record.

    Args:
        settings: The body, as it was written or as it was read.

    Returns:
        The instruments by symbol; empty when the record holds none.
    """
    found = settings.get("instruments", ())
    items = found.values() if isinstance(found, Mapping) else found
    known = [i if isinstance(i, Instrument) else msgspec.convert(i, Instrument) for i in items]
    return {instrument.symbol: instrument for instrument in known}


def _convert(body: Any, kind: Any) -> Any:
    return msgspec.convert(_restore(body, kind), kind)


def _restore(body: Any, kind: Any) -> Any:
    # JSON has no NaN: it was written as null. Where the type says float, null was NaN.
    if isinstance(body, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = _hints(kind)
        return {
            key: NAN if value is None and hints.get(key) is float else
            _restore(value, hints.get(key))
            for key, value in body.items()
        }  # fmt: skip
    if isinstance(body, list):
        if get_origin(kind) is list:
            (part,) = get_args(kind)
            return [_restore(value, part) for value in body]
        parts = getattr(kind, "__args__", ())
        if len(parts) == len(body):
            return [_restore(v, p) for v, p in zip(body, parts, strict=True)]
    return body


_HINTS: dict[type, dict[str, Any]] = {}


def _hints(kind: type) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = get_type_hints(kind)
    return _HINTS[kind]
