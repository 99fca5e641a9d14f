"""Fetched history equals the catalog behind the gateway, however often the fetch was killed."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ikbr.api.fetch import Fetched, FetchRequest, Progress, fetch
from ikbr.broker.connection import ConnectionSettings
from ikbr.broker.history_budget import HistoryBudget
from ikbr.data.catalog import Catalog
from ikbr.data.columns import PrintColumns, select
from ikbr.data.history import CatalogHistory
from ikbr.data.quality import check
from ikbr.data.synthetic import make_synthetic
from ikbr.data.tape_source import CatalogSource
from ikbr.domain.errors import BrokerError, DataError
from ikbr.domain.tape import PrintFlag
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.runner import STEP
from ikbr.gateway.server import LOCALHOST, GatewayServer
from ikbr.gateway.world import World

DAYS = 4
SECOND = 10**9


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What the gateway knows."""
    folder = tmp_path_factory.mktemp("behind")
    make_synthetic(folder, symbols=("SPY", "KO"), days=DAYS, rows_per_day=1500)
    return Catalog(folder)


def make_world(behind: Catalog, *, since: int = 0, **options: Any) -> World:
    """Play the days from one of them on; the earlier ones are in the archive alone."""
    days = behind.days("SPY", "quote")
    source = CatalogSource(behind, ("SPY", "KO"), behind.sessions("SPY", days[since], days[-1]))
    world = World(source, GatewayOptions(**options), history=CatalogHistory(behind))
    while world.step(100_000):
        pass
    return world


def request(port: int, into: Path, kind: str = "bar-minute", **more: Any) -> FetchRequest:
    gateway = ConnectionSettings(
        port=port, client_id=51, mode="data", timeout_s=2.0, retry_first_s=0.02, retry_most_s=0.05
    )
    usual = {"symbols": ["SPY", "KO"], "days": 3, "kind": kind, "catalog": into}
    return FetchRequest(**{**usual, "gateway": gateway, **more})


def played(
    behind: Catalog,
    scene: Callable[[GatewayServer], Awaitable[None]],
    *,
    speed: float = STEP,
    **options: Any,
) -> None:
    async def main() -> None:
        server = GatewayServer(make_world(behind, **options), speed=speed)
        await server.start(control_port=None)
        try:
            await scene(server)
        finally:
            await server.stop()
            await asyncio.sleep(0.02)

    asyncio.run(asyncio.wait_for(main(), 60))


def assert_same(one: Any, other: Any, *, seconds: bool = False) -> None:
    for name in one.__dataclass_fields__:
        left, right = getattr(one, name), getattr(other, name)
        if name == "ts_ns" and seconds:
            left = left // SECOND * SECOND
        np.testing.assert_array_equal(left, right, err_msg=name)


@pytest.mark.parametrize("kind", ["bar-minute", "bar-daily"])
def test_fetched_bars_are_those_of_the_catalog_behind_the_gateway(
    behind: Catalog, tmp_path: Path, kind: str
) -> None:
    async def scene(server: GatewayServer) -> None:
        found = await fetch(request(server.port, tmp_path / "c", kind))
        assert [(one.symbol, one.days, one.held, one.is_complete) for one in found] == [
            ("SPY", 3, 0, True),
            ("KO", 3, 0, True),
        ]

    played(behind, scene)
    got = Catalog(tmp_path / "c")
    assert got.symbols() == ("KO", "SPY")
    assert got.synthetic("SPY")
    assert got.source("SPY") == "simulated gateway"
    for symbol in ("SPY", "KO"):
        days = got.days(symbol, kind)
        assert days == behind.days(symbol, kind)[1:]
        for day in days:
            assert_same(behind.read(symbol, kind, day), got.read(symbol, kind, day))
    now_ns = behind.sessions("SPY", *[behind.days("SPY", kind)[-1]] * 2)[0].close_ns
    assert [f for f in check(got, now_ns=now_ns) if f.severity == "error"] == []


