"""ib_async's own facade over a gateway in the same process, on the market's time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import ib_async
import numpy as np
import pytest
from ib_async import IB, LimitOrder, MarketOrder, Stock

from ikbr.broker.sim_client import Cable
from ikbr.broker.sim_ib import SimIB, simulated
from ikbr.broker.virtual_loop import VirtualPolicy
from ikbr.broker.virtual_time import Driver, TapeEnded
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.tape import NO_PRICE, Kind, Tape
from ikbr.gateway.session import Session
from ikbr.gateway.world import World

START = 1_772_461_800_000_000_000
SECOND = 1_000_000_000


def rising_tape(rows: int) -> Tape:
    """Quotes of SPY, one a second, a cent higher each time from 500.00 / 500.01."""
    number = np.arange(rows)
    bid = (5_000_000 + 100 * number).astype(np.int32)
    full = np.full(rows, 500, np.int32)
    return Tape(
        (parse_contract("SPY"),),
        START + SECOND * number.astype(np.int64),
        np.zeros(rows, np.int16),
        np.full(rows, int(Kind.QUOTE), np.uint8),
        bid,
        bid + 100,
        np.full(rows, NO_PRICE, np.int32),
        full,
        full,
        np.zeros(rows, np.int64),
    )


@pytest.fixture
def world() -> World:
    return World(MemorySource(rising_tape(600), []))


@pytest.fixture
def cable(world: World) -> Iterator[Cable]:
    cable = Cable(lambda: Session(world))
    before = asyncio.get_event_loop_policy()
    policy = VirtualPolicy(Driver(world, cable))
    asyncio.set_event_loop_policy(policy)
    loop = policy.new_event_loop()
    policy.set_event_loop(loop)
    yield cable
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    asyncio.set_event_loop_policy(before)


SPY = Stock("SPY", "SMART", "USD")


def test_a_script_of_plain_calls_trades(cable: Cable, world: World) -> None:
    ib = SimIB(cable)
    ib.connect()
    assert ib.managedAccounts() == ["DU1000001"]
    ib.sleep(9)
    order = ib.placeOrder(SPY, MarketOrder("BUY", 100))
    assert order.orderStatus.status == "PendingSubmit"
    ib.sleep(0)
    while not order.isDone():
        ib.sleep(0.1)
    assert (order.orderStatus.avgFillPrice, order.orderStatus.status) == (500.09, "Filled")
    assert order.fills[0].commissionReport.commission == 1.0
    assert [p.position for p in ib.positions()] == [100]
    resting = ib.placeOrder(SPY, LimitOrder("SELL", 100, 500.50))
    ib.sleep(30)
    assert resting.orderStatus.status == "Submitted"
    ib.sleep(60)
    assert resting.orderStatus.avgFillPrice == 500.50
    assert ib.positions() == []
    ib.disconnect()
    assert not ib.isConnected()
    assert world.links == {}


def test_an_asynchronous_script_trades(cable: Cable) -> None:
    async def main() -> float:
        ib = SimIB(cable)
        await ib.connectAsync()
        order = ib.placeOrder(SPY, MarketOrder("SELL", 10))
        await asyncio.wait_for(order.filledEvent, 5)
        ib.disconnect()
        return float(order.orderStatus.avgFillPrice)

    assert asyncio.run(main()) == 500.0


def test_an_ib_that_a_script_makes_is_simulated_too(cable: Cable) -> None:
    original = ib_async.ib.Client
    with simulated(cable):
        ib = IB()
        ib.connect("no-such-host", 1)
        assert ib.isConnected()
        ib.disconnect()
    assert ib_async.ib.Client is original


def wait_for_ever(ib: IB) -> None:
    while True:
        ib.sleep(7)


def test_a_script_that_waits_for_ever_ends_with_the_tape(cable: Cable, world: World) -> None:
    ib = SimIB(cable)
    ib.connect()
    with pytest.raises(TapeEnded):
        wait_for_ever(ib)
    assert world.ended
    assert ib.reqCurrentTime().timestamp() * SECOND >= START + 599 * SECOND
    ib.disconnect()


def test_events_come_row_by_row(cable: Cable) -> None:
    ib = SimIB(cable)
    ib.connect()
    seen: list[tuple[float, float]] = []
    [spy] = ib.qualifyContracts(SPY)
    ticker = ib.reqMktData(spy)
    ticker.updateEvent += lambda t: seen.append((t.bid, t.ask))
    ib.sleep(5.5)
    assert seen[-5:] == [(round(500 + i / 100, 2), round(500.01 + i / 100, 2)) for i in range(1, 6)]
    ib.disconnect()


def test_a_second_client_of_the_same_number_is_turned_away(cable: Cable) -> None:
    first, second = SimIB(cable), SimIB(cable)
    first.connect()
    codes: list[int] = []
    second.errorEvent += lambda _id, code, _text, _contract: codes.append(code)
    with pytest.raises(TimeoutError):
        second.connect()
    assert codes == [326]
    first.disconnect()
