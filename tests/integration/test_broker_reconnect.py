"""An order that was on its way when the link broke is found again, or found never to have been."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from ib_async import IB

from ikbr.broker.connection import Connection, ConnectionSettings, LinkState
from ikbr.broker.contracts import ContractTable
from ikbr.broker.ib_broker import IBBroker
from ikbr.core.order_manager import OrderManager
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import NAN, Order, OrderRequest, OrderType, Side
from ikbr.domain.tape import NO_PRICE, Tape
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.runner import STEP
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.world import World
from ikbr.journal.memory_journal import MemoryJournal

START = 1_772_461_800_000_000_000
LOCAL = "127.0.0.1"
SPY = parse_contract("SPY")


class Line:
    """A wire between the client and the gateway; either direction can be cut."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.out = self.back = True
        self.writers: list[asyncio.StreamWriter] = []

    async def start(self) -> int:
        self.server = await asyncio.start_server(self.serve, LOCAL, 0)
        return int(self.server.sockets[0].getsockname()[1])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, far = await asyncio.open_connection(LOCAL, self.target)
        self.writers += [writer, far]
        await asyncio.gather(
            self.carry(reader, far, lambda: self.out), self.carry(there, writer, lambda: self.back)
        )

    @staticmethod
    async def carry(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, whole: Callable[[], bool]
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if whole():
                    writer.write(data)
        writer.close()

    async def stop(self) -> None:
        self.server.close()
        for writer in self.writers:
            writer.close()
        await asyncio.sleep(0.02)


class Bot:
    """An order manager over our broker, over a connection that keeps itself alive."""

    def __init__(self, world: World, port: int) -> None:
        self.ib = IB()
        settings = ConnectionSettings(
            port=port, timeout_s=1.0, heartbeat_s=0.05, retry_first_s=0.02, retry_most_s=0.05
        )
        self.connection = Connection(
            self.ib, settings, draw=lambda: 1.0, wall_s=lambda: START / 1e9
        )
        self.connection.on_ready = self.on_ready
        self.faults: list[Exception] = []
        self.broker = IBBroker(
            self.ib, world.clock, ContractTable([SPY]), on_fault=self.faults.append
        )
        self.orders = OrderManager(self.broker, world.clock, MemoryJournal())

    async def on_ready(self) -> None:
        self.orders.next_id = max(self.orders.next_id, self.broker.start())

    def send(self, kind: str = "MKT", **more: Any) -> Order:
        request = OrderRequest("SPY", Side.BUY, 100, OrderType(kind), **more)
        return self.orders.submit(request, SPY, "m", NAN, NAN)

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(500):
            if condition():
                assert self.faults == []
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it did not happen in five seconds")

    async def ready(self) -> None:
        await self.until(lambda: self.connection.state is LinkState.READY)


def make_world() -> World:
    ones = np.ones(5, np.int32)
    tape = Tape(
        (SPY,),
        START + 1_000_000_000 * np.arange(5, dtype=np.int64),
        np.zeros(5, np.int16),
        np.zeros(5, np.uint8),
        5_000_000 * ones,
        5_000_100 * ones,
        NO_PRICE * ones,
        500 * ones,
        500 * ones,
        np.zeros(5, np.int64),
    )
    return World(MemorySource(tape, []), GatewayOptions(accounts={"DU1": 1_000_000.0}))


Scene = Callable[[Bot, Line, World], Any]


def play(scene: Scene) -> None:
    """Play a scene between a bot and a gateway whose market has begun."""

    async def main() -> None:
        world = make_world()
        world.step(2)
        server = GatewayServer(world, speed=STEP)
        await server.start(control_port=None)
        line = Line(server.port)
        bot = Bot(world, await line.start())
        task = asyncio.create_task(bot.connection.run())
        try:
            await bot.ready()
            await scene(bot, line, world)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await line.stop()
            await server.stop()
            await asyncio.sleep(0.02)

    asyncio.run(main())


async def break_and_mend(bot: Bot, line: Line) -> None:
    """Wait until the bot has noticed that the line is cut, then mend it."""
    await bot.until(lambda: bot.connection.state is LinkState.DOWN)
    line.out = line.back = True
    await bot.ready()


def test_an_order_that_never_arrived_is_found_not_to_exist() -> None:
    async def scene(bot: Bot, line: Line, _world: World) -> None:
        line.out = False
        order = bot.send()
        await bot.until(lambda: order.state is OrderState.UNKNOWN)
        await break_and_mend(bot, line)
        await bot.until(lambda: order.is_done)
        assert (order.state, order.filled) == (OrderState.REJECTED, 0)
        # The next one goes through.
        order = bot.send()
        await bot.until(lambda: order.is_done)
        assert order.state is OrderState.FILLED

    play(scene)


def test_an_order_that_filled_unheard_is_found_filled_once() -> None:
    async def scene(bot: Bot, line: Line, world: World) -> None:
        line.back = False
        order = bot.send()
        await bot.until(lambda: order.state is OrderState.UNKNOWN)
        await break_and_mend(bot, line)
        await bot.until(lambda: order.is_done)
        assert (order.state, order.filled, order.average_price) == (
            OrderState.FILLED,
            100,
            500.01,
        )
        assert bot.orders.anomalies == {}
        assert world.books["DU1"].quantity(0) == 100

    play(scene)


def test_an_order_that_rests_unheard_is_found_at_work_and_can_be_cancelled() -> None:
    async def scene(bot: Bot, line: Line, _world: World) -> None:
        line.back = False
        order = bot.send("LMT", limit_price=400.0)
        await bot.until(lambda: order.state is OrderState.UNKNOWN)
        await break_and_mend(bot, line)
        await bot.until(lambda: order.state is OrderState.SUBMITTED)
        bot.orders.cancel(order.order_id)
        await bot.until(lambda: order.is_done)
        assert order.state is OrderState.CANCELLED

    play(scene)


@pytest.mark.parametrize("arrives", [True, False])
def test_a_cancellation_on_its_way_is_settled(arrives: bool) -> None:
    async def scene(bot: Bot, line: Line, _world: World) -> None:
        order = bot.send("LMT", limit_price=400.0)
        await bot.until(lambda: order.state is OrderState.SUBMITTED)
        line.out, line.back = arrives, False
        bot.orders.cancel(order.order_id)
        await break_and_mend(bot, line)
        if arrives:
            await bot.until(lambda: order.state is OrderState.CANCELLED)
        else:
            await bot.until(lambda: order.state is OrderState.SUBMITTED)
            assert not order.cancel_requested

    play(scene)


@pytest.mark.parametrize("arrives", [True, False])
def test_a_change_on_its_way_is_settled(arrives: bool) -> None:
    async def scene(bot: Bot, line: Line, _world: World) -> None:
        order = bot.send("LMT", limit_price=400.0)
        await bot.until(lambda: order.state is OrderState.SUBMITTED)
        line.out, line.back = arrives, False
        bot.orders.modify(order.order_id, limit_price=401.0)
        await break_and_mend(bot, line)
        await bot.until(lambda: order.state is OrderState.SUBMITTED)
        await bot.until(lambda: bot.broker.follower.lines[order.order_id].changing is None)
        assert order.request.limit_price == (401.0 if arrives else 400.0)

    play(scene)
