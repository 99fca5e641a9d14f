"""A bot under a supervisor tells people what happens to it, and keeps its secrets to itself."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from alert_rig import PATIENCE_S, TOKEN, Receiver, receiver
from live_rig import CAPITAL, OnPrints, calm_days, one, plan_of, run_session

from ikbr.api.session_alerts import SessionAlerts, telling
from ikbr.broker.client import Client
from ikbr.cli.demo_paper import gateway
from ikbr.cli.main import execute
from ikbr.core.event_bus import EventBus
from ikbr.domain.alerts import AlertRoute, AlertRules
from ikbr.domain.errors import UsageError
from ikbr.gateway.server import GatewayServer
from ikbr.live.modes import Meant
from ikbr.live.plan import Outside
from ikbr.live.runner import Runner
from ikbr.ops.alerts.words import Setup

__all__ = ["receiver"]

IKBR = (sys.executable, "-c", "from ikbr.cli.main import run; run()")


def wait_for(path: Path, words: str, times: int = 1) -> None:
    """Wait until a file holds some words so often."""
    until = time.monotonic() + PATIENCE_S
    while (text := path.read_text(encoding="utf-8")).count(words) < times:
        assert time.monotonic() < until, text
        time.sleep(0.02)


def environment_of(receiver: Receiver) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("IKBR_S", "TRADING"))}
    return kept | {
        "IKBR_ALERT_PHONE": receiver.url(),
        "IKBR_ALERT_HEARTBEAT": receiver.heartbeat,
        "IKBR_ALERTS__HEARTBEAT_S": "1",
    }


@pytest.mark.slow
def test_people_hear_of_a_crash_of_what_follows_and_of_the_day_each_once(
    receiver: Receiver, tmp_path: Path
) -> None:
    out = tmp_path / "out.txt"
    with gateway(tmp_path, "600") as port, out.open("w") as file:
        words = ("paper", "--supervise", "--symbols", "KO", "--flatten")
        more = ("--param", "lookback=30,threshold=0.0002", "--port", str(port))
        process = subprocess.Popen(
            [*IKBR, *words, *more], stdout=file, stderr=file, cwd=tmp_path,
            env=environment_of(receiver),
        )  # fmt: skip
        try:
            wait_for(out, "supervisor: the bot trades.")
            bots = [one for one in psutil.Process(process.pid).children() if _is_bot(one)]
            assert len(bots) == 1
            bots[0].send_signal(signal.SIGKILL)
            wait_for(out, "supervisor: the bot trades.", 2)
            receiver.wait_for(lambda: receiver.pings)
            process.terminate()
            assert process.wait(PATIENCE_S) == 0, out.read_text(encoding="utf-8")
        finally:
            process.kill()
            process.wait(10)
    told = "\n".join(receiver.words())
    assert told.count("the bot was ended by SIGKILL; it starts again") == 1
    assert told.count("the bot trades.") == 1
    assert "without a word" not in told
    assert len(re.findall(r"Summary of \d{4}-", told)) == 1
    assert "Nothing is held over night" in told
    _assert_no_secret(tmp_path)


def test_an_error_that_ends_a_session_is_told_where_no_supervisor_does(receiver: Receiver) -> None:
    urls = {"phone": receiver.url()}
    setup = Setup("bot", AlertRules(), {"phone": AlertRoute()}, urls)

    async def fail(setup: Setup) -> None:
        client = Client()
        meant = Meant("paper", "paper", 1)
        outside = Outside(time.time_ns, lambda: 0.5, _no_journal, print)
        bus = EventBus()
        alerts = SessionAlerts(setup, bus)
        with telling(alerts, Runner(client, plan_of(1, []), meant, outside, bus)):
            raise UsageError("the account is another one")

    for alone in (False, True):
        with pytest.raises(UsageError):
            asyncio.run(fail(msgspec.structs.replace(setup, alone=alone)))
    [told] = receiver.got
    assert told["title"] == "bot: critical, bot"
    assert "ended with an error (UsageError): the account is another one" in told["message"]


def test_a_session_of_two_days_tells_each_once(receiver: Receiver) -> None:
    setup = Setup("bot", AlertRules(), {"phone": AlertRoute()}, {"phone": receiver.url()})
    source, _ = calm_days(2)

    async def tell(runner: Runner, server: GatewayServer) -> None:
        alerts = SessionAlerts(setup, runner._bus)
        with telling(alerts, runner):
            while not server.world.ended:
                await asyncio.sleep(0.005)
            runner.stop("the data is over")
            await asyncio.sleep(0.1)

    outcome = run_session([one(OnPrints(20))], source=source, meanwhile=tell, until="")
    days = [m["message"] for m in receiver.got if "Summary of" in m["message"]]
    found = [re.search(r"Summary of (\S+), since (\S+)\n", day) for day in days]
    assert [match and match.groups() for match in found] == [
        ("2026-03-02", "14:29:59Z"),
        ("2026-03-03", "21:01:00Z"),
    ]
    fills = [int(n) for day in days for n in re.findall(r"^Fills (\d+) ", day, re.M)]
    assert sum(fills) == len(outcome.fills)
    assert min(fills) > 0
    assert "Held over night: SPY" in days[0]
    plain = [day.replace(",", "") for day in days]
    earned = [float(n) for day in plain for n in re.findall(r"^P&L ([-+.\d]+) USD", day, re.M)]
    costs = [float(n) for day in plain for n in re.findall(r"costs ([.\d]+) USD", day)]
    assert sum(costs) == pytest.approx(
        sum(p.fees_micro for p in outcome.books.positions.values()) / 1e6, abs=0.02
    )
    assert sum(earned) == pytest.approx(outcome.books.equity - CAPITAL, abs=0.02)


def _no_journal(*_: object) -> Any:
    raise AssertionError("nothing is traded")


def _is_bot(process: psutil.Process) -> bool:
    return "paper" in process.cmdline()


def _assert_no_secret(folder: Path) -> None:
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in written)
    assert [path for path in written if TOKEN.encode() in path.read_bytes()] == []


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets").mkdir()
    return tmp_path / "secrets" / "alerts.toml"


def test_a_test_goes_through_every_target_and_tells_what_happened(
    receiver: Receiver, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = f"json://127.0.0.1:1/{TOKEN}"
    elsewhere.write_text(
        f'phone = "{receiver.url()}"\nmail = "{nobody}"\nheartbeat = "{receiver.heartbeat}"\n'
    )
    assert execute(["alerts", "test"]) == 1
    out = capsys.readouterr().out
    assert re.search(r"^phone +ok", out, re.M)
    assert re.search(r"^mail +FAILED: \w", out, re.M)
    assert re.search(r"^heartbeat +ok", out, re.M)
    assert TOKEN not in out
    assert receiver.words() == ["This is a test. Alerts arrive here."]
    assert len(receiver.pings) == 1
    elsewhere.write_text(f'phone = "{receiver.url()}"\n')
    assert execute(["alerts", "test", "--json"]) == 0
    assert [one["failure"] for one in json.loads(capsys.readouterr().out)] == [""]


def test_what_is_shown_holds_targets_and_rules_but_no_secret(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["alerts", "show"]) == 0
    assert "Nobody is told" in capsys.readouterr().out
    Path("config").mkdir()
    Path("config/settings.toml").write_text(
        '[alerts]\nrepeat_min = 7\n[alerts.to.phone]\nseverity = "critical"\n'
        'sources = ["link", "risk"]\nquiet = "22:00-07:00"\nmin_interval_s = 30\n'
    )
    elsewhere.write_text(f'phone = "tgram://12345:{TOKEN}/1"\nodd = "odd://{TOKEN}"\n')
    elsewhere.chmod(0o644)
    assert execute(["alerts", "show"]) == 0
    out = capsys.readouterr().out
    assert "phone        tgram://…  from secrets/alerts.toml" in out
    told = "critical and worse; link, risk; with summary; quiet 22:00-07:00; every 30 s at most"
    assert told in out
    assert "within 7 min" in out
    assert "none that Apprise knows" in out
    assert "chmod 600 secrets/alerts.toml" in out
    assert TOKEN not in out
    assert execute(["alerts", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in shown["targets"]] == ["odd", "phone"]
    assert TOKEN not in json.dumps(shown)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[alerts.to.phone]\n", "alerts.to.phone has no address"),
        (f'[alerts.to.phone]\nurl = "tgram://{TOKEN}"\n', "unknown field `url`"),
        ('[alerts.to.phone]\nseverity = "bad"\n', "Invalid enum value 'bad'"),
        ('[alerts.to.phone]\nquiet = "late"\n', "write it as 22:00-07:00"),
        ("[alerts.to.Phone]\n", "small letters"),
        ("[alerts.to.heartbeat]\n", "not 'heartbeat'"),
        ("[alerts.to.phone]\nmin_interval_s = -1\n", "from 0 to 86400"),
        ('[alerts]\nto = "phone"\n', "sections were expected"),
        ('[alerts]\nzone = "Mars"\n', "is no time zone"),
        ("[alerts]\nper_hour = 1\n", "from 4 to 3600"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused_before_anything_begins(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], settings: str, said: str
) -> None:
    Path("config").mkdir()
    Path("config/settings.toml").write_text(settings)
    before = sorted(elsewhere.parents[1].rglob("*"))
    assert execute(["paper", "--symbols", "SPY", "--port", "1"]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert TOKEN not in err
    assert sorted(elsewhere.parents[1].rglob("*")) == before
