"""The kinds of faults: what each is called, where it acts and what it may be told.

Source: the failures of gateways in the field: IBKR, "TWS API message codes" (1100 to 1102, 2103 to
2158, 10197, 10225), "Order status" (duplicates are normal), "Executions" (corrections have the
same id but for what stands behind its last dot).
"""

from __future__ import annotations

from typing import NamedTuple

EVENT, REQUEST, ORDER, EXECUTION, MESSAGE = "event", "request", "order", "execution", "message"
"""Where a fault acts: at once, on what a client asks, on an order that is let go, on a fill, on
what a client is told."""

_ORDER = ("client", "symbol", "order")


class Kind(NamedTuple):
    """Describe one kind of fault.

    Attributes:
        name: What it is called in a plan.
        acts: On what.
        does: What it does, in a sentence.
        takes: The fields it may be given, besides when and how often.
        needs: Those of them that must be given.
        messages: The messages it is about; none for all, or for those that the fault names.
    """

    name: str
    acts: str
    does: str
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    messages: frozenset[str] = frozenset()


def _about(*names: str) -> frozenset[str]:
    return frozenset(names)


_ACKS = _about("openOrder", "orderStatus")

KINDS: dict[str, Kind] = {
    one.name: one
    for one in (
        # Connections.
        Kind("drop", EVENT, "Closes the socket; `lost`: with all that was not sent yet.",
             ("client", "lost")),
        Kind("half_open", EVENT, "Stays connected but hears and says nothing any more; new "
             "clients too, for `seconds`.", ("client", "seconds")),
        Kind("restart", EVENT, "Closes all sockets and takes no clients for `seconds`; with "
             "`accepts` they are taken and closed at once, as by a proxy.",
             ("seconds", "accepts"), ("seconds",)),
        # What the gateway itself is connected to.
        Kind("link_down", EVENT, "1100; market data stops, orders wait in the gateway; after "
             "`seconds` (0: not by itself) 1101 (`data` lost) or 1102 (kept).",
             ("seconds", "data")),
        Kind("link_up", EVENT, "1101 or 1102, and what waited goes on.", ("data",)),
        Kind("farm_down", EVENT, "2103, 2105 or 2157 of the `farm` market, history or contracts; "
             "back after `seconds` (0: not by itself).", ("farm", "seconds")),
        Kind("farm_up", EVENT, "2104, 2106 or 2158 of the `farm`.", ("farm",)),
        Kind("competing", EVENT, "10197 on every line, which is silent for `seconds`.",
             ("client", "seconds"), ("seconds",)),
        Kind("notice", EVENT, "Tells any `code` and `text`, about `request` (-1: none).",
             ("client", "code", "text", "request"), ("code", "text")),
        Kind("halt", EVENT, "Halts a symbol for `seconds`: tick 49, no fills.",
             ("symbol", "seconds"), ("symbol", "seconds")),
        # What clients ask.
        Kind("mute", REQUEST, "Never answers a request, by its name (`message`) or its id "
             "(`request`).", ("client", "message", "request")),
        Kind("silent_order", REQUEST, "Never acknowledges an order, which `works` or not.",
             (*_ORDER, "works"), (), _about("placeOrder")),
        Kind("fill_after_cancel", REQUEST, "Tells an order as cancelled that works on for "
             "`seconds` and may be filled.", (*_ORDER, "seconds"), ("seconds",),
             _about("cancelOrder")),
        Kind("reject", ORDER, "Refuses an order with `code` and `text`; with `works` it is only "
             "said, and the order works.", (*_ORDER, "code", "text", "works"), ("code", "text")),
        # Fills.
        Kind("correct", EXECUTION, "Corrects an execution after `seconds`: its price is changed "
             "`by` so much, its id ends in .02.", (*_ORDER, "seconds", "by"), ("by",)),
        Kind("bust", EXECUTION, "Takes an execution back after `seconds`: no shares, and an id "
             "that ends in .02.", (*_ORDER, "seconds")),
        # What clients are told.
        Kind("delay", MESSAGE, "Holds back everything for `seconds`, in order, or one `message` "
             "alone, which others overtake.", ("client", "message", "seconds"), ("seconds",)),
        Kind("slow_ack", MESSAGE, "Holds back what becomes of an order for `seconds`.",
             (*_ORDER, "seconds"), ("seconds",), _ACKS),
        Kind("late_commission", MESSAGE, "Holds back a commission report for `seconds`.",
             (*_ORDER, "seconds"), ("seconds",), _about("commissionReport")),
        Kind("commission_first", MESSAGE, "Tells a commission before its execution.",
             _ORDER, (), _about("execDetails")),
        Kind("no_submitted", MESSAGE, "Never tells unasked that an order is Submitted.", _ORDER, (),
             _ACKS),
        Kind("duplicate", MESSAGE, "Tells a `message` again, `copies` times.",
             (*_ORDER, "message", "copies")),
        Kind("reorder", MESSAGE, "Tells a `message` after the next one (or after `seconds`).",
             (*_ORDER, "message", "seconds")),
        Kind("coalesce", MESSAGE, "Tells everything in one burst every `seconds`.",
             ("client", "seconds"), ("seconds",)),
        Kind("truncate", MESSAGE, "Cuts a `message` in half and closes the socket.",
             ("client", "message")),
        Kind("corrupt", MESSAGE, "Announces a `message` with an absurd length.",
             ("client", "message")),
        Kind("id_rollback", MESSAGE, "Tells a next order id that is lower `by` so much.",
             ("client", "by"), ("by",), _about("nextValidId")),
        Kind("clock_skew", MESSAGE, "Tells a time that is off `by` so many seconds.",
             ("client", "by"), ("by",), _about("currentTime")),
    )
}  # fmt: skip
"""Every kind of fault, by name."""
