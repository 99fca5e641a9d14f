"""What the gateway does about clients that mean no good, and what the others feel of it."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import struct
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from tapes import random_tape

from ikbr.data.memory_source import MemorySource
from ikbr.domain.errors import DataError, StateError
from ikbr.domain.tape import Tape
from ikbr.gateway import server as module
from ikbr.gateway.faults.fault import read_fault
from ikbr.gateway.framing import LONGEST_REQUEST, FrameReader
from ikbr.gateway.looped import LoopedSource
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.runner import MAX
from ikbr.gateway.server import LOCALHOST, GatewayServer
from ikbr.gateway.session import LARGEST_OUTPUT, Session
from ikbr.gateway.world import World

HELLO = b"API\0" + struct.pack(">I", 9) + b"v157..178"


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30))


@asynccontextmanager
async def a_gateway(speed: float = 0.0, **options: Any) -> AsyncIterator[GatewayServer]:
    tape, days = random_tape(5, 2000, 3)
    source = MemorySource(tape, days, synthetic=True)
    server = GatewayServer(World(source, GatewayOptions(**options)), speed=speed)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class Raw:
    """A client of plain bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, server: GatewayServer, client_id: int | None = None) -> Raw:
        self = cls(*await asyncio.open_connection(LOCALHOST, server.port))
        if client_id is not None:
            self.writer.write(HELLO)
            await self.reader.readexactly(4)
            self.send(f"71\x002\x00{client_id}\0\0".encode())
        return self

    def send(self, payload: bytes) -> None:
        self.writer.write(struct.pack(">I", len(payload)) + payload)

    async def served(self) -> bool:
        """Ask for the time; say whether it is answered."""
        self.send(b"49\x001\0")
        try:
            async with asyncio.timeout(2):
                while data := await self.reader.read(1 << 16):
                    if b"49\x001\0" in data:
                        return True
        except (ConnectionError, TimeoutError):
            pass
        return False

    async def ended(self) -> bool:
        """Say whether the gateway has ended the connection."""
        try:
            async with asyncio.timeout(3):
                while await self.reader.read(1 << 16):
                    pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


