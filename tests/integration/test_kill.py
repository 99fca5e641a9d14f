"""The kill switch from outside: it ends what hangs, cancels what is open, closes what is held."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from ib_async import IB, LimitOrder, MarketOrder, Order, Stock, StopOrder
from tests.contract.contract_scripts import OPEN_NS, SECOND, contract_source

from ikbr.api import kill as api_kill
from ikbr.api.kill import KillRequest
from ikbr.api.kill import kill as stop_trader
from ikbr.api.places import Places
from ikbr.broker.client_lock import ClientIdLock
from ikbr.broker.emergency import Emergency
from ikbr.broker.requests import Requests
from ikbr.broker.whole_account import WholeAccount
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import BrokerError
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.order import OrderType
from ikbr.gateway.faults.fault import read_fault
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.runner import STEP
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.world import World
from ikbr.journal.replay import State, recall_session
from ikbr.journal.session_opening import open_session
from ikbr.live.kill import Holding, Killing, end_process, stop_at_broker

SPY = Stock("SPY", "SMART", "USD")
INSTRUMENT = parse_contract("SPY")
BOT, OTHER = 7, 8
FIRST, SECOND_ONE = "DU1000001", "DU1000002"

HOLDER = """
import signal, sys, time
from pathlib import Path
from ikbr.broker.client_lock import ClientIdLock
lock = ClientIdLock(Path(sys.argv[1]), "127.0.0.1", 4002, 7)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


class Town:
    """A gateway in an open market, with whatever clients a test wants."""

    async def start(self, *accounts: str) -> None:
        model = ExecutionModel(fees="none")
        options = GatewayOptions(model=model, accounts=dict.fromkeys(accounts, 1e6))
        self.world = World(contract_source(), options)
        self.server = GatewayServer(self.world, speed=STEP)
        await self.server.start(0, None)
        self.world.advance_to(OPEN_NS + 5 * SECOND)
        self.clients: list[IB] = []

    async def client(self, client_id: int) -> IB:
        ib = IB()
        await ib.connectAsync("127.0.0.1", self.server.port, clientId=client_id)
        self.clients.append(ib)
        return ib

    async def stop(self) -> None:
        for ib in self.clients:
            ib.disconnect()
        await self.server.stop()


def in_town(test: Callable[[Town], Coroutine[Any, Any, None]], *more: str) -> None:
    async def run() -> None:
        town = Town()
        await town.start(FIRST, *more)
        try:
            await test(town)
        finally:
            await town.stop()

    asyncio.run(run())


async def place(ib: IB, order: Order, ref: str = "") -> Any:
    order.orderRef = ref
    trade = ib.placeOrder(SPY, order)
    await ib.reqCurrentTimeAsync()
    return trade


async def leave_a_mess(town: Town) -> None:
    """Hold 300, with an entry that rests, a stop that protects, and an order of another client."""
    bot = await town.client(BOT)
    await place(bot, MarketOrder("BUY", 300), "ikbr:1:momentum")
    await place(bot, LimitOrder("BUY", 100, 490.0), "ikbr:2:momentum")
    stop = StopOrder("SELL", 300, 480.0, ocaGroup="ikbr-7-1-exit-1", ocaType=2)
    await place(bot, stop, "ikbr:3:momentum")
    other = await town.client(OTHER)
    await place(other, LimitOrder("BUY", 50, 489.0))
    bot.disconnect()
    await asyncio.sleep(0.05)


async def kill(town: Town, *, everything: bool = False, flatten: bool = False) -> Killing:
    ib = await town.client(BOT)
    door = Emergency(ib, Requests(ib))

    async def held() -> list[Holding]:
        return [
            Holding(INSTRUMENT, int(p.position), "momentum")
            for p in await door.requests.positions()
            if p.position
        ]

    def send(one: Holding) -> None:
        door.close(one.instrument, one.quantity, door.next_id(1), one.strategy)

    return await stop_at_broker(
        door, everything=everything, held=held if flatten else None, send=send, within_s=4.0
    )


