"""What the journal of a session begins with: who runs, on what settings, from which books."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from ikbr.core.pipeline import settings_record
from ikbr.core.ports import Journal
from ikbr.domain.session_events import SessionStart
from ikbr.live.opening import record_opening
from ikbr.live.pipeline import LivePipeline
from ikbr.live.plan import SessionPlan
from ikbr.live.preparation import World


def record_start(
    journal: Journal,
    pipeline: LivePipeline,
    world: World,
    plan: SessionPlan,
    account: str,
    *,
    continues: bool,
) -> list[str]:
    """Write down that a session begins.

    Args:
        journal: Of the account.
        pipeline: Before its start.
        world: What the account holds.
        plan: What is to be done.
        account: IB's name of it.
        continues: Whether the books go on where an earlier session left them.

    Returns:
        What a reader of the report must know.
    """
    now = pipeline.clock.now_ns
    start = SessionStart(plan.mode, account, plan.connection.client_id, version("ikbr"),
                         pipeline.trader.orders.next_id)  # fmt: skip
    journal.append("start", now, start)
    more: dict[str, Any] = {"quantity": plan.quantity, "all_hours": plan.all_hours}
    # A capital opens the books anew for whoever replays; else they go on.
    opening = {} if continues else {"capital_micro": 0}
    journal.append("settings", now, settings_record(pipeline, opening | more))
    if not continues:
        record_opening(journal, now, world.state)
    return [
        f"The account holds {words}: it counts, but cannot be traded."
        for words in world.state.strange
    ]