def noise(seed: int) -> bytes:
    return random.Random(seed).randbytes(4000)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00" * 100,
        HELLO + b"\xff\xff\xff\xff" + b"x" * 100,
        HELLO + b"\0\0\0\0",
        HELLO + struct.pack(">I", 3) + b"abc",
        HELLO + struct.pack(">I", 4) + b"49\0\xff",
        noise(1),
        HELLO + noise(2),
        b"API\0" + noise(3),
    ],
    ids=["http", "tls", "huge", "empty", "text", "no-utf8", "noise", "noise-later", "noise-hello"],
)
def test_garbage_drops_its_sender_with_a_line_in_the_log_and_nobody_else(
    data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with a_gateway() as server:
            good, bad = await Raw.open(server, 1), await Raw.open(server)
            bad.writer.write(data)
            assert await bad.ended()
            assert await good.served()
            await bad.close()
            await good.close()

    with caplog.at_level(logging.WARNING):
        run(test)
    assert "is dropped" in caplog.text


def test_random_requests_never_break_the_gateway() -> None:
    async def test() -> None:
        rng = random.Random(7)
        async with a_gateway() as server:
            server.world.step(200)
            good = await Raw.open(server, 1)
            for client_id in range(2, 30):
                bad = await Raw.open(server, client_id)
                for _ in range(40):
                    words = ["", "0", "1", "SPY", "STK", "1e9", "-5", "x"]
                    fields = rng.choices(words, k=rng.randrange(0, 120))
                    fields.insert(0, str(rng.randrange(1, 108)))
                    bad.send(("\0".join(fields) + "\0").encode())
                await bad.writer.drain()
                await asyncio.sleep(0)
                await bad.close()
            assert await good.served()
            await good.close()

    run(test)


def test_one_client_too_many_is_refused_and_the_others_are_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test() -> None:
        async with a_gateway() as server:
            clients = [await Raw.open(server, n) for n in range(32)]
            extra = await Raw.open(server)
            assert await extra.ended()
            for client in clients:
                assert await client.served()
            await clients[0].close()
            await asyncio.sleep(0.05)
            again = await Raw.open(server, 0)
            assert await again.served()
            for client in (*clients[1:], again, extra):
                await client.close()

    with caplog.at_level(logging.WARNING):
        run(test)
    assert "32 clients are connected" in caplog.text


def test_half_a_message_holds_nobody_up_and_takes_no_more_than_a_message() -> None:
    async def test() -> None:
        async with a_gateway() as server:
            good, bad = await Raw.open(server, 1), await Raw.open(server, 2)
            assert await bad.served()
            bad.writer.write(struct.pack(">I", LONGEST_REQUEST) + b"x" * (LONGEST_REQUEST - 1))
            await bad.writer.drain()
            assert await good.served()
            await bad.close()
            again = await Raw.open(server, 2)
            assert await again.served()
            await again.close()
            await good.close()

    run(test)


def test_a_slow_reader_hears_everything_at_the_highest_speed() -> None:
    subscribe = "1\x0011\x007\x000\0{}\0STK\0\x000\0\0\0SMART\0\0USD\0\0\x000\0\x000\x000\0\0"

    async def test() -> None:
        async with a_gateway(speed=MAX) as server:
            symbol = server.world.contracts.instruments[0].symbol
            reader, writer = await asyncio.open_connection(LOCALHOST, server.port, limit=1 << 12)
            slow = Raw(reader, writer)
            writer.write(HELLO)
            slow.send(b"71\x002\x003\0\0")
            slow.send(subscribe.format(symbol).encode())
            frames, found = FrameReader(longest=1 << 24), 0
            async with asyncio.timeout(20):
                while not (server.world.ended and found) or reader._buffer:  # type: ignore[attr-defined]
                    found += len(frames.feed(await reader.read(1 << 10)))
                    await asyncio.sleep(0.001)
            assert found > 500
            assert 3 in server.world.links
            await slow.close()

    run(test)


def test_whoever_says_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GREETING_S", 0.1)

    async def test() -> None:
        async with a_gateway() as server:
            silent = await Raw.open(server)
            silent.writer.write(HELLO)
            assert await silent.ended()
            await silent.close()

    run(test)


def test_a_client_that_never_reads_is_dropped_and_memory_stays_bounded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test() -> None:
        async with a_gateway() as server:
            good, bad = await Raw.open(server, 1), await Raw.open(server, 2)
            assert await good.served()
            assert await bad.served()
            bad.writer.transport.pause_reading()  # type: ignore[attr-defined]
            session = server.world.links[2]
            assert isinstance(session, Session)
            for _ in range(200):
                session.send_raw(b"x" * (1 << 20))
                server.flush()
                assert session.waiting <= LARGEST_OUTPUT
                await asyncio.sleep(0)
            assert 2 not in server.world.links
            assert await good.served()
            await good.close()
            await bad.close()

    with caplog.at_level(logging.WARNING):
        run(test)
    assert "does not read" in caplog.text


def test_at_the_highest_speed_the_market_waits_for_slow_clients_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 1.0)

    async def test() -> None:
        async with a_gateway(speed=MAX) as server:
            bad = await Raw.open(server)
            bad.writer.transport.pause_reading()  # type: ignore[attr-defined]
            bad.writer.write(HELLO)
            bad.send(b"71\x002\x002\0\0")
            while 2 not in server.world.links:
                await asyncio.sleep(0)
            session = server.world.links[2]
            assert isinstance(session, Session)
            session.send_raw(b"x" * (20 << 20))
            server.flush()
            played = server.world.player.played
            assert played < 2000
            await asyncio.sleep(0.1)
            assert server.world.player.played == played
            await server.finished()
            assert 2 not in server.world.links
            await bad.close()

    with caplog.at_level(logging.WARNING):
        run(test)
    assert "has read nothing" in caplog.text


def test_the_control_port_moves_the_market_and_answers_in_lines() -> None:
    async def test() -> None:
        async with a_gateway() as server:
            reader, writer = await asyncio.open_connection(LOCALHOST, server.control_port)

            async def ask(line: bytes) -> dict[str, Any]:
                writer.write(line + b"\n")
                found: dict[str, Any] = json.loads(await reader.readline())
                return found

            assert (await ask(b'{"do": "status"}'))["played"] == 0
            assert (await ask(b'{"do": "step", "rows": 5}'))["rows"] == 5
            before = (await ask(b'{"do": "status"}'))["now_ns"]
            after = (await ask(b'{"do": "advance", "seconds": 60}'))["now_ns"]
            assert after == before + 60 * 10**9
            for line in (b"x", b"{}", b'{"do": "dance"}', b'{"do": "step", "rows": 0}',
                         b'{"do": "speed", "speed": -2}', b'{"do": "status", "x": 1}'):  # fmt: skip
                answer = await ask(line)
                assert answer["ok"] is False
                assert answer["error"]
            assert (await ask(b'{"do": "speed", "speed": -1}'))["speed"] == -1
            client = await Raw.open(server, 1)
            await server.finished()
            assert (await ask(b'{"do": "status"}'))["ended"] is True
            await client.close()
            writer.close()
            await writer.wait_closed()

    run(test)


