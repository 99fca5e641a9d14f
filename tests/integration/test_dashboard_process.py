"""The dashboard as a process of its own: actions, files, and that it cannot stop a bot."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from ikbr.journal.reader import read_records

IKBR = (sys.executable, "-c", "from ikbr.cli.main import run; run()")
PATIENCE_S = 40.0


@contextmanager
def a_process(folder: Path, name: str, *words: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Run a command in a folder; whatever happens, end it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("IKBR_S", "TRADING"))}
    out = folder / f"{name}.txt"
    with out.open("w") as file:
        process = subprocess.Popen(
            [*IKBR, *words], stdout=file, stderr=file, text=True, cwd=folder, env=kept
        )
    try:
        yield process, out
    finally:
        process.kill()
        process.wait(10)


def said(out: Path, words: str) -> str:
    """Wait until a process has said something, and give the first group of it."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = re.search(words, out.read_text(encoding="utf-8"))
        if found is not None:
            return found[1]
        time.sleep(0.02)
    raise AssertionError(f"{words!r} was not said: {out.read_text(encoding='utf-8')}")


class Visitor:
    """Come in by the link, and ask and listen as a page does."""

    def __init__(self, link: str) -> None:
        host, self._port = re.findall(r"//([\d.]+):(\d+)/", link)[0]
        self._host = f"{host}:{self._port}"
        self._cookie = self._csrf = ""
        answer, headers = self._send("POST", "/login", {"token": link.partition("token=")[2]})
        self._cookie, self._csrf = headers["Set-Cookie"].split(";")[0], answer["csrf"]

    def _send(self, method: str, path: str, body: Any = None) -> tuple[Any, Any]:
        connection = http.client.HTTPConnection(self._host, timeout=30)
        headers = {"Cookie": self._cookie}
        if method == "POST":
            headers |= {"Origin": f"http://{self._host}", "X-CSRF": self._csrf,
                        "Content-Type": "application/json"}  # fmt: skip
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        assert answer.status == 200, (path, answer.status, content)
        is_json = answer.headers["Content-Type"] == "application/json"
        return json.loads(content) if is_json else content.decode(), answer.headers

    def get(self, path: str) -> Any:
        return self._send("GET", path)[0]

    def act(self, bot: str, action: str, **fields: Any) -> str:
        body = {"confirm": action, "reason": "a test", **fields}
        message: str = self._send("POST", f"/api/bots/{bot}/{action}", body)[0]["message"]
        return message

    def listen(self) -> ClientConnection:
        return connect(
            f"ws://{self._host}/ws",
            additional_headers={"Cookie": self._cookie},
            origin=f"http://{self._host}",  # type: ignore[arg-type]
            compression=None,
            max_size=None,
        )


def heard(line: ClientConnection, come: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        message: dict[str, Any] = json.loads(line.recv(timeout=PATIENCE_S))
        if come(message):
            return message
    raise AssertionError("it was not heard")


@contextmanager
def a_bot(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a bot that trades often, over a gateway of its own."""
    market = ("gateway", "sim", "--port", "0", "--control-port", "0", "--symbols", "KO",
              "--speed", "100", "--seed", "7")  # fmt: skip
    with a_process(folder, "gateway", *market) as (_, told):
        port = said(told, r"gateway on 127\.0\.0\.1:(\d+)")
        trade = ("paper", "--port", port, "--symbols", "KO", "--param",
                 "lookback=30,threshold=0.0002", "--set", "risk.max_drawdown_pct=0",
                 "--set", "risk.max_runs=0")  # fmt: skip
        with a_process(folder, "bot", *trade) as (bot, _):
            yield bot


@contextmanager
def a_dashboard(folder: Path, name: str) -> Iterator[tuple[subprocess.Popen[str], Visitor]]:
    """Run a dashboard and come in."""
    with a_process(folder, name, "dashboard", "--port", "0") as (process, shown):
        yield process, Visitor(said(shown, r"Log in, once: (\S+)"))


def set_parameter_and_see_it(visitor: Visitor, line: ClientConnection, name: str) -> None:
    fields = {"strategy": "momentum", "name": "threshold", "value": "0.0003"}
    answer = visitor.act(name, "set-parameter", **fields)
    assert answer == "momentum.threshold is 0.0003, and was 0.0002."
    changed = heard(line, lambda m: m["type"] == "bots")
    [strategy] = changed["bots"][0]["strategies"]
    values = {one["name"]: one["value"] for one in strategy["parameters"]}
    assert values["threshold"] == 0.0003


@pytest.mark.slow
def test_a_bot_trades_on_whatever_becomes_of_its_dashboard_and_obeys_the_next(
    tmp_path: Path,
) -> None:
    def fills() -> int:
        [folder] = (tmp_path / "journals").glob("paper-*")
        return sum(record.kind == "fill" for record in read_records(folder))

    def goes_on() -> None:
        before, until = fills(), time.monotonic() + PATIENCE_S
        while fills() == before:
            assert time.monotonic() < until
            assert bot.poll() is None
            time.sleep(0.2)

    with a_bot(tmp_path) as bot:
        with a_dashboard(tmp_path, "first") as (process, visitor):
            with visitor.listen() as line:
                name = heard(line, lambda m: m.get("kind") == "fill")["bot"]
                set_parameter_and_see_it(visitor, line, name)
            bars = visitor.get(f"/api/bots/{name}/bars?symbol=KO&seconds=60")["bars"]
            assert bars
            assert all(low <= min(o, c) <= max(o, c) <= high for _, o, high, low, c, _ in bars)
            for _ in range(300):
                visitor.get("/api/me")
            for number in range(8):
                visitor.act(name, ("halt", "resume")[number % 2])
            goes_on()
            process.send_signal(signal.SIGSTOP)
            time.sleep(2)  # it would hear a hundred messages meanwhile, and reads none
            goes_on()
        goes_on()
        with a_dashboard(tmp_path, "second") as (_, visitor):
            with visitor.listen() as line:
                heard(line, lambda m: m["type"] == "state")
                assert "Nothing is open any more" in visitor.act(name, "kill")
                heard(line, lambda m: m["type"] == "gone")
            assert bot.wait(10) == 0
            look_at_what_is_left(visitor)


def look_at_what_is_left(visitor: Visitor) -> None:
    [journal] = visitor.get("/api/journals")
    assert (journal["account"], journal["verified"]) == ("DU1000001", True)
    page = visitor.get(f"/api/journals/{journal['name']}?kind=operator")
    done = [one["data"] for one in page["records"]]
    assert [one["action"] for one in done] == ["set-parameter", *["halt", "resume"] * 4, "kill"]
    assert {one["fields"].get("person") or one["fields"]["user"] for one in done} == {"local"}
    assert page["next"] is None
    [report] = visitor.get("/api/reports")
    assert report["kind"] == "paper"
    assert "<html" in visitor.get(f"/reports/{report['path']}")
