"""The commands of the pages for whoever operates a bot, given to one that trades."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import ROOT, shared_cache
from tests.integration.alert_rig import Receiver
from tests.integration.test_dashboard import running

from ikbr.cli.main import execute
from ikbr.journal.reader import read_records

PATIENCE_S = 40.0
PAGES = ("going-live", "runbook", "operations", "alerts", "deploy", "doctor", "latency")
BLOCK = re.compile(r"^ *```(?:bash)?\n(.*?)^ *```$", re.M | re.S)
LINE = re.compile(r"^ *(ikbr .+)$", re.M)
INLINE = re.compile(r"`(ikbr [^`\n]+)`")
GATEWAY = "ikbr gateway sim --symbols SPY --speed 60"
BOT = "ikbr paper --supervise --strategy my_strategy.py --symbols SPY"
ELSEWHERE = ("ikbr backtest", "ikbr lookahead", "ikbr walk-forward", "ikbr paper", "ikbr live")
"""Run with less data by `test_doc_pages.py`, and to their close by `test_live_process.py`."""
NOT_HERE = {
    "ikbr doctor --fix": "writes files that all that follows would read: test_host_ports.py",
    "ikbr journal query": "a name in a sentence, without its question",
    "ikbr journal verify": "a name in a sentence, without its folder",
}
ENDS = ("ikbr kill", "ikbr arm")

ANSWERS = {
    "ikbr status": ({0}, "equity"),
    "ikbr doctor --symbols SPY,KO --mode live": ({2}, "KO: IB knows no such contract"),
    "ikbr doctor": ({0, 1}, "handshake|market data|machine"),
    "ikbr journal verify": ({1}, "not closed: [0-9]+ records"),
    "ikbr halt": ({0}, "No entries until"),
    "ikbr resume": ({0}, "Entries go on|Entries are still stopped"),
    "ikbr cancel --all": ({0}, "cancel"),
    "ikbr cancel 17": ({0, 2}, "17"),
    "ikbr flatten": ({0}, "Entries wait until someone resumes"),
    "ikbr set-parameter": ({2}, "choose from: AboveAverage"),
    "ikbr risk show": ({0}, "risk.max_daily_loss_pct"),
    "ikbr risk tighten": ({0}, "max_order_notional"),
    "ikbr risk unblock": ({2}, "is not blocked"),
    "ikbr risk enable": ({2}, "choose from: AboveAverage"),
    "ikbr latency": ({2}, "ikbr latency --bot"),
    "ikbr deploy render": ({0}, "ikbr.service"),
    "ikbr deploy check": ({0}, "nothing is wrong"),
    "ikbr deploy backup": ({0}, "files"),
    "ikbr deploy restore": ({2}, "."),
    "ikbr alerts show": ({0}, "phone .*json://…"),
    "ikbr alerts test": ({0}, "phone +ok"),
    "ikbr kill": ({0}, "Nothing is open any more"),
    "ikbr arm": ({0}, "."),
}
"""What each says to a bot that is well: exit codes, and words in what it prints."""


def commands() -> list[str]:
    """List the commands of the pages, each once, those that end the bot last.

    What to do at an alert is told in sentences, too; elsewhere those only mention commands.
    """
    found: dict[str, None] = {}
    for page in PAGES:
        text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
        found |= dict.fromkeys(one for block in BLOCK.findall(text) for one in LINE.findall(block))
        if page == "runbook":
            found |= dict.fromkeys(INLINE.findall(text))
    lines = dict.fromkeys(line.partition("  #")[0].strip() for line in found)
    return sorted(lines, key=lambda line: line.startswith(ENDS))


def given(line: str) -> list[str]:
    """Put the account of here for the one of the page."""
    return shlex.split(line.replace("DU1234567", "DU1000001"))[1:]


@pytest.fixture
def folder(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Give a folder as the checklist leaves it: strategy, settings, secrets, somebody to alert."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IKBR_CACHE", str(shared_cache(tmp_path_factory)))
    for name in ("config", "deploy"):
        shutil.copytree(ROOT / name, tmp_path / name)
    page = (ROOT / "docs" / "first-strategy.md").read_text(encoding="utf-8")
    strategy = page.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "my_strategy.py").write_text(strategy, encoding="utf-8")
    receiver = Receiver()
    secrets = {"secrets/alerts.toml": f'phone = "{receiver.url()}"\n'}
    names = ("tws_password", "vnc_password", "grafana_password", "alerts")
    for name, text in (secrets | {f"deploy/secrets/{one}": "x" for one in names}).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
    try:
        yield tmp_path
    finally:
        receiver.close()


def wait_for_fill(folder: Path, bot: subprocess.Popen[str]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not any(
        record.kind == "fill"
        for segment in folder.glob("journals/paper-*/*.journal")
        for record in read_records(segment.parent)
    ):
        assert bot.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)


def answer(line: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Give a command, and see that it answers as it should."""
    codes, words = next(one for name, one in ANSWERS.items() if line.startswith(name))
    code = execute(given(line))
    shown = capfd.readouterr()
    assert code in codes, (line, code, shown)
    assert re.search(words, shown.out + shown.err), (line, shown)


@pytest.mark.slow
def test_every_command_for_operating_a_bot_does_what_its_page_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = commands()
    assert {GATEWAY, BOT, *NOT_HERE} <= set(lines)
    here = [
        one for one in lines if not one.startswith((GATEWAY, *ELSEWHERE)) and one not in NOT_HERE
    ]
    ports = ("--port", "0", "--control-port", "0")
    with running(folder, (*given(GATEWAY), *ports), r"gateway on 127\.0\.0\.1:(\d+)") as (port, _):
        monkeypatch.setenv("IB_GATEWAY_PORT", port)
        with running(folder, tuple(given(BOT)), r"(log in )") as (_, bot):
            wait_for_fill(folder, bot)
            for line in here:
                answer(line, capfd)
            assert bot.wait(20) == 0
    assert len(here) > 30