def test_a_looped_tape_goes_on_with_the_same_weekdays() -> None:
    tape, days = random_tape(5, 300, 2)
    looped = LoopedSource(MemorySource(tape, days, synthetic=True), rounds=3)
    assert [day.date.weekday() for day in looped.sessions] == [d.date.weekday() for d in days] * 3
    world = World(looped, GatewayOptions())
    assert world.step(10_000) == 900
    assert looped.synthetic
    moments = [int(ts) for chunk in looped.chunks() for ts in chunk.ts]
    assert moments == sorted(moments)


def test_what_stops_the_market_is_told_and_does_not_go_unnoticed() -> None:
    class Broken(MemorySource):
        def chunks(self) -> Iterator[Tape]:
            (tape,) = super().chunks()
            yield tape.rows(0, 100)
            raise DataError("the disk is gone.")

    async def test() -> None:
        tape, days = random_tape(5, 300, 2)
        server = GatewayServer(World(Broken(tape, days)), speed=MAX)
        await server.start()
        client = await Raw.open(server, 1)
        with pytest.raises(DataError, match="the disk is gone"):
            await server.serve(asyncio.Event())
        await client.close()
        await server.stop()

    run(test)


def test_a_gateway_that_restarts_refuses_connections_and_comes_back_at_its_port() -> None:
    async def test() -> None:
        async with a_gateway() as server:
            reader, writer = await asyncio.open_connection(LOCALHOST, server.control_port)

            async def ask(line: bytes) -> dict[str, Any]:
                writer.write(line + b"\n")
                found: dict[str, Any] = json.loads(await reader.readline())
                return found

            async def refused() -> bool:
                try:
                    other = await Raw.open(server)
                except ConnectionError:
                    return True
                await other.close()
                return False

            client, mute = await Raw.open(server, 1), await Raw.open(server)
            assert await client.served()
            answer = await ask(b'{"do": "fault", "what": "restart", "seconds": 5}')
            assert answer["faults"] == {"waiting": 0, "fired": 1}
            assert await client.ended()
            assert await mute.ended()
            async with asyncio.timeout(5):
                while not await refused():
                    await asyncio.sleep(0.01)
            await ask(b'{"do": "advance", "seconds": 5}')
            async with asyncio.timeout(5):
                while await refused():
                    await asyncio.sleep(0.01)
            again = await Raw.open(server, 1)
            assert await again.served()
            wrong = await ask(b'{"do": "fault", "what": "restrt"}')
            assert wrong == {
                "ok": False,
                "error": "fault: what = 'restrt' is unknown; did you mean 'restart'?",
            }
            for one in (client, mute, again):
                await one.close()
            writer.close()
            await writer.wait_closed()

    run(test)


def test_behind_a_proxy_a_gateway_that_restarts_takes_connections_and_closes_them() -> None:
    async def test() -> None:
        async with a_gateway() as server:
            fault = {"what": "restart", "seconds": 5, "accepts": True}
            server.world.faults.add(read_fault(fault))
            for _ in range(2):
                client = Raw(*await asyncio.open_connection(LOCALHOST, server.port))
                assert await client.ended()
                await client.close()
                await asyncio.sleep(0.02)
            server.world.advance_to(server.world.now_ns + 5 * 10**9)
            client = await Raw.open(server, 1)
            assert await client.served()
            await client.close()

    run(test)


def test_a_state_that_cannot_be_written_ends_the_gateway_before_anybody_is_told() -> None:
    def full() -> None:
        raise StateError("the disk is full.")

    async def test() -> None:
        async with a_gateway() as server:
            client = await Raw.open(server, 1)
            assert await client.served()
            server.world.on_settled = full
            client.send(b"49\x001\0")
            with pytest.raises(StateError, match="the disk is full"):
                await server.serve(asyncio.Event())
            await server.stop()
            assert await client.reader.read() == b""
            await client.close()

    run(test)
