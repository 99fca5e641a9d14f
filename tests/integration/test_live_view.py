"""What people see of a session while it runs: the live view and the status line."""

from __future__ import annotations

import asyncio
from io import StringIO

from live_rig import OnPrints, calm_source, one, run_session
from rich.console import Console

from ikbr.cli.live_view import live_view, render
from ikbr.gateway.server import GatewayServer
from ikbr.live.runner import Runner
from ikbr.live.status import Status


def drawn(status: Status | None) -> str:
    out = StringIO()
    Console(width=140, file=out).print(render(status, "ikbr paper"))
    return out.getvalue()


def test_before_it_is_connected_it_says_so_and_why() -> None:
    out = StringIO()
    Console(width=140, file=out).print(render(None, "ikbr paper", "no gateway is there"))
    assert "connecting … no gateway is there" in out.getvalue()


def test_it_shows_account_positions_orders_fills_and_signals() -> None:
    class Protected(OnPrints):
        stop_loss_pct = 0.05

    bot = one(Protected(50, allow_short=False), "SPY")
    seen = run_session([bot], until="10:30", source=calm_source(6_000))
    status = seen.runner.status()
    assert status is not None
    shown = drawn(status)
    for words in ("Positions", "Orders", "Fills", "Signals", "equity", "IB says", "it is time",
                  "SPY", "STP"):  # fmt: skip
        assert words in shown
    line = status.line()
    assert f"{len(seen.fills)} fills" in line
    assert "SPY +" in line


def test_the_status_says_why_entries_have_stopped() -> None:
    seen = run_session([one(OnPrints(40), "SPY")], until="10:00")
    assert seen.runner.pipeline is not None
    seen.runner.pipeline.trader.risk.halt("for a reason")
    status = seen.runner.status()
    assert status is not None
    assert "for a reason" in status.line()
    assert "for a reason" in drawn(status)


def test_the_status_comes_every_minute_of_the_session() -> None:
    told: list[Status] = []

    async def listen(runner: Runner, _server: GatewayServer) -> None:
        runner.on_status = told.append

    run_session([one(OnPrints(40), "SPY")], until="10:00", meanwhile=listen)
    minutes = [status.ts_ns // 60_000_000_000 for status in told]
    assert len(minutes) >= 28
    assert minutes == list(range(minutes[0], minutes[0] + len(minutes)))


def test_the_view_draws_while_a_session_runs_and_at_its_end() -> None:
    out = StringIO()
    console = Console(width=120, force_terminal=True, file=out)

    async def main() -> None:
        with live_view(console, "ikbr paper", lambda: None):
            await asyncio.sleep(0.3)

    asyncio.run(main())
    assert "ikbr paper" in out.getvalue()
