"""Which faults a bug shows in: it is hunted in storms that are made of those."""

from __future__ import annotations

import random

from ikbr.simulate.storm import (
    AIM_S,
    AIMS,
    CALM_S,
    FIRST_S,
    KINDS,
    Args,
    Blow,
    companions,
    make_storm,
)

_LOST = ("net reset", "net cut", "drop", "gateway crash", "bot crash", "power loss", "restart")
_BORN = ("bot crash", "bot failpoint", "power loss")
_WARNINGS = tuple(f"reject {code} works" for code in (399, 10349, 10311, 2109))
_VERDICTS = tuple(f"reject {code} works" for code in (201, 202, 110, 321, 434, 109, 163))

HINTS: dict[str, tuple[str, ...]] = {
    "a-code-ends-the-order": _VERDICTS,
    "a-warning-cancels": _WARNINGS,
    "a-refused-cancellation-cancels": ("reject 10147 works", "reject 10148 works"),
    "doubt-cancels": ("reject 103 works",),
    "doubt-rejects": ("reject 103 works", "reject 104 works"),
    "inactive-is-an-end": ("reject 201 works", "reject 203 works", "halt"),
    "a-status-fills": ("reorder", "delay", "late commission"),
    "an-old-status-reopens": ("duplicate", "reorder", "delay"),
    "an-end-does-not-wait-for-fills": ("late commission", "delay", "reorder"),
    "fills-after-the-end-are-dropped": ("fill after cancel",),
    "fills-after-the-end-are-not-booked": ("fill after cancel",),
    "corrections-count-twice": ("correct", "bust"),
    "corrections-are-ignored": ("correct", "bust"),
    "busts-are-ignored": ("bust",),
    "fills-wait-for-their-commission": ("late commission",),
    "waiting-fills-die-with-the-link": ("late commission",),
    "old-executions-are-new": ("duplicate", *_BORN),
    "executions-are-not-remembered": _BORN,
    "order-ids-of-the-gateway-alone": ("gateway crash", "id rollback"),
    "order-ids-begin-again": ("gateway crash", "id rollback", *_BORN),
    "highest-id-is-forgotten": ("power loss", "disk lying"),
    "unsent-orders-are-sent-again": _LOST,
    "lost-orders-are-replaced": _LOST,
    "ended-orders-are-forgotten": _BORN,
    "open-orders-are-forgotten": _BORN,
    "nothing-is-adopted": _BORN,
    "replay-forgets-fills": _BORN,
    "replay-forgets-corrections": ("bust", "correct"),
    "replay-forgets-corrections-of-books": ("bust", "correct"),
    "replay-ends-nothing": _BORN,
    "a-torn-journal-stays-torn": _BORN,
    "intents-are-not-synced": ("power loss",),
    "adopted-orders-count-as-unheard": _BORN,
    "silence-is-an-answer": ("mute", "deaf"),
    "inquiries-wait-for-ever": ("mute",),
    "hung-gateways-are-not-noticed": ("net half-open", "deaf", "corrupt"),
    "no-second-attempt": _LOST,
    "nobody-asks-again": ("silent order", "correct", "bust", "reject 201 works"),
    "cut-off-is-ready": ("link down",),
    "no-look-after-1102": ("link down",),
    "books-are-not-compared": ("power loss", "disk lying"),
    "others-do-not-count": ("power loss", "disk lying"),
    "risk-starts-empty": _BORN,
    "the-kill-switch-is-not-heard": ("kill",),
    "killed-bots-start-again": ("kill",),
    "ends-are-not-recorded": _BORN,
    "fills-are-not-recorded": (*_BORN, "night"),
    "amendments-are-not-recorded": ("bust", "correct", *_BORN),
    "a-cancellation-ends-at-once": ("fill after cancel", "mute", "reject 10147 works", "delay"),
    "pending-cancel-is-an-end": ("fill after cancel", "slow ack", "delay", "mute"),
    "unknown-does-not-count": (*_LOST, "silent order", "reject 103 works"),
    "unknown-is-an-end": (*_LOST, "silent order", "reject 103 works"),
    "nobody-asks-for-executions": _LOST,
    "lists-end-with-the-first": (*_LOST, "delay", "mute"),
    "one-look-is-enough": ("delay", "late commission", "reorder"),
    "a-strange-execution-raises": ("power loss", "disk lying"),
    "differences-are-booked-backwards": ("power loss", "disk lying", "night"),
    "a-return-asks-nothing": _LOST,
    "a-return-compares-nothing": (*_LOST, "power loss", "disk lying", "night"),
    "recovery-does-not-wait": _BORN,
    "a-blind-connection": ("mute", *_LOST),
    "a-partial-fill-is-a-whole-one": ("delay", "drop"),
}


MOST_BLOWS = 8
AIMED = 0.6


def storm_of(name: str, seed: int) -> list[Blow]:
    """Decide the storm that a bug is looked for in.

    Args:
        name: Of the bug; where it is known which faults can show it, the storm is made of those.
        seed: Decides the rest; the same one, the same storm.
    """
    hints = HINTS.get(name)
    if hints is None:
        return make_storm(seed)
    rng = random.Random(f"{name} {seed}")
    blows = []
    for _ in range(rng.randrange(2, MOST_BLOWS + 1)):
        kind, args = _of_hint(rng.choice(hints))
        least, most, draw = KINDS[kind]
        on = rng.choice(list(AIMS)) if rng.random() < AIMED else ""
        at_s = round(rng.uniform(FIRST_S, CALM_S - AIM_S), 3)
        lasts_s = round(rng.uniform(least, most), 3)
        blows += companions(on, at_s)
        blows.append(Blow(at_s, kind, lasts_s, {**draw(rng), **args}, on))
    return sorted(blows, key=lambda blow: blow.at_s)


def _of_hint(hint: str) -> tuple[str, Args]:
    """Read a hint: a kind of fault, or a refusal by its code.

    >>> _of_hint("reject 104 works")
    ('reject', {'code': 104, 'works': True})
    """
    if not hint.startswith("reject "):
        return hint, {}
    code = int(hint.split()[1])
    return "reject", {"code": code, "works": hint.endswith("works")}