def test_fetched_bars_of_seconds_come_in_pieces_and_make_the_bars_of_minutes(
    behind: Catalog, tmp_path: Path
) -> None:
    async def scene(server: GatewayServer) -> None:
        wanted = request(server.port, tmp_path, "bar-second", symbols=["KO"], days=1)
        (found,) = await fetch(wanted, budget=quick_budget())
        assert found.is_complete

    played(behind, scene)
    got = Catalog(tmp_path)
    (day,) = got.days("KO", "bar-second")
    bars, minutes = got.bars("KO", "second", day), behind.bars("KO", "minute", day)
    assert int(bars.volume.sum()) == int(minutes.volume.sum())
    assert (bars.open[0], bars.close[-1]) == (minutes.open[0], minutes.close[-1])
    assert (bars.high.max(), bars.low.min()) == (minutes.high.max(), minutes.low.min())


def test_fetched_bars_of_quotes_join_bids_and_asks(behind: Catalog, tmp_path: Path) -> None:
    async def scene(server: GatewayServer) -> None:
        await fetch(request(server.port, tmp_path, "quotebar-minute", symbols=["SPY"], days=1))

    played(behind, scene)
    got = Catalog(tmp_path)
    (day,) = got.days("SPY", "quotebar-minute")
    mine, theirs = (c.quote_bars("SPY", "minute", day) for c in (got, behind))
    for name in ("ts_ns", "bid_high", "bid_close", "ask_low", "ask_close"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), err_msg=name)
    assert not mine.bid_size.any()
    assert "sizes are not known" in got.file_meta("SPY", "quotebar-minute", day).note


@pytest.mark.parametrize("kind", ["print", "quote"])
def test_fetched_ticks_are_those_of_the_catalog_behind_the_gateway(
    behind: Catalog, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ikbr.broker.history.TICKS_PER_REQUEST", 97)

    async def scene(server: GatewayServer) -> None:
        shares: list[float] = []
        told = Progress(on_part=shares.append)
        (found,) = await fetch(
            request(server.port, tmp_path, kind, symbols=["KO"], days=1),
            told,
            budget=quick_budget(),
        )
        assert (found.failure, found.days) == ("", 1)
        assert len(shares) > 5
        assert sum(shares) == pytest.approx(1.0)

    played(behind, scene)
    got = Catalog(tmp_path)
    (day,) = got.days("KO", kind)
    assert_same(told_of(behind, kind, day), got.read("KO", kind, day), seconds=True)


def test_fetched_bars_of_quotes_of_days_before_the_tape_are_those_of_the_catalog(
    behind: Catalog, tmp_path: Path
) -> None:
    async def scene(server: GatewayServer) -> None:
        wanted = request(server.port, tmp_path, "quotebar-minute", symbols=["SPY"], days=3)
        (found,) = await fetch(wanted)
        assert (found.days, list(found.empty)) == (3, [])

    played(behind, scene, since=DAYS - 1)
    got = Catalog(tmp_path)
    for day in behind.days("SPY", "quotebar-minute")[-3:]:
        mine, theirs = (c.quote_bars("SPY", "minute", day) for c in (got, behind))
        for name in ("ts_ns", "bid_high", "bid_close", "ask_low", "ask_close"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), err_msg=name)


def told_of(behind: Catalog, kind: str, day: dt.date) -> Any:
    """Give what the gateway tells of a day of the catalog."""
    held = behind.read("KO", kind, day)
    if kind == "quote":
        # The gateway tells a quote only when it has changed.
        state = np.stack([getattr(held, n) for n in ("bid", "ask", "bid_size", "ask_size")])
        held = select(kind, held, np.r_[True, (state[:, 1:] != state[:, :-1]).any(axis=0)])
    inside = behind.sessions("KO", day, day)[0]
    held = select(kind, held, held.ts_ns < inside.close_ns)
    if isinstance(held, PrintColumns):
        # IB's ticks do not say which of them are auctions.
        held = replace(held, flags=held.flags & ~np.uint8(PrintFlag.AUCTION))
    return held


