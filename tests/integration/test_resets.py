"""A reset in the middle of a session: entries wait, nobody is alarmed, it goes on by itself."""

from __future__ import annotations

import pytest
from live_rig import OPEN_NS, SECOND, OnPrints, one, run_session

from ikbr.domain.order import Fill
from ikbr.domain.supervision import SupervisionRules
from ikbr.gateway.options import GatewayOptions

BEGIN, END = OPEN_NS + 360 * SECOND, OPEN_NS + 960 * SECOND
"""9:36 to 9:46 in New York."""
GATEWAY = GatewayOptions(auto_restart="09:36")
SPEED = 600.0
"""At full speed the day would be over before anybody has connected again."""


def entries(fills: list[Fill]) -> list[int]:
    """Say when the position has grown; what closes it may go at any time."""
    held, found = 0, []
    for fill in fills:
        before, held = held, held + fill.side * fill.quantity
        if abs(held) > abs(before):
            found.append(fill.ts_ns)
    return found


@pytest.mark.slow
def test_entries_wait_while_the_gateway_restarts_as_planned_and_go_on_by_themselves() -> None:
    outcome = run_session(
        [one(OnPrints(2))],
        gateway=GATEWAY,
        speed=SPEED,
        until="09:55",
        supervision=SupervisionRules(restart_at="09:36", warn_min=2.0),
    )
    resets = [(a.severity, a.ts_ns) for a in outcome.alerts if a.source == "reset"]
    assert resets == [("info", BEGIN - 120 * SECOND), ("info", BEGIN), ("info", END)]
    links = [(a.severity, a.message) for a in outcome.alerts if a.source == "link"]
    assert {severity for severity, _ in links} == {"info"}
    assert "the connection is down" in links[1][1]
    assert "entries go on" in links[2][1]
    entered = entries(outcome.fills)
    assert [ts for ts in entered if BEGIN + SECOND < ts < END] == []
    assert [ts for ts in entered if ts < BEGIN]
    assert [ts for ts in entered if ts > END]
    assert outcome.end.orderly


@pytest.mark.slow
def test_the_same_restart_is_a_warning_where_the_settings_do_not_know_of_it() -> None:
    outcome = run_session([one(OnPrints(2))], gateway=GATEWAY, speed=SPEED, until="09:45")
    links = [alert.severity for alert in outcome.alerts if alert.source == "link"]
    assert links == ["info", "warning", "info"]
    assert [ts for ts in entries(outcome.fills) if BEGIN < ts < END]
