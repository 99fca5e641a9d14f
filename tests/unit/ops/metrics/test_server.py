"""The pages of the exporter, and those who ask for them too slowly, too often or from elsewhere."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
import pytest

from ikbr.domain.vitals import Vitals
from ikbr.ops.metrics import server as server_file
from ikbr.ops.metrics.health import SILENT_S
from ikbr.ops.metrics.server import AT_ONCE, MetricsServer


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def page(server: MetricsServer, path: str, host: str = "127.0.0.1:9464") -> tuple[int, bytes]:
    answer = server.answer(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return answer.status, answer.body


def said(server: MetricsServer, path: str) -> tuple[int, list[str]]:
    status, body = page(server, path)
    return status, json.loads(body)["why"]


def test_a_bot_that_trades_is_healthy_and_ready(vitals: Vitals) -> None:
    server = MetricsServer(Clock())
    server.take(vitals)
    assert said(server, "/healthz") == (200, [])
    assert said(server, "/readyz") == (200, [])
    assert json.loads(page(server, "/readyz")[1])["holds"] == ["pace"]


def test_before_the_first_word_nothing_is_well() -> None:
    server = MetricsServer(Clock())
    for path in ("/healthz", "/readyz"):
        assert said(server, path) == (503, ["the bot has told nothing yet"])


def test_a_bot_that_does_not_trade_says_why_and_is_alive(vitals: Vitals) -> None:
    server = MetricsServer(Clock())
    why = ["link down: refused", "kill: stopped by hand: lunch"]
    server.take(msgspec.structs.replace(vitals, not_ready=why))
    assert said(server, "/healthz") == (200, [])
    assert said(server, "/readyz") == (503, why)


def test_an_event_loop_that_does_not_turn_is_neither_healthy_nor_ready(vitals: Vitals) -> None:
    clock = Clock()
    server = MetricsServer(clock)
    server.take(vitals)
    clock.now_s += SILENT_S + 1
    for path in ("/healthz", "/readyz"):
        assert said(server, path) == (503, ["the event loop has not turned for 16 s"])
    server.take(vitals)
    assert said(server, "/readyz") == (200, [])


def test_metrics_are_rendered_once_for_all_who_ask(vitals: Vitals) -> None:
    server = MetricsServer(Clock())
    server.take(vitals)
    assert len({page(server, "/metrics") for _ in range(50)}) == 1
    assert server.rendered == 1
    server.take(vitals)
    assert b"ikbr_equity" in page(server, "/metrics?x=1")[1]
    assert server.rendered == 2


REFUSED = [
    (b"\x16\x03\x01\r\n\r\n", HTTPStatus.BAD_REQUEST),
    (b"GET /metrics\r\n\r\n", HTTPStatus.BAD_REQUEST),
    (b"POST /metrics HTTP/1.1\r\nHost: bot\r\n\r\n", HTTPStatus.METHOD_NOT_ALLOWED),
    (b"GET / HTTP/1.1\r\nHost: bot\r\n\r\n", HTTPStatus.NOT_FOUND),
    (b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", HTTPStatus.FORBIDDEN),
    (b"GET /metrics HTTP/1.1\r\nhOsT:evil.example:9464 \r\n\r\n", HTTPStatus.FORBIDDEN),
]


@pytest.mark.parametrize(("request_", "status"), REFUSED)
def test_what_is_no_request_for_a_page_is_refused(request_: bytes, status: HTTPStatus) -> None:
    assert MetricsServer(Clock()).answer(request_).status == status


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]:9464", "localhost:1", "bot", "10.0.0.3:9464"])
def test_addresses_and_names_of_a_container_network_are_served(host: str) -> None:
    assert page(MetricsServer(Clock()), "/metrics", host)[0] == 200


# --- over a socket ----------------------------------------------------------------------------


def over_a_socket(vitals: Vitals, test: Callable[[int], Awaitable[None]]) -> None:
    async def run() -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        server = MetricsServer(asyncio.get_running_loop().time)
        server.take(vitals)
        serving = await server.serve(listening)
        try:
            await test(listening.getsockname()[1])
        finally:
            serving.close()

    asyncio.run(run())


async def asked(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_a_page_comes_whole_and_the_connection_ends(vitals: Vitals) -> None:
    async def test(port: int) -> None:
        answer = await asked(port, GET.replace(b"/healthz", b"/metrics"))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert f"Content-Length: {len(body)}".encode() in head

    over_a_socket(vitals, test)


def test_who_is_slow_or_says_too_much_is_dropped_and_others_are_served(
    vitals: Vitals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_file, "PATIENCE_S", 0.3)

    async def test(port: int) -> None:
        slow = [asyncio.create_task(asked(port, b"GET /metrics HTT")) for _ in range(10)]
        flood = asyncio.create_task(asked(port, b"x" * 100_000))
        await asyncio.sleep(0.05)
        assert b"200 OK" in await asked(port, GET)
        assert await asyncio.gather(*slow, flood) == [b""] * 11
        assert b"200 OK" in await asked(port, GET)

    over_a_socket(vitals, test)


def test_too_many_at_once_are_dropped_and_the_next_is_served(
    vitals: Vitals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_file, "PATIENCE_S", 0.5)

    async def test(port: int) -> None:
        slow = [asyncio.create_task(asked(port, b"GET")) for _ in range(AT_ONCE)]
        await asyncio.sleep(0.1)
        assert await asked(port, GET) == b""
        await asyncio.gather(*slow)
        assert b"200 OK" in await asked(port, GET)

    over_a_socket(vitals, test)