@pytest.mark.parametrize("kind", ["print", "quote"])
def test_fetched_ticks_of_days_before_the_tape_are_those_of_the_catalog_too(
    behind: Catalog, tmp_path: Path, kind: str
) -> None:
    async def scene(server: GatewayServer) -> None:
        (found,) = await fetch(
            request(server.port, tmp_path, kind, symbols=["KO"], days=3), budget=quick_budget()
        )
        assert (found.failure, found.days, list(found.empty)) == ("", 3, [])

    played(behind, scene, since=DAYS - 1)
    got = Catalog(tmp_path)
    assert got.days("KO", kind) == behind.days("KO", kind)[-3:]
    for day in got.days("KO", kind):
        assert_same(told_of(behind, kind, day), got.read("KO", kind, day), seconds=True)


def quick_budget() -> HistoryBudget:
    """Keep to IB's limits on a clock that runs when it is waited for."""
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds
        await asyncio.sleep(0)

    return HistoryBudget(time_s=lambda: now[0], sleep=sleep)


def test_nothing_is_asked_twice_and_an_unfinished_day_not_at_all(
    behind: Catalog, tmp_path: Path
) -> None:
    async def scene(server: GatewayServer) -> None:
        days = behind.days("SPY", "bar-minute")
        options = {"start": days[0], "end": days[-1] + dt.timedelta(7), "symbols": ["SPY"]}
        (first,) = await fetch(request(server.port, tmp_path, **options))
        assert (first.days, first.held) == (4, 0)
        assert first.unfinished[0] == days[-1] + dt.timedelta(1)
        plans: list[int] = []
        (second,) = await fetch(
            request(server.port, tmp_path, **options), Progress(on_plan=plans.append)
        )
        assert (second.days, second.held, plans) == (0, 4, [0])
        (tmp_path / "SPY" / "bar-minute" / f"{days[1]}.parquet").unlink()
        (third,) = await fetch(request(server.port, tmp_path, **options))
        assert (third.days, third.held) == (1, 3)

    played(behind, scene)


def test_days_that_ib_has_nothing_of_are_named(behind: Catalog, tmp_path: Path) -> None:
    async def scene(server: GatewayServer) -> None:
        span = {"start": dt.date(2026, 2, 26), "end": dt.date(2026, 3, 2), "symbols": ["KO"]}
        (found,) = await fetch(request(server.port, tmp_path, **span))
        assert found.is_complete
        assert sorted(found.empty) == [dt.date(2026, 2, 26), dt.date(2026, 2, 27)]
        assert found.days == 1

    played(behind, scene)


