"""What risk must remember over a restart: losses, latches, blocks, what was sent today."""

from __future__ import annotations

from ikbr.core.risk_manager import RiskManager
from ikbr.domain.session_events import RiskState

_RUNS = "runs:"


def risk_state(risk: RiskManager) -> RiskState:
    """Write down what a restart must not forget."""
    traffic, session = risk.traffic, risk.clearance.session
    counters = {
        "orders": risk.ledger.sent_today,
        "quantity": traffic.quantity_today,
        "notional_micro": round(traffic.notional_today_micro),
    }
    counters |= {_RUNS + name: runs for name, runs in traffic.runs.items()}
    return RiskState(
        peak_micro=risk.halts.peak_micro,
        day_start_micro=risk.halts.day_start_micro,
        day=session.date.isoformat() if session is not None else risk.resumed_day,
        latches=risk.halts.latched,
        counters=counters,
        blocked=dict(risk.clearance.blocked),
    )


def restore_risk(risk: RiskManager, state: RiskState) -> None:
    """Go on where an earlier session stopped, before anything is sent.

    Args:
        risk: Of the new session; its books are rebuilt.
        state: The latest that the journal holds.
    """
    counters, traffic = state.counters, risk.traffic
    risk.halts.restore(state.peak_micro, state.day_start_micro, state.latches)
    risk.resumed_day = state.day
    risk.restore_blocks(state.blocked)
    risk.ledger.sent_today = counters.get("orders", 0)
    traffic.quantity_today = counters.get("quantity", 0)
    traffic.notional_today_micro = float(counters.get("notional_micro", 0))
    traffic.runs = {
        name.removeprefix(_RUNS): runs for name, runs in counters.items() if name.startswith(_RUNS)
    }
