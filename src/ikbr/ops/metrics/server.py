"""The server: three small pages over HTTP, for whoever may be slow, hostile or many.

An answer is rendered once per vitals, whoever asks; connections are few, short and closed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from ikbr.domain.vitals import Vitals
from ikbr.ops.metrics.collector import VitalsCollector, registry_of
from ikbr.ops.metrics.health import healthy, ready

PATIENCE_S = 5.0
AT_ONCE = 32
LONGEST_REQUEST = 8_192
JSON = "application/json"

_REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")
_HOST = re.compile(rb"\r\nhost:[ \t]*([^\r\n]*?)[ \t]*\r\n", re.IGNORECASE)


class Answer(NamedTuple):
    """Hold an answer: status, type and body."""

    status: HTTPStatus
    kind: str
    body: bytes


class MetricsServer:
    """Serve what a bot told last.

    Attributes:
        rendered: How often the metrics were rendered.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        """Start without vitals.

        Args:
            now_s: Gives the time, seconds; it never goes back.
        """
        self._now_s = now_s
        self._collector = VitalsCollector()
        self._registry = registry_of(self._collector)
        self._told_s = now_s()
        self._page: bytes | None = None
        self._inside = 0
        self.rendered = 0

    def take(self, vitals: Vitals) -> None:
        """Take what the bot says of itself."""
        self._collector.vitals = vitals
        self._told_s = self._now_s()
        self._page = None

    async def serve(self, listening: socket.socket) -> asyncio.Server:
        """Serve from a socket that listens."""
        return await asyncio.start_server(self._on_client, sock=listening, limit=LONGEST_REQUEST)

    def answer(self, request: bytes) -> Answer:
        """Answer a request.

        Args:
            request: With all its headers, and the empty line that ends them.
        """
        line, host = _REQUEST.match(request), _HOST.search(request)
        if line is None:
            return _words(HTTPStatus.BAD_REQUEST, "this is no request of HTTP")
        if host is not None and not is_direct(host[1].decode("latin-1")):
            # A page of a browser whose name was made to point here must not read the account.
            return _words(HTTPStatus.FORBIDDEN, "ask by address, or by a name without dots")
        if line[1] != b"GET":
            return _words(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is understood")
        path = line[2].split(b"?", maxsplit=1)[0].decode("latin-1")
        vitals, age_s = self._collector.vitals, self._now_s() - self._told_s
        if path == "/metrics":
            return Answer(HTTPStatus.OK, CONTENT_TYPE_PLAIN_0_0_4, self._metrics())
        if path in {"/healthz", "/readyz"}:
            well, told = (healthy if path == "/healthz" else ready)(vitals, age_s)
            status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
            return Answer(status, JSON, json.dumps(told).encode() + b"\n")
        return _words(HTTPStatus.NOT_FOUND, "there is /metrics, /healthz and /readyz")

    def _metrics(self) -> bytes:
        if self._page is None:
            self._page = generate_latest(self._registry)
            self.rendered += 1
        return self._page

    async def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._inside >= AT_ONCE:
            writer.transport.abort()
            return
        self._inside += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = self.answer(await reader.readuntil(b"\r\n\r\n"))
                writer.write(_head(answer) + answer.body)
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # Whoever is too slow, says too much or goes away gets no answer.
            writer.transport.abort()
        finally:
            self._inside -= 1


def is_direct(host: str) -> bool:
    """Say whether a `Host` is an address, or a name that the public DNS cannot hold.

    >>> is_direct("127.0.0.1:9464"), is_direct("[::1]:9464"), is_direct("bot:9464")
    (True, True, True)
    >>> is_direct("evil.example:9464")
    False
    """
    name = re.sub(r":\d+$", "", host).strip("[]")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name
    return True


def _head(answer: Answer) -> bytes:
    return (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\n"
        f"Content-Type: {answer.kind}\r\nContent-Length: {len(answer.body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n\r\n"
    ).encode("latin-1")


def _words(status: HTTPStatus, words: str) -> Answer:
    return Answer(status, JSON, json.dumps({"error": words}).encode() + b"\n")
