"""What a live session records beside orders and fills: values of its journal.

They are evidence (what went over the wire and came back), or state that must survive a restart.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ikbr.domain.events import Refused

KILL, ARM, TIGHTEN = "kill", "arm", "tighten"
"""The actions of a person that stop new orders, allow them again, and tighten limits (the new
values by name in the field "limits"); others have free names."""


class SessionStart(msgspec.Struct, frozen=True):
    """Begin a session.

    Attributes:
        mode: "paper" or "live".
        account: IB's name of the account.
        client_id: Of the connection.
        version: Of ikbr.
        next_order_id: The first order id that the session may use.
        settings_hash: Hash of the settings in force.
    """

    mode: str
    account: str
    client_id: int
    version: str
    next_order_id: int = 0
    settings_hash: str = ""


class SessionStop(msgspec.Struct, frozen=True):
    """End a session on purpose; one that was killed has no such record.

    Attributes:
        reason: Why, in words.
        open_orders: Orders that still work at the broker.
        positions: Signed quantities that are held, by symbol; flat ones are left out.
    """

    reason: str
    open_orders: int = 0
    positions: dict[str, int] = {}


class WireSend(msgspec.Struct, frozen=True, gc=False):
    """Keep what was put on the wire, as it was sent.

    Attributes:
        name: Of the request: "placeOrder", "cancelOrder", …
        order_id: Which order it is about; 0 for none.
        fields: Its arguments by name, plain values.
    """

    name: str
    order_id: int = 0
    fields: dict[str, Any] = {}


class Callback(msgspec.Struct, frozen=True, gc=False):
    """Keep what the broker said, before anyone judged it.

    Attributes:
        name: Of the callback: "orderStatus", "execDetails", "error", …
        order_id: Which order it names; 0 for none.
        fields: Its arguments by name, plain values.
    """

    name: str
    order_id: int = 0
    fields: dict[str, Any] = {}


class ConnectionState(msgspec.Struct, frozen=True, gc=False):
    """Tell how the connection stands from now on.

    Attributes:
        state: "connected", "ready", "degraded", "disconnected", …
        code: IB's code that told (1100, 1101, 1102, …); 0 for none.
        message: In words.
    """

    state: str
    code: int = 0
    message: str = ""


class OperatorAction(msgspec.Struct, frozen=True, gc=False):
    """Record what a person, or what acts for one, ordered the bot to do.

    Attributes:
        action: "kill", "arm", "tighten", "halt", "resume", "enable", "unblock", …
        source: Through which door: "command line", "operator door", …
        reason: Why, in their words.
        fields: What it was done with, plain values.
    """

    action: str
    source: str = ""
    reason: str = ""
    fields: dict[str, Any] = {}


class RiskState(msgspec.Struct, frozen=True):
    """Keep what risk must know after a restart.

    Attributes:
        peak_micro: High-water mark of the equity, millionths of the base currency.
        day_start_micro: Equity at the start of the trading day.
        day: The trading day that it counts from, YYYY-MM-DD.
        latches: Halts that are latched, in the order they tripped.
        counters: What counts per day or for ever, by name.
        blocked: Symbols in which nothing may be entered, and why.
    """

    peak_micro: int
    day_start_micro: int
    day: str = ""
    latches: tuple[Refused, ...] = ()
    counters: dict[str, int] = {}
    blocked: dict[str, str] = {}


class Baseline(msgspec.Struct, frozen=True, gc=False):
    """Adopt a holding that no record of ours explains.

    Attributes:
        symbol: What is held.
        quantity: Signed quantity.
        cost_micro: What it cost, millionths of the instrument's currency; 0 if unknown.
        reason: Where it is said to come from.
    """

    symbol: str
    quantity: int
    cost_micro: int = 0
    reason: str = ""


class JournalRepair(msgspec.Struct, frozen=True, gc=False):
    """Say that the end of a journal was torn off by a crash and tidied up.

    Attributes:
        cut_bytes: How much behind the last whole record was cut.
        kept_in: Name of the file that keeps it; "" when nothing was cut.
        reason: Why it could not stay.
    """

    cut_bytes: int
    kept_in: str = ""
    reason: str = ""