def open_orders(town: Town) -> list[int]:
    return sorted(wo.client_id for wo in town.world.desk.orders.of())


def test_our_own_orders_are_cancelled_and_those_of_others_stay() -> None:
    async def test(town: Town) -> None:
        await leave_a_mess(town)
        assert open_orders(town) == [BOT, BOT, OTHER]
        done = await kill(town)
        assert done == Killing([], {}, 2, 0)
        assert open_orders(town) == [OTHER]

    in_town(test)


def test_everything_means_the_orders_of_others_too() -> None:
    async def test(town: Town) -> None:
        await leave_a_mess(town)
        done = await kill(town, everything=True)
        assert done.complete
        assert done.cancelled == 3
        assert open_orders(town) == []

    in_town(test)


@pytest.mark.parametrize("everything", [False, True])
def test_flattening_closes_before_it_takes_the_protection_away(everything: bool) -> None:
    async def test(town: Town) -> None:
        await leave_a_mess(town)
        done = await kill(town, everything=everything, flatten=True)
        assert done.complete
        assert done.closed == 1
        ib = town.clients[-1]
        assert [int(p.position) for p in await ib.reqPositionsAsync() if p.position] == []
        assert open_orders(town) == ([] if everything else [OTHER])

    in_town(test)


def test_what_cannot_be_cancelled_is_told() -> None:
    async def test(town: Town) -> None:
        await leave_a_mess(town)
        ib = await town.client(BOT)
        door = Emergency(ib, Requests(ib))
        door.cancel = lambda order: None  # type: ignore[method-assign]
        done = await stop_at_broker(
            door, everything=False, held=None, send=lambda _one: None, within_s=0.3
        )
        assert not done.complete
        assert "BUY 100 SPY LMT" in done.open[0]

    in_town(test)


@pytest.mark.parametrize("flatten", [False, True])
def test_a_broker_that_cancels_nothing_is_told_in_time(flatten: bool) -> None:
    async def test(town: Town) -> None:
        await leave_a_mess(town)
        ib = await town.client(BOT)
        door = Emergency(ib, Requests(ib))
        door.cancel = lambda order: None  # type: ignore[method-assign]

        async def held() -> list[Holding]:
            return [Holding(INSTRUMENT, 300, "momentum")]

        began = asyncio.get_running_loop().time()
        done = await stop_at_broker(
            door,
            everything=False,
            held=held if flatten else None,
            send=lambda _one: None,
            within_s=1.0,
        )
        assert 1.0 <= asyncio.get_running_loop().time() - began < 2.0
        assert len(done.open) == 2

    in_town(test)


def test_a_gateway_that_goes_mute_is_told_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(town: Town) -> None:
        await leave_a_mess(town)
        town.world.faults.add(
            read_fault({"what": "mute", "message": "reqOpenOrders", "lasts_s": 60})
        )
        places = Places(tmp_path, "127.0.0.1", town.server.port, BOT)
        outcome = await stop_trader(places, KillRequest(patience_s=0.5))
        assert outcome.done is None
        assert "has not answered within 0.5 s; cancel in TWS" in outcome.problem

    monkeypatch.setattr(api_kill, "ANSWER_S", 0.2)
    in_town(test)


def test_a_journal_that_cannot_be_followed_keeps_no_order_from_being_cancelled(
    tmp_path: Path,
) -> None:
    async def test(town: Town) -> None:
        await leave_a_mess(town)
        places = Places(tmp_path, "127.0.0.1", town.server.port, BOT)
        account = (await town.client(OTHER + 1)).managedAccounts()[0]
        with open_session(places.journal("paper", account), "bad") as journal:
            journal.append("sent", 1, (99,))
        outcome = await stop_trader(places, KillRequest(flatten=True, patience_s=2.0))
        assert outcome.done == Killing([], {}, 2, 0)
        assert open_orders(town) == [OTHER]
        assert not outcome.complete
        assert "order 99 before its intent" in outcome.problem
        assert "use --all --flatten" in outcome.problem

    in_town(test)


