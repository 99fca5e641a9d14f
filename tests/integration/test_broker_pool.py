"""Several connections with one gateway over TCP: each its own, none in another's way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tapes import random_tape

from ikbr.broker.connection import ConnectionSettings, LinkState
from ikbr.broker.contracts import to_contract
from ikbr.broker.pool import ConnectionPool, PoolSettings, Role
from ikbr.broker.request_errors import LinkLostError, NoLineError
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import ConfigError
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.runner import STEP
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.world import World

SPY = parse_contract("SPY")


class Floor:
    """A gateway, and pools that connect to it."""

    def __init__(self, **options: Any) -> None:
        tape, days = random_tape(11, 400, 3)
        self.world = World(MemorySource(tape, days, synthetic=True), GatewayOptions(**options))
        self.world.step(300)
        self.server = GatewayServer(self.world, speed=STEP)
        self.pools: list[ConnectionPool] = []

    def pool(self, **options: Any) -> ConnectionPool:
        base = ConnectionSettings(
            port=self.server.port,
            client_id=options.pop("client_id", 10),
            mode=options.pop("mode", "paper"),
            timeout_s=1.0,
            heartbeat_s=0.05,
            retry_first_s=0.02,
            retry_most_s=0.05,
        )
        pool = ConnectionPool(
            PoolSettings(base=base, **options), draw=lambda: 1.0, wall_s=lambda: 0.0
        )
        self.pools.append(pool)
        return pool

    def kill(self, client_id: int) -> None:
        for connection in tuple(self.server._connections):
            if connection.session.client_id == client_id:
                connection.drop("the test wants it so.")


Scene = Callable[[Floor], Awaitable[None]]


def play(scene: Scene, **options: Any) -> None:
    async def main() -> None:
        floor = Floor(**options)
        await floor.server.start(control_port=None)
        try:
            await scene(floor)
        finally:
            for pool in floor.pools:
                await pool.stop()
            await floor.server.stop()
            await asyncio.sleep(0.02)

    asyncio.run(main())


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen in four seconds")


def test_each_task_has_a_connection_and_a_client_id_of_its_own() -> None:
    async def scene(floor: Floor) -> None:
        pool = floor.pool(data=2)
        pool.start()
        pool.start()
        members = [await pool.ready(role, 3) for role in Role]
        await until(lambda: all(one.is_ready for one in pool.members))
        assert sorted(floor.world.links) == [10, 11, 12, 13]
        assert [one.connection.settings.client_id for one in pool.members] == [10, 11, 12, 13]
        assert [one.role for one in members] == list(Role)
        await pool.stop()
        await until(lambda: not floor.world.links)
        pool.start()
        await pool.ready(Role.ORDERS, 3)

    play(scene)


def test_a_connection_that_is_killed_leaves_the_others_alone_and_comes_back() -> None:
    async def scene(floor: Floor) -> None:
        pool = floor.pool(data=2)
        pool.start()
        await until(lambda: all(one.is_ready for one in pool.members))
        asked: list[tuple[str, int]] = []
        for key in ("SPY", "KO", "IBM", "SPY"):
            pool.subscribe(key, lambda ib, key=key: asked.append((key, ib.client.clientId)))
        assert asked == [("SPY", 11), ("KO", 12), ("IBM", 11), ("SPY", 11)]
        seen: list[tuple[int, LinkState]] = []
        pool.on_state = lambda member, state: seen.append(
            (member.connection.settings.client_id, state)
        )
        floor.kill(11)
        await until(lambda: len(seen) == 2)
        assert seen == [(11, LinkState.DOWN), (11, LinkState.READY)]
        assert asked[4:] == [("SPY", 11), ("IBM", 11)]
        assert sum(one.connection.attempts for one in pool.members) == 5

    play(scene)


def test_questions_go_to_the_connection_that_carries_least() -> None:
    async def scene(floor: Floor) -> None:
        pool = floor.pool(orders=0, data=0, history=2)
        pool.start()
        await until(lambda: all(one.is_ready for one in pool.members))
        first = pool.least_loaded(Role.HISTORY)
        busy = asyncio.create_task(first.connection.requests.contract_details(to_contract(SPY)))
        await asyncio.sleep(0)
        second = pool.least_loaded(Role.HISTORY)
        assert second is not first
        await busy
        floor.kill(10)
        await until(lambda: not first.is_ready)
        assert pool.least_loaded(Role.HISTORY) is second
        with pytest.raises(LinkLostError, match="the pool has none"):
            pool.least_loaded(Role.ORDERS)
        with pytest.raises(LinkLostError, match="market data of SPY"):
            pool.subscribe("SPY", lambda _ib: None)

    play(scene)


def test_lines_are_counted_for_all_connections_together() -> None:
    async def scene(floor: Floor) -> None:
        pool = floor.pool(data=2, lines=2)
        pool.start()
        await until(lambda: all(one.is_ready for one in pool.members))
        asked: list[str] = []
        cancelled: list[int] = []
        for key in ("SPY", "KO"):
            pool.subscribe(key, lambda _ib, key=key: asked.append(key))
        with pytest.raises(NoLineError, match="all 2 market data lines are in use"):
            pool.subscribe("IBM", lambda _ib: asked.append("IBM"))
        pool.unsubscribe("KO", lambda ib: cancelled.append(ib.client.clientId))
        pool.subscribe("IBM", lambda _ib: asked.append("IBM"))
        assert (asked, cancelled, pool.lines.used) == (["SPY", "KO", "IBM"], [12], 2)

    play(scene)


@pytest.mark.parametrize(("delayed", "heard"), [(False, False), (True, True)])
def test_delayed_data_flows_only_where_it_is_allowed(delayed: bool, heard: bool) -> None:
    async def scene(floor: Floor) -> None:
        pool = floor.pool(orders=0, history=0, delayed=delayed)
        member = pool.members[0]
        codes: list[int] = []
        member.connection.ib.errorEvent += lambda _id, code, *_: codes.append(code)
        pool.start()
        await pool.ready(Role.DATA, 3)
        pool.subscribe(
            "SPY",
            lambda ib: ib.client.reqMktData(5_000_000, to_contract(SPY), "", False, False, []),
        )
        await until(lambda: bool({354, 10167} & set(codes)))
        await member.connection.requests.current_time()
        assert member.types.of_line == ({5_000_000: 3} if heard else {})

    play(scene, live_data=False)


def test_data_that_is_not_live_is_told_where_live_data_is_wanted() -> None:
    async def scene(floor: Floor) -> None:
        pool = floor.pool(orders=0, history=0)
        told: list[tuple[int, str]] = []
        types = pool.members[0].types
        types.on_wrong = lambda number, words: told.append((number, words))
        wrapper: Any = pool.members[0].connection.ib.wrapper
        wrapper.marketDataType(5, 1)
        wrapper.marketDataType(6, 3)
        assert types.of_line == {5: 1, 6: 3}
        assert told == [(6, "the gateway gives delayed data where live data is asked for")]

    play(scene)


def test_a_client_id_that_another_pool_holds_is_refused_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    async def scene(floor: Floor) -> None:
        first, second = floor.pool(lock_dir=tmp_path), floor.pool(lock_dir=tmp_path, client_id=12)
        first.start()
        await first.ready(Role.ORDERS, 3)
        with pytest.raises(ConfigError, match="client_id = 12"):
            second.start()
        assert [one.task for one in second.members] == [None] * 3
        await first.stop()
        second.start()
        await second.ready(Role.HISTORY, 3)

    play(scene)


def test_what_can_never_be_ready_is_not_waited_for() -> None:
    async def scene(floor: Floor) -> None:
        pool = floor.pool(mode="live")
        pool.start()
        with pytest.raises(LinkLostError, match="a connection for data: mode = 'live', but DU1"):
            await pool.ready(Role.DATA, 30)
        assert all(one.failure for one in pool.members if one.role is Role.DATA)

    play(scene)


def test_waiting_for_a_gateway_that_is_not_there_ends() -> None:
    async def scene(floor: Floor) -> None:
        pool = floor.pool(orders=0, data=0)
        await floor.server.stop()
        pool.start()
        with pytest.raises(LinkLostError, match=r"a connection for history: no connection with"):
            await pool.ready(Role.HISTORY, 0.2)

    play(scene)
