"""The storm: what goes wrong in a simulation, and when, as a seed decides.

A storm is a list of plain values, so that parts of it can be left out to find what matters.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec

CALM_S = 60.0
"""When the last fault has begun and all have ended, seconds since the start."""
FIRST_S = 4.0

Args = dict[str, Any]


class Blow(msgspec.Struct, frozen=True):
    """Say what goes wrong at a moment.

    Attributes:
        at_s: When, seconds since the start.
        kind: What, one of `KINDS`.
        lasts_s: For how long; 0 for what is over at once.
        args: What the kind takes.
        on: The state of an order that it waits for from then on; "" for nothing.
    """

    at_s: float
    kind: str
    lasts_s: float = 0.0
    args: Args = {}
    on: str = ""

    @property
    def words(self) -> str:
        """What it is, for people."""
        more = "".join(f", {name} {value}" for name, value in self.args.items())
        lasting = f" for {self.lasts_s:.2f} s" if self.lasts_s else ""
        aimed = f" as an order is {self.on}" if self.on else ""
        return f"{self.kind}{aimed}{lasting}{more}"


Draw = Callable[[random.Random], Args]


def _none(_draw: random.Random) -> Args:
    return {}


def _gateway(what: str, *, lasting: bool = False, **more: Any) -> Draw:
    """Let a fault of the gateway act: for a while, or as an event."""

    def draw(rng: random.Random) -> Args:
        args: Args = {"what": what}
        for name, value in more.items():
            args[name] = value(rng) if callable(value) else value
        if lasting:
            args["chance"] = rng.choice((0.3, 0.6, 1.0))
        return args

    return draw


def _seconds(least: float, most: float) -> Callable[[random.Random], float]:
    return lambda rng: round(rng.uniform(least, most), 3)


def _choice(*of: Any) -> Callable[[random.Random], Any]:
    return lambda rng: rng.choice(of)


REFUSALS = (201, 110, 103, 104, 161, 202, 321, 434, 10147, 10148, 10349, 399, 10311, 2109, 109, 163)
_TOLD = ("orderStatus", "execDetails", "openOrder", "commissionReport")
_ASKED = (
    "reqOpenOrders", "reqExecutions", "reqCompletedOrders", "reqPositions", "reqCurrentTime",
    "cancelOrder", "reqAccountUpdates", "reqAllOpenOrders", "reqContractDetails", "reqMktData",
)  # fmt: skip
_FAILPOINTS = (
    ("write", "before"), ("write", "in the midst of"), ("write", "after"),
    ("sync", "before"), ("sync", "after"),
    ("send", "before"), ("send", "in the midst of"), ("send", "after"),
    ("hear", "before"), ("hear", "in the midst of"), ("hear", "after"),
)  # fmt: skip


def _failpoint(rng: random.Random) -> Args:
    name, when = rng.choice(_FAILPOINTS)
    return {"name": name, "when": when, "count": rng.choice((1, 1, 2, 3, 5, 8, 20))}


KINDS: dict[str, tuple[float, float, Draw]] = {
    # What the network does.
    "net delay": (0.5, 8.0, lambda rng: {"most_ms": rng.choice((20, 200, 1_000, 4_000))}),
    "net reset": (0.0, 0.0, _none),
    "net half-open": (0.0, 0.0, _none),
    "net cut": (0.0, 0.0, _none),
    "net pieces": (2.0, 20.0, _none),
    "net together": (2.0, 20.0, _none),
    "net unreachable": (2.0, 12.0, _none),
    # What processes and machines do.
    "gateway crash": (0.5, 12.0, lambda rng: {"rollback": rng.choice((0, 0, 5, 1_000))}),
    "bot crash": (0.0, 0.0, _none),
    "bot failpoint": (0.0, 0.0, _failpoint),
    "power loss": (0.0, 0.0, _none),
    "clock jump": (0.0, 0.0, lambda rng: {"by_s": rng.choice((-3600, -5, -0.5, 0.5, 5, 90))}),
    "night": (0.0, 0.0, _none),
    "disk full": (1.0, 10.0, _none),
    "disk failing": (1.0, 5.0, lambda rng: {"call": rng.choice(("write_at", "sync"))}),
    "disk lying": (1.0, 20.0, _none),
    # What the gateway and those behind it do.
    "link down": (0.5, 10.0, _gateway("link_down", data=_choice("kept", "lost"))),
    "restart": (0.5, 8.0, _gateway("restart", accepts=_choice(False, True))),
    "deaf": (0.5, 8.0, _gateway("half_open")),
    "drop": (0.0, 0.0, _gateway("drop", lost=_choice(False, True))),
    "farm": (0.5, 10.0, _gateway("farm_down", farm=_choice("market", "history", "contracts"))),
    "competing": (0.5, 8.0, _gateway("competing")),
    "halt": (1.0, 8.0, _gateway("halt", symbol=_choice("SPY", "KO"))),
    "notice": (0.0, 0.0, _gateway("notice", code=_choice(1102, 2110, 10197, 366, 504),
                                  text="a storm says so")),
    "mute": (1.0, 10.0, _gateway("mute", lasting=True, message=_choice(*_ASKED))),
    "silent order": (1.0, 15.0, _gateway("silent_order", lasting=True, works=_choice(False, True))),
    "fill after cancel": (1.0, 15.0, _gateway("fill_after_cancel", lasting=True,
                                              seconds=_seconds(0.2, 5.0))),
    "reject": (1.0, 15.0, _gateway("reject", lasting=True, code=_choice(*REFUSALS),
                                   text="a storm says so", works=_choice(False, True))),
    "correct": (1.0, 20.0, _gateway("correct", lasting=True, seconds=_seconds(0.0, 5.0),
                                    by=_choice(-0.02, 0.01))),
    "bust": (1.0, 20.0, _gateway("bust", lasting=True, seconds=_seconds(0.0, 5.0))),
    "delay": (1.0, 15.0, _gateway("delay", lasting=True, message=_choice("", *_TOLD),
                                  seconds=_seconds(0.1, 4.0))),
    "slow ack": (1.0, 15.0, _gateway("slow_ack", lasting=True, seconds=_seconds(0.5, 6.0))),
    "late commission": (1.0, 15.0, _gateway("late_commission", lasting=True,
                                            seconds=_seconds(0.5, 10.0))),
    "commission first": (1.0, 15.0, _gateway("commission_first", lasting=True)),
    "no submitted": (1.0, 15.0, _gateway("no_submitted", lasting=True)),
    "duplicate": (1.0, 20.0, _gateway("duplicate", lasting=True, message=_choice(*_TOLD),
                                      copies=_choice(1, 3))),
    "reorder": (1.0, 20.0, _gateway("reorder", lasting=True, message=_choice(*_TOLD))),
    "coalesce": (1.0, 15.0, _gateway("coalesce", lasting=True, seconds=_choice(0.2, 1.0))),
    "truncate": (1.0, 5.0, _gateway("truncate", lasting=True, message=_choice(*_TOLD))),
    "corrupt": (1.0, 5.0, _gateway("corrupt", lasting=True, message=_choice(*_TOLD))),
    "id rollback": (5.0, 30.0, _gateway("id_rollback", lasting=True, by=_choice(1, 10, 10_000))),
    "clock skew": (2.0, 20.0, _gateway("clock_skew", lasting=True, by=_choice(-10, 3, 3_600))),
    # What a person does.
    "kill": (0.0, 0.0, _none),
}  # fmt: skip
"""Every kind: the least and the longest time that it lasts, and what it takes."""

AIMS = {
    "PendingSubmit": 1, "Unknown": 1,
    "PendingCancel": 2, "Filled": 2, "Cancelled": 2, "Rejected": 2,
}  # fmt: skip
"""States of orders that are short or rare, so that blows are aimed at them, and how often."""
AIMED = 0.7
"""How many of the blows are."""
AIM_S = 15.0
"""How long before the calm such a blow is ready at the latest."""
_REFUSE = {"what": "reject", "code": 201, "text": "a storm says so", "works": False, "chance": 1.0}


def make_storm(seed: int) -> list[Blow]:
    """Decide what goes wrong.

    Args:
        seed: Decides it; the same one, the same storm.
    """
    rng = random.Random(f"storm {seed}")
    names = list(KINDS)
    blows = []
    for _ in range(rng.randrange(2, 17)):
        kind = rng.choice(names)
        least, most, draw = KINDS[kind]
        [on] = rng.choices(list(AIMS), list(AIMS.values())) if rng.random() < AIMED else [""]
        at_s = round(rng.uniform(FIRST_S, CALM_S - (AIM_S if on else 1.0)), 3)
        lasts_s = min(round(rng.uniform(least, most), 3), CALM_S - at_s) if most else 0.0
        blows += companions(on, at_s)
        blows.append(Blow(at_s, kind, round(lasts_s, 3), draw(rng), on))
    return sorted(blows, key=lambda blow: blow.at_s)


def companions(on: str, at_s: float) -> list[Blow]:
    """Give what brings an order into a state that would hardly come by itself."""
    if on == "Unknown":
        return [Blow(at_s, "net reset", on="PendingSubmit")]
    if on == "Rejected":
        return [Blow(at_s, "reject", 5.0, _REFUSE)]
    return []
