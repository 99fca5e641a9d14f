"""Rules about what stops orders altogether: halts, blocks, books that do not agree."""

from __future__ import annotations

from ikbr.core.risk_case import Case
from ikbr.domain.events import Refused
from ikbr.domain.timers import NEVER


def test_reconciled(case: Case) -> Refused | None:
    """Refuse everything until our books agree with the broker's."""
    if case.clearance.reconciled:
        return None
    reason = "our books are not reconciled with the broker's yet."
    return case.refuse("reconcile", 0.0, 1.0, reason)


def test_blocked(case: Case) -> Refused | None:
    """Refuse entries in a symbol that is blocked."""
    why = case.clearance.blocked.get(case.request.symbol)
    if why is None:
        return None
    return case.refuse("blocked", 0.0, 1.0, f"it is blocked: {why}.", NEVER)


def test_halt(case: Case) -> Refused | None:
    """Refuse entries while a halt is latched (by hand, drawdown, loss of the day)."""
    return case.halts.current


def test_drawdown(case: Case) -> Refused | None:
    """Refuse an entry at an equity that is about to trip a halt."""
    if case.equity_micro > case.halts.barrier_micro:
        return None
    return case.halts.judge(case.equity_micro)
