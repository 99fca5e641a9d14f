"""A real bot over TCP, killed at random moments: it is back soon, and nothing is lost or doubled.

`--kills N` says how often; `--kills 60` takes some minutes.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from ib_async import IB

from ikbr.journal.replay import State, replay
from ikbr.live.supervisor import Patience, Supervisor, ikbr_command

READY_WITHIN_S = 10.0
SYMBOL = "KO"
CLIENT_ID = 1
STARTS = Patience(restarts=10_000, first_s=0.05, most_s=0.1)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[int]:
    """Start a gateway, and give its port."""
    words = ("gateway", "sim", "--port", "0", "--control-port", "0", "--symbols", SYMBOL,
             "--speed", "120", "--seed", "7")  # fmt: skip
    out = tmp_path / "gateway.txt"
    with out.open("w") as file:
        process = subprocess.Popen(ikbr_command(words), stdout=file, stderr=file)
    try:
        for _ in range(600):
            found = re.search(r"gateway on 127\.0\.0\.1:(\d+)", out.read_text())
            if found is not None:
                break
            assert process.poll() is None, out.read_text()
            time.sleep(0.05)
        assert found is not None
        yield int(found[1])
    finally:
        process.terminate()
        process.wait(10)


class Rig:
    """A bot under a supervisor that is killed again and again."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        words = ("paper", "--port", str(port), "--symbols", SYMBOL, "--no-view",
                 "--param", "lookback=20,threshold=0.0001",
                 "--set", "risk.min_order_interval_s=0")  # fmt: skip
        self.ready: list[float] = []
        self.began = 0.0
        self.supervisor = Supervisor(
            ikbr_command(words), say=self._said, draw=lambda: 0.5, patience=STARTS
        )

    def _said(self, words: str) -> None:
        if words == "the bot trades.":
            self.ready.append(time.monotonic() - self.began)
        elif "starts again" in words:
            self.began = time.monotonic()

    async def kill_often(self, kills: int, draw: random.Random) -> int:
        """Kill it so often, sometimes before it is ready; then end it. Gives the exit code."""
        self.began = time.monotonic()
        task = asyncio.create_task(self.supervisor.run())
        for _ in range(kills):
            if draw.random() < 0.75:
                before = len(self.ready)
                await self._until_ready(before + 1)
                await asyncio.sleep(draw.uniform(0.0, 1.5))
            else:
                await asyncio.sleep(draw.uniform(0.3, 3.0))
            process = self.supervisor.process
            assert process is not None
            seen = self.began
            process.kill()
            while self.began == seen:
                assert not task.done()
                await asyncio.sleep(0.005)
        await self._until_ready(len(self.ready) + 1)
        await asyncio.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)
        return await asyncio.wait_for(task, 30)

    async def _until_ready(self, count: int) -> None:
        # The first wait counts from the start of the process, as the later ones do.
        while len(self.ready) < count:
            late = time.monotonic() - self.began > 2 * READY_WITHIN_S
            assert not late, "it is never ready"
            await asyncio.sleep(0.01)


@pytest.mark.slow
def test_a_bot_that_is_killed_at_any_moment_is_back_soon_and_nothing_is_lost_or_doubled(
    gateway: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    kills = request.config.getoption("--kills")
    folder = tmp_path / "bot"
    folder.mkdir()
    monkeypatch.chdir(folder)
    rig = Rig(folder, gateway)
    code = asyncio.run(rig.kill_often(kills, random.Random(5)))
    assert code == 0
    assert rig.ready
    assert max(rig.ready) <= READY_WITHIN_S
    state = replay(folder / "journals" / f"paper-DU1000001-{CLIENT_ID}")
    assert state.stop is not None
    asyncio.run(compare(gateway, state))
    print(f"{kills} kills, ready after {[round(s, 2) for s in rig.ready]} s", file=sys.stderr)


async def compare(port: int, state: State) -> None:
    """Hold our journal against what the gateway says."""
    ib = IB()
    await ib.connectAsync("127.0.0.1", port, clientId=CLIENT_ID)
    try:
        executions = [fill.execution for fill in await ib.reqExecutionsAsync()]
        theirs = {
            p.contract.symbol: int(p.position) for p in await ib.reqPositionsAsync() if p.position
        }
        still_open = await ib.reqOpenOrdersAsync()
    finally:
        ib.disconnect()
    ours = {s: p.quantity for s, p in state.portfolio.positions.items() if p.quantity}
    assert ours == theirs
    assert state.risk is None or state.risk.blocked == {}
    assert [t.order.orderRef for t in still_open] == [
        f"ikbr:{o.order_id}:{o.strategy}" for o in state.open_orders.values()
    ]
    # One order at the broker for an intent, and never more of it than was meant.
    broker_orders: dict[str, set[int]] = {}
    filled: Counter[str] = Counter()
    for one in executions:
        broker_orders.setdefault(one.orderRef, set()).add(one.permId)
        filled[one.orderRef] += int(one.shares)
    assert {ref: len(ids) for ref, ids in broker_orders.items() if len(ids) > 1} == {}
    booked: Counter[str] = Counter()
    for fill in state.fills.values():
        booked[f"ikbr:{fill.order_id}:{fill.strategy}"] += fill.quantity
    assert executions
    assert {ref: booked[ref] for ref in filled} == dict(filled)
