"""Which storms a bug shows in: the hunt for killing seeds plays only those with such a blow."""

from __future__ import annotations

from ikbr.simulate.storm import make_storm

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
}


def shows(name: str, seed: int) -> bool:
    """Say whether a seed's storm holds a blow in which a bug may show."""
    hints = HINTS.get(name)
    if hints is None:
        return True
    words = set()
    for blow in make_storm(seed):
        code, works = blow.args.get("code"), " works" if blow.args.get("works") else ""
        words |= {blow.kind, f"{blow.kind} {code}{works}"}
    return not words.isdisjoint(hints)
