"""A connection comes up by itself, knows when it is none, and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
import pytest
from ib_async import IB

from ikbr.broker.connection import Connection, ConnectionSettings, LinkState
from ikbr.broker.farms import FarmState
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import ConfigError
from ikbr.domain.tape import Tape
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.runner import STEP
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.world import World

START = 1_772_461_800_000_000_000
LOCAL = "127.0.0.1"


def make_world(account: str = "DU1") -> World:
    ones = np.ones(3, np.int32)
    tape = Tape(
        (parse_contract("SPY"),),
        START + 1_000_000_000 * np.arange(3, dtype=np.int64),
        np.zeros(3, np.int16),
        np.zeros(3, np.uint8),
        5_000_000 * ones,
        5_000_100 * ones,
        5_000_000 * ones,
        ones,
        ones,
        np.zeros(3, np.int64),
    )
    return World(MemorySource(tape, []), GatewayOptions(accounts={account: 1_000_000.0}))


class Line:
    """A wire between the client and the gateway that can be held still."""

    def __init__(self) -> None:
        self.frozen = False
        self.port = 0
        self.target = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self.server = await asyncio.start_server(self.serve, LOCAL, 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            there, back = await asyncio.open_connection(LOCAL, self.target)
        except OSError:
            writer.close()
            return
        self.writers.append(back)
        await asyncio.gather(self.carry(reader, back), self.carry(there, writer))

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if not self.frozen:
                    writer.write(data)
            writer.close()

    async def stop(self) -> None:
        self.server.close()
        for writer in self.writers:
            writer.close()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def running(connection: Connection) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(connection.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, ConfigError):
            await task
        await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(world: World, port: int = 0) -> AsyncIterator[GatewayServer]:
    server = GatewayServer(world, speed=STEP)
    await server.start(port, control_port=None)
    try:
        yield server
    finally:
        await server.stop()
        await asyncio.sleep(0.02)


def connection_to(port: int, **more: Any) -> Connection:
    settings = ConnectionSettings(
        port=port,
        **{
            "timeout_s": 0.5,
            "heartbeat_s": 0.05,
            "retry_first_s": 0.02,
            "retry_most_s": 0.05,
            **more,
        },
    )
    return Connection(IB(), settings, draw=lambda: 1.0, wall_s=lambda: START / 1e9 - 7)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen in four seconds")


def ready(connection: Connection) -> Callable[[], bool]:
    return lambda: connection.state is LinkState.READY


def test_a_connection_waits_for_its_gateway_and_then_knows_it() -> None:
    async def main() -> None:
        world = make_world()
        async with serving(world) as first:
            port = first.port
        connection = connection_to(port)
        seen: list[LinkState] = []
        connection.on_state = seen.append
        async with running(connection):
            await until(lambda: connection.attempts >= 3)
            assert "no connection with 127.0.0.1" in connection.why
            async with serving(world, port):
                await until(ready(connection))
                assert connection.account == "DU1"
                assert connection.farms.states["usfarm"] is FarmState.THERE
                assert 6 <= connection.skew_s <= 8
                assert connection.why == ""
        assert seen == [LinkState.READY, LinkState.DOWN, LinkState.STOPPED]

    asyncio.run(main())


def test_a_gateway_that_goes_and_comes_is_found_again_and_asked_again() -> None:
    async def main() -> None:
        world, requests, reconciled = make_world(), [], []

        async def reconcile() -> None:
            reconciled.append(connection.state)

        async with serving(world) as first:
            connection = connection_to(first.port)
            connection.on_ready = reconcile
            connection.subscribe("SPY", lambda: requests.append("SPY"))
            connection.subscribe("KO", lambda: requests.append("KO"))
            connection.unsubscribe("KO")
            assert requests == []
            task = running(connection)
            await task.__aenter__()
            await until(ready(connection))
            assert requests == ["SPY"]
        await until(lambda: connection.state is LinkState.DOWN)
        async with serving(world, first.port):
            await until(ready(connection))
            assert requests == ["SPY", "SPY"]
            connection.subscribe("IBM", lambda: requests.append("IBM"))
            assert requests[-1] == "IBM"
            await task.__aexit__(None, None, None)
        assert reconciled == [LinkState.DOWN, LinkState.DOWN]
        assert connection.state is LinkState.STOPPED

    asyncio.run(main())


def test_a_gateway_that_hangs_is_left_and_found_again() -> None:
    async def main() -> None:
        line = Line()
        await line.start()
        async with serving(make_world()) as server:
            line.target = server.port
            connection = connection_to(line.port)
            async with running(connection):
                await until(ready(connection))
                line.frozen = True
                assert connection.ib.isConnected()
                await until(lambda: connection.state is LinkState.DOWN)
                assert "has not answered 2 times in a row" in connection.why
                line.frozen = False
                await until(ready(connection))
        await line.stop()

    asyncio.run(main())


def test_a_cancellation_that_a_library_swallows_still_ends_it() -> None:
    async def main() -> None:
        connection = connection_to(1)

        async def swallow(*_args: Any, **_kwargs: Any) -> None:
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                raise TimeoutError from None

        connection.ib.connectAsync = swallow  # type: ignore[method-assign,assignment]
        task = asyncio.create_task(connection.run())
        await asyncio.sleep(0.01)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=1)
        assert done == {task}
        assert task.cancelled()
        assert connection.state is LinkState.STOPPED

    asyncio.run(main())


@pytest.mark.slow
def test_after_a_success_waiting_begins_anew() -> None:
    async def main() -> None:
        world = make_world()
        async with serving(world) as first:
            port = first.port
        connection = connection_to(port, retry_first_s=0.01, retry_most_s=60.0)
        async with running(connection):
            await until(lambda: connection.attempts >= 7)
            async with serving(world, port):
                await until(ready(connection))
            attempts = connection.attempts
            # Had it gone on waiting ever longer, three attempts would take two seconds and more.
            await asyncio.wait_for(until(lambda: connection.attempts >= attempts + 3), 1.0)

    asyncio.run(main())


@pytest.mark.slow
def test_single_misses_do_not_add_up() -> None:
    async def main() -> None:
        line = Line()
        await line.start()
        async with serving(make_world()) as server:
            line.target = server.port
            connection = connection_to(line.port, heartbeat_s=0.2)
            async with running(connection):
                await until(ready(connection))
                for _ in range(2):
                    line.frozen = True
                    # Long enough for one heartbeat to be lost, too short for a second one.
                    await asyncio.sleep(0.25)
                    line.frozen = False
                    await asyncio.sleep(0.8)
                assert (connection.state, connection.attempts) == (LinkState.READY, 1)
        await line.stop()

    asyncio.run(main())


def test_a_port_that_only_accepts_is_no_gateway() -> None:
    async def main() -> None:
        line = Line()
        line.frozen = True
        await line.start()
        async with serving(make_world()) as server:
            line.target = server.port
            connection = connection_to(line.port, timeout_s=0.05)
            async with running(connection):
                await until(lambda: connection.attempts >= 2)
                assert "is no gateway that is ready" in connection.why
                assert connection.state is LinkState.DOWN
        await line.stop()

    asyncio.run(main())


def test_a_client_id_in_use_is_named() -> None:
    async def main() -> None:
        async with serving(make_world()) as server:
            first = connection_to(server.port)
            second = connection_to(server.port, timeout_s=0.1)
            async with running(first):
                await until(ready(first))
                async with running(second):
                    await until(lambda: second.attempts >= 2)
                    assert second.why == "client id 1 is in use; end the other program"
                    assert first.state is LinkState.READY
            # It keeps its id, and gets in when the other one has gone.
            async with running(second):
                await until(ready(second))

    asyncio.run(main())


@pytest.mark.parametrize(
    ("account", "mode", "words"),
    [("U1", "paper", "U1 is an account with real money"), ("DU1", "live", "DU1 is a paper")],
)
def test_an_account_of_the_other_kind_ends_everything(account: str, mode: str, words: str) -> None:
    async def main() -> None:
        async with serving(make_world(account)) as server:
            connection = connection_to(server.port, mode=mode)
            with pytest.raises(ConfigError, match=words):
                await asyncio.wait_for(connection.run(), 2)
            assert connection.state is LinkState.STOPPED
            assert not connection.ib.isConnected()
            await asyncio.sleep(0.02)

    asyncio.run(main())


def test_what_fails_before_it_is_ready_is_tried_again() -> None:
    async def main() -> None:
        tried: list[int] = []

        async def reconcile() -> None:
            tried.append(1)
            if len(tried) < 3:
                raise ConnectionError("the list of orders did not come")

        async with serving(make_world()) as server:
            connection = connection_to(server.port)
            connection.on_ready = reconcile
            async with running(connection):
                await until(ready(connection))
            assert len(tried) == 3

    asyncio.run(main())


@pytest.mark.parametrize(("code", "again"), [(1101, ["SPY", "SPY"]), (1102, ["SPY"])])
def test_a_gateway_that_loses_ib_is_not_ready_until_ib_is_back(code: int, again: list[str]) -> None:
    async def main() -> None:
        requests: list[str] = []
        async with serving(make_world()) as server:
            connection = connection_to(server.port)
            connection.subscribe("SPY", lambda: requests.append("SPY"))
            async with running(connection):
                await until(ready(connection))
                connection.ib.wrapper.error(-1, 1100, "lost", "")
                assert connection.state is LinkState.CUT_OFF
                connection.ib.wrapper.error(-1, code, "back", "")
                assert connection.state is LinkState.READY
                assert requests == again
                # ib_async asks for account values again after 1102: let it be answered.
                await asyncio.sleep(0.05)

    asyncio.run(main())
