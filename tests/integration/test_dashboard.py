"""The real dashboard as a process of its own, over a real bot and a simulated gateway."""

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
def a_bot_and_its_dashboard(
    folder: Path, *, speed: int = 30, params: str = "lookback=100,threshold=0.0005"
) -> Iterator[tuple[subprocess.Popen[str], subprocess.Popen[str], Visitor]]:
    market = ("gateway", "sim", "--port", "0", "--control-port", "0", "--symbols", "KO",
              "--speed", str(speed), "--seed", "7")  # fmt: skip
    with a_process(folder, "gateway", *market) as (_, told):
        port = said(told, r"gateway on 127\.0\.0\.1:(\d+)")
        trade = ("paper", "--port", port, "--symbols", "KO", "--set", "risk.max_drawdown_pct=0",
                 "--set", "risk.max_runs=0", "--param",
                 params)  # fmt: skip
        with (
            a_process(folder, "bot", *trade) as (bot, _),
            a_process(folder, "dashboard", "dashboard", "--port", "0") as (dashboard, shown),
        ):
            yield bot, dashboard, Visitor(said(shown, r"Log in, once: (\S+)"))


@pytest.mark.slow
def test_a_person_sees_a_bot_trade_and_acts_on_it(tmp_path: Path) -> None:
    with a_bot_and_its_dashboard(tmp_path) as (bot, _, visitor):
        with visitor.listen() as line:
            found = heard(line, lambda m: m["type"] == "bots" and m["bots"]
                          and m["bots"][0]["alive"])  # fmt: skip
            name = found["bots"][0]["id"]
            heard(line, lambda m: m.get("kind") == "fill")
            heard(line, lambda m: m["type"] == "state" and m["positions"])
            assert "KO" in visitor.act(name, "flatten")
            flat = heard(line, lambda m: m["type"] == "state" and not m["positions"])
            assert "flattened: a test" in flat["halted"]
            assert visitor.act(name, "resume") == "Entries go on."
            said_so = visitor.act(name, "set-parameter", strategy="momentum", name="threshold",
                                  value="0.0003")  # fmt: skip
            assert said_so == "momentum.threshold is 0.0003, and was 0.0005."
            changed = heard(line, lambda m: m["type"] == "bots")
            [strategy] = changed["bots"][0]["strategies"]
            values = {one["name"]: one["value"] for one in strategy["parameters"]}
            assert values["threshold"] == 0.0003
            bars = visitor.get(f"/api/bots/{name}/bars?symbol=KO&seconds=60")["bars"]
            assert bars
            assert all(low <= min(o, c) <= max(o, c) <= high for _, o, high, low, c, _ in bars)
            assert "Nothing is open any more" in visitor.act(name, "kill")
            assert bot.wait(10) == 0
            heard(line, lambda m: m["type"] == "gone")
        [journal] = visitor.get("/api/journals")
        assert (journal["account"], journal["verified"]) == ("DU1000001", True)
        page = visitor.get(f"/api/journals/{journal['name']}?kind=operator")
        done = [one["data"] for one in page["records"]]
        assert [one["action"] for one in done] == ["flatten", "resume", "set-parameter", "kill"]
        assert {one["fields"].get("person") or one["fields"]["user"] for one in done} == {"local"}
        assert page["next"] is None
        [report] = visitor.get("/api/reports")
        assert report["kind"] == "paper"
        assert "<html" in visitor.get(f"/reports/{report['path']}")


@pytest.mark.slow
def test_a_dashboard_that_hangs_dies_or_is_flooded_leaves_the_bot_trading(tmp_path: Path) -> None:
    def fills() -> int:
        [folder] = (tmp_path / "journals").glob("paper-*")
        return sum(record.kind == "fill" for record in read_records(folder))

    def goes_on() -> None:
        before, until = fills(), time.monotonic() + PATIENCE_S
        while fills() == before:
            assert time.monotonic() < until
            assert bot.poll() is None
            time.sleep(0.2)

    params = "lookback=30,threshold=0.0002"
    with a_bot_and_its_dashboard(tmp_path, speed=100, params=params) as (bot, dashboard, visitor):
        with visitor.listen() as line:
            name = heard(line, lambda m: m["type"] == "state")["bot"]
        for _ in range(300):
            visitor.get("/api/me")
        for number in range(10):
            visitor.act(name, ("halt", "resume")[number % 2])
        goes_on()
        dashboard.send_signal(signal.SIGSTOP)
        goes_on()
        time.sleep(3)  # it would hear some hundred messages meanwhile, and reads none
        goes_on()
        dashboard.kill()
        goes_on()
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(20) == 0