def test_a_pacing_violation_is_waited_out(
    behind: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Our own budget is made blind to bursts, so that the gateway has to object.
    monkeypatch.setattr("ikbr.broker.history_budget.MOST_IN_BURST", 99)
    clock = [0.0]

    async def sleep(seconds: float) -> None:
        clock[0] += seconds
        await asyncio.sleep(0)

    async def main() -> None:
        server = GatewayServer(
            make_world(behind), speed=1.0, wall_ns=lambda: int(clock[0] * SECOND)
        )
        server.runner.speed = STEP
        await server.start(control_port=None)
        waits: list[tuple[str, float]] = []
        told = Progress(on_wait=lambda why, seconds: waits.append((why, seconds)))
        budget = HistoryBudget(time_s=lambda: clock[0], sleep=sleep)
        try:
            (found,) = await fetch(
                request(server.port, tmp_path, "bar-second", symbols=["KO"], days=1, parallel=1),
                told,
                budget=budget,
                sleep=sleep,
            )
        finally:
            await server.stop()
            await asyncio.sleep(0.02)
        assert found.is_complete
        assert found.days == 1
        assert waits
        assert all("pacing violation" in why for why, _ in waits)
        assert waits[0][1] == 15.0
        assert clock[0] >= 30.0

    asyncio.run(asyncio.wait_for(main(), 60))


def test_what_ib_refuses_ends_one_symbol_and_says_why(behind: Catalog, tmp_path: Path) -> None:
    async def scene(server: GatewayServer) -> None:
        with pytest.raises(BrokerError, match="contract details of AAPL: IB says 200"):
            await fetch(request(server.port, tmp_path, symbols=["SPY", "AAPL"]))
        assert not (tmp_path / "SPY").exists()
        make_synthetic(tmp_path, symbols=("KO",), days=1, rows_per_day=100)
        card = tmp_path / "KO" / "instrument.json"
        card.write_text(card.read_text().replace('"synthetic": true', '"synthetic": false'))
        with pytest.raises(DataError, match=r"KO in catalog .* holds real data"):
            await fetch(request(server.port, tmp_path))

    played(behind, scene)


def test_no_gateway_is_one_sentence(tmp_path: Path) -> None:
    async def main() -> list[Fetched]:
        gateway = ConnectionSettings(port=1, mode="data", timeout_s=0.1)
        return await fetch(request(1, tmp_path, gateway=gateway))

    with pytest.raises(BrokerError, match=r"a connection for history: no connection with .*:1 "):
        asyncio.run(main())


class Valve:
    """A wire that closes after so many answers with bars, and counts the requests."""

    def __init__(self, target: int, answers: int) -> None:
        self.target = target
        self.answers = answers
        self.asked = 0
        self.full = asyncio.Event()
        self.writers: list[asyncio.StreamWriter] = []

    async def start(self) -> int:
        self.server = await asyncio.start_server(self.serve, LOCALHOST, 0)
        return int(self.server.sockets[0].getsockname()[1])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, far = await asyncio.open_connection(LOCALHOST, self.target)
        self.writers += [writer, far]
        await asyncio.gather(self.forth(reader, far), self.back(there, writer))

    async def forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            writer.write(await reader.readexactly(4))  # the preamble
            while True:
                head = await reader.readexactly(4)
                body = await reader.readexactly(int.from_bytes(head))
                self.asked += body.startswith(b"20\0")
                if self.asked > self.answers:
                    self.full.set()
                else:
                    writer.write(head + body)
        writer.close()

    async def back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()

    async def stop(self) -> None:
        self.server.close()
        for writer in self.writers:
            writer.close()
        await asyncio.sleep(0.02)


async def run_fetch(port: int, into: Path) -> asyncio.subprocess.Process:
    words = ["data", "fetch", "--symbols", "SPY,KO", "--bars", "1 min", "--days", "3"]
    words += ["--port", str(port), "--client-id", "77", "--catalog", str(into)]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from ikbr.cli.main import run; run()",
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def test_a_fetch_that_is_killed_goes_on_where_it_was(behind: Catalog, tmp_path: Path) -> None:
    into = tmp_path / "c"

    async def scene(server: GatewayServer) -> None:
        valve = Valve(server.port, answers=4)
        process = await run_fetch(await valve.start(), into)
        await asyncio.wait_for(valve.full.wait(), 30)
        for _ in range(200):
            there = list(into.glob("*/bar-minute/[0-9]*.parquet"))
            if len(there) == 4:
                break
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        assert len(there) == 4
        before = {file: file.stat().st_mtime_ns for file in there}
        await valve.stop()
        # What a kill in the middle of writing leaves behind must not be in the way.
        shutil.copy(there[0], there[0].with_name(f".{there[0].name}.1.tmp"))

        again = Valve(server.port, answers=99)
        process = await run_fetch(await again.start(), into)
        out, err = await process.communicate()
        assert (process.returncode, again.asked) == (0, 2), err.decode()
        assert "3 days" not in err.decode()
        assert {file: file.stat().st_mtime_ns for file in there} == before
        assert sorted(line.split()[0] for line in out.decode().splitlines()[:2]) == ["KO", "SPY"]
        await again.stop()

    played(behind, scene)
    got = Catalog(into)
    for symbol in ("SPY", "KO"):
        for day in behind.days(symbol, "bar-minute")[1:]:
            assert_same(behind.bars(symbol, "minute", day), got.bars(symbol, "minute", day))
