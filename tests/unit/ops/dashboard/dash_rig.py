"""A dashboard that is really served, over TCP, with bots that a test plays."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from argon2 import PasswordHasher
from websockets.sync.client import ClientConnection, connect

from ikbr.domain.errors import UsageError
from ikbr.ops.dashboard.app import Dashboard, make_dashboard
from ikbr.ops.dashboard.options import DashboardOptions
from ikbr.ops.dashboard.passwords import Account, Passwords
from ikbr.ops.dashboard.seams import Found
from ikbr.ops.dashboard.serve import listening_socket, server_of

SECRET = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
BOT = "127.0.0.1-4002-7"


def people() -> Passwords:
    hashed = QUICK.hash(SECRET)
    return Passwords(
        {"ann": Account("trader", hashed), "bob": Account("reader", hashed)}, hasher=QUICK
    )


@dataclass
class PlayedBots:
    """Answer as bots do (a `Bots`)."""

    feed: Path = Path("nowhere.feed")
    others: dict[str, Path] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    killed: list[tuple[str, str, str]] = field(default_factory=list)
    refuse: str = ""
    answer: dict[str, Any] = field(default_factory=lambda: {"message": "done"})

    def found(self) -> Sequence[Found]:
        feeds = {BOT: self.feed} | self.others
        return [Found(bot, feed, "") for bot, feed in feeds.items()]

    def ask(self, bot_id: str, user: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        if self.refuse:
            raise UsageError(self.refuse)
        self.asked.append((bot_id, user, dict(asked)))
        return dict(self.answer)

    def kill(self, bot_id: str, user: str, reason: str) -> str:
        self.killed.append((bot_id, user, reason))
        return "stopped"


class Browser:
    """Ask as a browser does, with what a browser sends."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.host = f"127.0.0.1:{port}"
        self.cookie = ""
        self.csrf = ""
        self.headers: dict[str, str] = {}

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str | None
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        """Ask; a header that is None is left out."""
        sent: dict[str, str | None] = {"Host": self.host, "Cookie": self.cookie}
        data = None
        if method == "POST":
            sent |= {"Origin": f"http://{self.host}", "X-CSRF": self.csrf}
            sent["Content-Type"] = "application/json"
            data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            if data is not None and "Transfer_Encoding" not in headers:
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        is_json = answer.headers.get("Content-Type") == "application/json"
        return answer.status, json.loads(content) if is_json else content, answer.headers

    def log_in(self, user: str = "ann", password: str = SECRET, token: str = "") -> int:
        """Log in, and keep what is told."""
        proof = {"token": token} if token else {"user": user, "password": password}
        status, told, headers = self.ask("POST", "/login", proof)
        if status == 200:
            self.cookie = headers["Set-Cookie"].split(";")[0]
            self.csrf = told["csrf"]
        return status

    def listen(self, **headers: str) -> ClientConnection:
        """Open the WebSocket."""
        sent = {"Cookie": self.cookie} | {n.replace("_", "-"): v for n, v in headers.items()}
        origin = sent.pop("Origin", f"http://{self.host}")
        return connect(
            f"ws://127.0.0.1:{self.port}/ws",
            additional_headers=sent,
            origin=origin or None,  # type: ignore[arg-type]
            compression=None,
            close_timeout=1,
        )


@dataclass
class Served:
    """Hold a dashboard that is served."""

    dashboard: Dashboard
    options: DashboardOptions
    bots: PlayedBots
    clock: list[float]
    server: uvicorn.Server

    def browser(self, user: str = "") -> Browser:
        browser = Browser(self.options.port)
        if user:
            self.clock[0] += 1  # or there were too many log-ins at once
            assert browser.log_in(user) == 200
        return browser


@contextmanager
def served(folder: Path, *, passwords: Passwords | None = None, **options: Any) -> Iterator[Served]:
    """Serve a dashboard in a thread; its clock stands still unless a test moves it."""
    clock = [1_000.0]
    wanted = DashboardOptions(port=0, journals=folder, **options)
    bots = PlayedBots(folder / "bot.feed")
    with listening_socket(wanted) as listening:
        wanted = msgspec.structs.replace(wanted, port=listening.getsockname()[1])
        dashboard = make_dashboard(wanted, bots, passwords, version="1.2.3", now_s=lambda: clock[0])
        server = server_of(dashboard, wanted)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            until = time.monotonic() + 10
            while not (server.started and dashboard.watch.replicas):
                assert time.monotonic() < until, "the dashboard does not begin"
                time.sleep(0.005)
            yield Served(dashboard, wanted, bots, clock, server)
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()


class PlayedFeed:
    """Speak as a bot's telemetry does."""

    def __init__(self, path: Path) -> None:
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(path))
        self._server.listen(4)
        self._server.settimeout(10)

    def __enter__(self) -> PlayedFeed:
        self.line, _ = self._server.accept()
        return self

    def __exit__(self, *_error: object) -> None:
        self.line.close()
        self._server.close()

    def say(self, **message: Any) -> None:
        self.line.sendall(json.dumps(message).encode() + b"\n")
