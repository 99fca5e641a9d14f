"""What is recorded from a gateway equals the tape behind it, also over a broken connection."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ikbr.api.record import Recorded, RecordRequest, record
from ikbr.broker.connection import ConnectionSettings
from ikbr.broker.request_errors import NoLineError
from ikbr.cli.record import _moment_ns, _seconds
from ikbr.data.catalog import Catalog
from ikbr.data.synthetic import make_synthetic
from ikbr.data.tape_source import CatalogSource
from ikbr.domain.errors import UsageError
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.runner import MAX, STEP
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.world import World

SYMBOLS = ("SPY", "KO")


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What the gateway plays."""
    folder = tmp_path_factory.mktemp("behind")
    make_synthetic(folder, symbols=SYMBOLS, days=2, rows_per_day=600)
    return Catalog(folder)


def played(
    behind: Catalog, scene: Callable[[GatewayServer], Awaitable[None]], **options: Any
) -> None:
    async def main() -> None:
        days = behind.days("SPY", "quote")
        source = CatalogSource(behind, SYMBOLS, behind.sessions("SPY", days[0], days[-1]))
        server = GatewayServer(World(source, GatewayOptions(**options)), speed=MAX)
        await server.start(control_port=None)
        try:
            await scene(server)
        finally:
            await server.stop()
            await asyncio.sleep(0.02)

    asyncio.run(asyncio.wait_for(main(), 60))


def request(server: GatewayServer, into: Path, **more: Any) -> RecordRequest:
    gateway = ConnectionSettings(
        port=server.port,
        client_id=61,
        mode="data",
        timeout_s=2.0,
        heartbeat_s=0.2,
        retry_first_s=0.02,
        retry_most_s=0.05,
    )
    return RecordRequest(**{"symbols": SYMBOLS, "catalog": into, "gateway": gateway, **more})


async def recorded(wanted: RecordRequest, told: list[str] | None = None) -> Recorded:
    words: list[str] = [] if told is None else told
    found = await record(wanted, asyncio.Event(), words.append)
    assert words == []
    return found


def changes(quotes: Any) -> np.ndarray[Any, Any]:
    """Give the rows at which a quote changes."""
    names = ("ts_ns", "bid", "ask", "bid_size", "ask_size")
    state = np.stack([getattr(quotes, name).astype(np.int64) for name in names])
    changed = np.r_[True, (state[1:, 1:] != state[1:, :-1]).any(axis=0)]
    return state[:, changed]


def end_ns(behind: Catalog) -> int:
    return min(int(behind.prints(one, behind.days(one, "print")[-1]).ts_ns[-1]) for one in SYMBOLS)


def test_what_is_recorded_is_what_was_told(behind: Catalog, tmp_path: Path) -> None:
    stop = end_ns(behind)

    async def scene(server: GatewayServer) -> None:
        found = await recorded(request(server, tmp_path, until_ns=stop))
        assert (found.lost, found.kept_apart) == (0, ())

    played(behind, scene)
    got = Catalog(tmp_path)
    assert got.synthetic("SPY")
    for symbol in SYMBOLS:
        days = behind.days(symbol, "print")
        assert got.days(symbol, "print") == got.days(symbol, "quote") == days
        for day in days:
            mine, theirs = got.prints(symbol, day), behind.prints(symbol, day)
            assert len(mine) > 80
            for name in ("ts_ns", "price", "size"):
                left, right = getattr(mine, name), getattr(theirs, name)
                # The recording begins with the first turn and ends with the last.
                np.testing.assert_array_equal(
                    left, right[right.size - left.size :] if day == days[0] else right[: left.size]
                )
            assert abs(len(theirs) - len(mine)) <= 3
            seen, there = changes(got.quotes(symbol, day)), changes(behind.quotes(symbol, day))
            shared = np.isin(there[0], seen[0])
            assert shared.mean() > 0.99
            np.testing.assert_array_equal(
                seen[:, np.isin(seen[0], there[0])][:, -50:], there[:, shared][:, -50:]
            )


def test_a_connection_that_breaks_is_taken_up_again(behind: Catalog, tmp_path: Path) -> None:
    stop = end_ns(behind)

    async def scene(server: GatewayServer) -> None:
        task = asyncio.create_task(recorded(request(server, tmp_path, until_ns=stop)))
        while server.world.player.played < 200:
            await asyncio.sleep(0.005)
        (link,) = server._connections
        server.runner.set_speed(STEP, server.wall_ns())
        link.drop("the test wants it so.")
        while link in server._connections or not server.world.followers:
            await asyncio.sleep(0.005)
        server.runner.set_speed(MAX, server.wall_ns())
        await task

    played(behind, scene)
    got = Catalog(tmp_path)
    for day in behind.days("SPY", "print"):
        mine, theirs = got.prints("SPY", day), behind.prints("SPY", day)
        assert len(theirs) - len(mine) <= 5
        assert len(np.unique(mine.ts_ns)) == len(mine)


def test_more_symbols_than_lines_are_refused_before_connecting(tmp_path: Path) -> None:
    wanted = RecordRequest(
        symbols=SYMBOLS, catalog=tmp_path, gateway=ConnectionSettings(port=1), lines=1
    )
    with pytest.raises(NoLineError, match="market data of KO: all 1 market data lines are in use"):
        asyncio.run(record(wanted, asyncio.Event(), print))


def test_it_ends_when_it_is_told_to_though_there_is_no_gateway(tmp_path: Path) -> None:
    async def main() -> Recorded:
        wanted = RecordRequest(
            symbols=SYMBOLS, catalog=tmp_path, gateway=ConnectionSettings(port=1, mode="data")
        )
        ended = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, ended.set)
        return await record(wanted, ended, print)

    assert asyncio.run(asyncio.wait_for(main(), 5)).rows == 0


def test_no_permission_is_told(behind: Catalog, tmp_path: Path) -> None:
    async def scene(server: GatewayServer) -> None:
        told: list[str] = []
        ended = asyncio.Event()
        task = asyncio.create_task(record(request(server, tmp_path), ended, told.append))
        while len(told) < 2:
            await asyncio.sleep(0.01)
        ended.set()
        assert (await task).rows == 0
        assert told[0].startswith("SPY: IB says 354")

    played(behind, scene, live_data=False)


def test_the_command_ends_with_its_data_in_the_catalog(behind: Catalog, tmp_path: Path) -> None:
    async def scene(server: GatewayServer) -> None:
        words = ["record", "--symbols", "SPY", "--port", str(server.port), "--client-id", "78"]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from ikbr.cli.main import run; run()",
            *words,
            *("--catalog", str(tmp_path)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        while server.world.player.played < 200:
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        assert "rows of SPY recorded into" in out.decode()
        assert err.decode() == ""

    played(behind, scene)
    assert Catalog(tmp_path).days("SPY", "quote")


def test_times_are_read_and_nonsense_is_named() -> None:
    assert [_seconds(text) for text in ("90s", "1.5m", "6H")] == [90.0, 90.0, 21_600.0]
    assert _moment_ns("2026-03-02T16:00-05:00") == 1_772_485_200 * 10**9
    for text in ("soon", "0s", "5d"):
        with pytest.raises(UsageError, match="write it as 90s"):
            _seconds(text)
    with pytest.raises(UsageError, match="--until 'noon' is no time"):
        _moment_ns("noon")
