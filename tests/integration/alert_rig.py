"""A receiver of alerts on this machine, which keeps what it was told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

PATIENCE_S = 30.0
TOKEN = "TOKEN7SECRET"


class Receiver:
    """Receive what Apprise posts, and what the heartbeat asks."""

    def __init__(self) -> None:
        self.got: list[dict[str, str]] = []
        self.pings: list[float] = []
        self.answer = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append(json.loads(body) | {"path": self.path})
                self.send_response(outer.answer)
                self.end_headers()

            def do_GET(self) -> None:
                outer.pings.append(time.monotonic())
                self.send_response(outer.answer)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def url(self, name: str = "phone") -> str:
        return f"json://127.0.0.1:{self.port}/{TOKEN}/{name}"

    @property
    def heartbeat(self) -> str:
        return f"http://127.0.0.1:{self.port}/{TOKEN}/alive"

    def words(self, name: str = "phone") -> list[str]:
        mine = [one["message"] for one in self.got if one["path"].endswith(name)]
        return [line for message in mine for line in message.splitlines()]

    def wait_for(self, done: Callable[[], object]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < until, self.got
            time.sleep(0.01)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()
