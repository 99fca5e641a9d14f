"""What a person may do to a session that runs, through the operator's door."""

from __future__ import annotations

import asyncio
import socket
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from live_rig import LOOSE, OnPrints, Outcome, one, run_session

from ikbr.domain.errors import UsageError
from ikbr.live.operator import Asked, Operator
from ikbr.live.operator_client import ask
from ikbr.live.operator_door import OperatorDoor
from ikbr.live.own_socket import shortest
from ikbr.live.runner import Runner

LIMITS = msgspec.structs.replace(LOOSE, max_runs=500)


def at_the_door(test: Callable[[Callable[[Asked], dict[str, Any]], Runner, Path], None]) -> Outcome:
    """Run a session, and a test beside it in a thread, as another process would be."""

    async def meanwhile(runner: Runner, _server: Any) -> None:
        while runner.pipeline is None:
            await asyncio.sleep(0.001)
        with tempfile.TemporaryDirectory(prefix="ikbr-") as folder:
            path = Path(folder) / "door.sock"
            assert runner._journal is not None
            operator = Operator(runner.pipeline, runner._journal, runner.status)
            door = OperatorDoor(path, operator)
            await door.open()
            try:
                await asyncio.to_thread(test, lambda asked: ask(path, asked, 10.0), runner, path)
            finally:
                door.close()
                runner.stop("the test is over")
            assert not path.exists()

    return run_session([one(OnPrints(10))], meanwhile=meanwhile, speed=600.0, limits=LIMITS)


def operator_records(outcome: Outcome) -> list[Any]:
    return [body for kind, _, body in outcome.journal.records if kind == "operator"]


def test_limits_tighten_and_every_action_is_in_the_journal_with_who_did_it() -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], runner: Runner, _path: Path) -> None:
        assert runner.pipeline is not None
        risk = runner.pipeline.trader.risk
        answer = knock(Asked("tighten", "nervous", limits={"risk.max_position_pct": "0.05"}))
        assert answer == {"limits": {"risk.max_position_pct": 0.05}}
        assert risk.limits.max_position_pct == 0.05
        assert knock(Asked("tighten", limits={"max_position_pct": 0.05})) == {"limits": {}}
        with pytest.raises(UsageError, match=r"risk.max_position_pct = 0.2 is looser than 0.05"):
            knock(Asked("tighten", limits={"max_position_pct": 0.2, "max_runs": 5}))
        assert risk.limits.max_runs == 500
        with pytest.raises(UsageError, match="no limit is named"):
            knock(Asked("tighten"))

    outcome = at_the_door(test)
    [record] = operator_records(outcome)
    assert (record.action, record.source, record.reason) == (
        "tighten",
        "operator door",
        "nervous",
    )
    assert record.fields["limits"] == {"max_position_pct": 0.05}
    assert {"user", "process"} <= set(record.fields)
    assert any("tighten by" in alert.message for alert in outcome.alerts)


def test_entries_stop_and_go_on_and_only_what_a_person_stopped_goes_on() -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], runner: Runner, _path: Path) -> None:
        assert runner.pipeline is not None
        trader = runner.pipeline.trader
        with pytest.raises(UsageError, match="were not stopped by"):
            knock(Asked("resume"))
        assert knock(Asked("halt", "lunch")) == {"halted": "lunch"}
        assert "lunch" in knock(Asked("status"))["latches"]["pause"]
        assert trader.risk.halted is not None
        assert knock(Asked("resume")) == {"halted": ""}
        trader.halt("a fault")
        knock(Asked("halt"))
        assert "a fault" in knock(Asked("resume"))["halted"]

    records = operator_records(at_the_door(test))
    assert [one.action for one in records] == ["halt", "resume", "halt", "resume"]


def test_a_symbol_and_a_strategy_are_let_go_on_by_name() -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], runner: Runner, _path: Path) -> None:
        assert runner.pipeline is not None
        risk = runner.pipeline.trader.risk
        with pytest.raises(UsageError, match="'SPY' is not blocked"):
            knock(Asked("unblock", subject="SPY"))
        risk.block("SPY", "too many rejections")
        assert knock(Asked("status"))["blocked"] == {"SPY": "too many rejections"}
        assert knock(Asked("unblock", subject="SPY"))["was"] == "too many rejections"
        assert risk.clearance.blocked == {}
        risk.traffic.runs["bot"] = 499
        knock(Asked("enable", subject="bot"))
        assert risk.traffic.runs.get("bot", 0) < 100
        with pytest.raises(UsageError, match="did you mean 'bot'"):
            knock(Asked("enable", subject="bat"))

    at_the_door(test)


def test_the_status_is_all_a_dashboard_needs() -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], _runner: Runner, _path: Path) -> None:
        status = knock(Asked("status"))
        assert status["session"]["base"] == "USD"
        assert status["strategies"] == {"bot": True}
        assert status["limits"]["max_position_pct"]["value"] == LIMITS.max_position_pct
        assert status["reconciled"] is True

    at_the_door(test)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"\n", "this is no request"),
        (b"{}\n", "this is no request"),
        (b'{"action": 5}\n', "this is no request"),
        (b'{"action": "dance"}\n', "action 'dance' is unknown"),
        (b'{"action": "halt", "loudly": true}\n', "this is no request"),
        (b"\xff\xfe\x00\n", "this is no request"),
        (b"x" * 100_000 + b"\n", ""),
    ],
)
def test_nonsense_is_refused_and_disturbs_nobody(line: bytes, words: str) -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], _runner: Runner, path: Path) -> None:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(5)
            door.connect(str(path))
            door.sendall(line)
            said = b""
            while not said.endswith(b"\n") and (more := door.recv(4096)):
                said += more
        assert words in said.decode()
        assert knock(Asked("status"))["session"] is not None

    outcome = at_the_door(test)
    assert outcome.end.orderly


def test_a_bot_that_is_not_there_and_a_name_that_is_too_long_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no bot runs at"):
        ask(Path("nobody.sock"), Asked("status"))
    with pytest.raises(UsageError, match="too long for a socket"):
        shortest(tmp_path / ("x" * 120))
