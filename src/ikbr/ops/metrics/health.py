"""Health: whether the bot is alive, and whether it trades, as other programs ask for it."""

from __future__ import annotations

from typing import Any

from ikbr.domain.vitals import Vitals

SILENT_S = 15.0
"""A bot that has told nothing for so long has an event loop that does not turn."""


def healthy(vitals: Vitals | None, age_s: float) -> tuple[bool, dict[str, Any]]:
    """Say whether the bot is alive: its event loop has turned not long ago.

    Args:
        vitals: What it told last.
        age_s: How long ago.

    Returns:
        Whether, and why.
    """
    why = []
    if vitals is None:
        why.append("the bot has told nothing yet")
    elif age_s > SILENT_S:
        why.append(f"the event loop has not turned for {age_s:.0f} s")
    return not why, {"healthy": not why, "why": why, "age_s": round(age_s, 1)}


def ready(vitals: Vitals | None, age_s: float) -> tuple[bool, dict[str, Any]]:
    """Say whether the bot trades: alive, the link ready, the books aligned, nothing latched.

    Args:
        vitals: What it told last.
        age_s: How long ago.

    Returns:
        Whether, and why; `holds` names what entries wait for at present.
    """
    alive, told = healthy(vitals, age_s)
    why = told["why"] if not alive or vitals is None else vitals.not_ready
    holds = vitals.holds if vitals is not None else []
    return not why, {"ready": not why, "why": why, "holds": holds}