async def with_a_journal(town: Town, folder: Path) -> Places:
    places = Places(folder, "127.0.0.1", town.server.port, BOT)
    account = (await town.client(OTHER + 1)).managedAccounts()[0]
    open_session(places.journal("paper", account), "it").close()
    return places


def test_a_journal_that_takes_long_to_be_read_takes_no_time_from_the_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(folder: Path) -> State:
        time.sleep(1.5)
        return recall_session(folder)

    monkeypatch.setattr(api_kill, "recall_session", slowly)

    async def test(town: Town) -> None:
        await leave_a_mess(town)
        places = await with_a_journal(town, tmp_path)
        outcome = await stop_trader(places, KillRequest(patience_s=0.4))
        assert (outcome.complete, open_orders(town)) == (True, [OTHER])

    in_town(test)


def test_a_gateway_that_tells_no_positions_still_cancels_what_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_account: WholeAccount) -> Any:
        raise BrokerError("no answer came")

    monkeypatch.setattr(WholeAccount, "positions", silent)

    async def test(town: Town) -> None:
        await leave_a_mess(town)
        places = await with_a_journal(town, tmp_path)
        outcome = await stop_trader(places, KillRequest(flatten=True, patience_s=2.0))
        assert outcome.problem == "no answer came; cancel in TWS"
        kept = [wo.order.request.order_type for wo in town.world.desk.orders.of()]
        assert (open_orders(town), kept) == ([BOT, OTHER], [OrderType.STOP, OrderType.LIMIT])

    in_town(test)


def test_positions_are_closed_in_the_account_that_the_bot_has_traded(tmp_path: Path) -> None:
    async def test(town: Town) -> None:
        bot = await town.client(BOT)
        await place(bot, MarketOrder("BUY", 100, account=SECOND_ONE), "ikbr:1:momentum")
        bot.disconnect()
        await asyncio.sleep(0.05)
        places = Places(tmp_path, "127.0.0.1", town.server.port, BOT)
        open_session(places.journal("paper", FIRST), "old").close()
        for file in places.journal("paper", FIRST).iterdir():
            os.utime(file, (0, 0))
        open_session(places.journal("paper", SECOND_ONE), "new").close()
        everything = KillRequest(flatten=True, everything=True, patience_s=2.0)
        outcome = await stop_trader(places, everything)
        assert outcome.done == Killing([], {}, 0, 1)
        other = await town.client(OTHER)
        held = [p for p in await other.reqPositionsAsync() if p.position]
        assert held == []

    in_town(test, SECOND_ONE)


def test_a_gateway_that_is_not_there_is_named_in_words(tmp_path: Path) -> None:
    outcome = asyncio.run(stop_trader(Places(tmp_path, "127.0.0.1", 1, BOT), KillRequest()))
    assert (
        outcome.problem == "the gateway at 127.0.0.1:1 cannot be reached (refused); cancel in TWS"
    )


class Bot:
    """A process that holds the lock of a client id."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.lock = folder / "client-127.0.0.1-4002-7.lock"
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder), str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"
        self.process.stdout.close()


def test_a_process_that_ends_by_itself_is_waited_for(tmp_path: Path) -> None:
    bot = Bot(tmp_path, 0.3)
    words = asyncio.run(end_process(bot.lock, 10.0))
    assert words == "the bot has ended by itself"
    assert bot.process.wait() == 0


def test_a_process_that_hangs_is_ended_by_force(tmp_path: Path) -> None:
    bot = Bot(tmp_path, 60.0)
    words = asyncio.run(end_process(bot.lock, 0.3))
    assert f"process {bot.process.pid} was ended by force" in words
    assert bot.process.wait() == -9
    ClientIdLock(tmp_path, "127.0.0.1", 4002, 7).release()


def test_no_process_is_ended_where_none_holds_the_lock(tmp_path: Path) -> None:
    assert asyncio.run(end_process(tmp_path / "none.lock", 0.1)) == "no bot was running"
