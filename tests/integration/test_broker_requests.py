"""Questions to the simulated gateway over TCP, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from ib_async import IB, Contract
from tapes import random_tape

from ikbr.broker.contract_details import describe
from ikbr.broker.contracts import to_contract
from ikbr.broker.request_errors import NoContractError, NoDataError, PacingError, RequestError
from ikbr.broker.requests import Requests
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.server import LOCALHOST, GatewayServer
from ikbr.gateway.world import World

SPY = parse_contract("SPY")
Scene = Callable[[Requests, IB], Awaitable[None]]


def play(scene: Scene, speed: float = 0.0) -> None:
    async def main() -> None:
        tape, days = random_tape(11, 400, 2)
        world = World(MemorySource(tape, days, synthetic=True), GatewayOptions())
        world.step(300)
        server = GatewayServer(world, speed=speed)
        await server.start(control_port=None)
        ib = IB()
        await ib.connectAsync(LOCALHOST, server.port, clientId=3, timeout=5)
        try:
            await scene(Requests(ib, timeout_s=3), ib)
        finally:
            ib.disconnect()
            await server.stop()
            await asyncio.sleep(0.02)

    asyncio.run(main())


def test_questions_are_answered() -> None:
    async def scene(requests: Requests, ib: IB) -> None:
        (account,) = ib.managedAccounts()
        assert (await requests.current_time()).year == 2026
        assert await requests.positions() == []
        assert await requests.open_orders() == await requests.completed_orders() == []
        values = {one.tag: one.value for one in await requests.account_values(account)}
        assert float(values["NetLiquidation"]) == 1_000_000
        first = await requests.head_timestamp(to_contract(SPY), "TRADES", regular=True)
        assert first.year == 2026
        bars = await requests.bars(
            to_contract(SPY), end="", duration="1 D", size="1 min", show="TRADES", regular=True
        )
        ticks = await requests.ticks(
            to_contract(SPY), start="20260302-14:00:00", count=9, show="BID_ASK", regular=True
        )
        assert bars
        assert len(ticks) == 9

    play(scene)


def test_a_contract_is_described() -> None:
    async def scene(requests: Requests, _ib: IB) -> None:
        found = await describe(requests, SPY)
        assert found.instrument.tick_bands == SPY.tick_bands
        assert found.con_id >= 10_000_000
        assert found.liquid[0].open_ns < found.liquid[0].close_ns
        with pytest.raises(NoContractError, match="NONE"):
            await describe(requests, parse_contract("NONE"))

    play(scene)


def test_what_is_refused_says_why() -> None:
    async def scene(requests: Requests, _ib: IB) -> None:
        def bars(show: str = "TRADES", size: str = "1 min", end: str = "") -> Awaitable[object]:
            return requests.bars(
                to_contract(SPY), end=end, duration="1 D", size=size, show=show, regular=True
            )

        with pytest.raises(NoDataError):
            await bars(end="20200101-21:00:00")
        with pytest.raises(RequestError, match="321: Error validating request: whatToShow"):
            await bars(show="RUMOURS")
        with pytest.raises(NoContractError):
            await requests.contract_details(Contract(symbol="NONE", secType="STK"))
        await bars(size="30 secs")
        with pytest.raises(PacingError, match="ask again after a pause"):
            await bars(size="30 secs")

    play(scene, speed=1e-6)
