"""An unmodified ib_async over TCP against the simulated gateway, the market moved step by step."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import ib_async
import pytest
from tapes import random_tape

from ikbr.data.memory_source import MemorySource
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.order import Fill, Order, OrderRequest, OrderType, Side
from ikbr.domain.timers import TimerHeap
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.player import COLUMNS
from ikbr.gateway.server import LOCALHOST, GatewayServer
from ikbr.gateway.world import World
from ikbr.sim.account import Account
from ikbr.sim.broker import SimBroker
from ikbr.sim.exchange import Exchange
from ikbr.sim.market import StandingMarket

MODEL = ExecutionModel(queue="none")
CAPITAL = 10_000_000.0
ROWS = 400
PLAN: dict[int, list[tuple[str, str, int, str, float]]] = {
    # after so many rows: symbol, side, quantity, type, distance of its price from the last
    20: [("SPY", "BUY", 300, "MKT", 0)],
    40: [("KO", "BUY", 200, "LMT", -0.02), ("SPY", "SELL", 100, "LMT", 0.02)],
    60: [("SPY", "SELL", 500, "MKT", 0)],
    90: [("KO", "BUY", 50, "LMT", 0.05), ("IBM", "BUY", 70, "STP", 0.02)],
    150: [("IBM", "SELL", 70, "STP", -0.02)],
    200: [("SPY", "BUY", 300, "MKT", 0), ("KO", "SELL", 250, "MKT", 0)],
    300: [("IBM", "SELL", 30, "LMT", -0.03), ("SPY", "BUY", 10, "LMT", -0.02)],
}
Told = tuple[str, str, int, float, float]
"""Symbol, side, quantity, price, commission."""


def a_source() -> MemorySource:
    tape, days = random_tape(11, 1000, 3)
    return MemorySource(tape, days, synthetic=True)


def price_of(last: int, distance: float) -> float:
    return round(last / 10_000 + distance, 2)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30))


@asynccontextmanager
async def a_gateway(speed: float = 0.0, **options: Any) -> AsyncIterator[GatewayServer]:
    options = {"model": MODEL, "accounts": {"DU1": CAPITAL}} | options
    server = GatewayServer(World(a_source(), GatewayOptions(**options)), speed=speed)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def a_client(server: GatewayServer, client_id: int = 1) -> AsyncIterator[ib_async.IB]:
    ib = ib_async.IB()
    await ib.connectAsync(LOCALHOST, server.port, clientId=client_id, timeout=5)
    try:
        yield ib
    finally:
        ib.disconnect()


class ControlPort:
    """Speak to the control port."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, **command: Any) -> dict[str, Any]:
        self._writer.write(json.dumps(command).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await self._reader.readline())
        return answer


@asynccontextmanager
async def a_control(server: GatewayServer) -> AsyncIterator[ControlPort]:
    reader, writer = await asyncio.open_connection(LOCALHOST, server.control_port)
    try:
        yield ControlPort(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


def test_it_connects_and_reads_account_and_contracts() -> None:
    async def test() -> None:
        async with a_gateway() as server, a_client(server) as ib:
            assert ib.managedAccounts() == ["DU1"]
            values = {v.tag: v.value for v in ib.accountValues() if v.currency in {"", "USD"}}
            assert float(values["NetLiquidation"]) == CAPITAL
            spy = ib_async.Stock("SPY", "SMART", "USD")
            (found,) = await ib.qualifyContractsAsync(spy)
            assert found is spy
            assert spy.conId == server.world.contracts.wire[0]["conId"]
            (details,) = await ib.reqContractDetailsAsync(spy)
            assert details.timeZoneId == "US/Eastern"
            rule = await ib.reqMarketRuleAsync(int(details.marketRuleIds.split(",")[0]))
            assert [(r.lowEdge, r.increment) for r in rule] == [(0.0, 0.0001), (1.0, 0.01)]
            assert await ib.qualifyContractsAsync(ib_async.Stock("NONE", "SMART", "USD")) == [None]
            assert (await ib.reqMatchingSymbolsAsync("K"))[0].contract.symbol == "KO"
            assert len(await ib.accountSummaryAsync()) > 10
            now = await ib.reqCurrentTimeAsync()
            assert int(now.timestamp()) == server.world.now_ns // 10**9

    run(test)


def test_ticks_bars_and_history_arrive_field_by_field() -> None:
    async def test() -> None:
        async with (
            a_gateway() as server,
            a_client(server) as ib,
            a_control(server) as control,
        ):
            spy = ib_async.Stock("SPY", "SMART", "USD")
            await ib.qualifyContractsAsync(spy)
            ticker = ib.reqMktData(spy)
            each: list[float] = []
            ib.reqTickByTickData(spy, "Last").updateEvent += lambda one: each.extend(
                tick.price for tick in one.tickByTicks
            )
            bars = ib.reqRealTimeBars(spy, 5, "TRADES", False)
            market, scale = server.world.market, 10_000
            for _ in range(100):
                await control.ask(do="step", rows=3)
                await ib.reqCurrentTimeAsync()
                if market.bid[0] > 0 and market.bid_size[0]:
                    assert (ticker.bid, ticker.bidSize) == (
                        market.bid[0] / scale, market.bid_size[0],
                    )  # fmt: skip
                if market.last[0] > 0:
                    assert ticker.last == market.last[0] / scale
            assert ticker.volume == server.world.volume[0] > 0
            assert len(bars) > 5
            ib.cancelMktData(spy)
            history = await ib.reqHistoricalDataAsync(spy, "", "1 D", "1 min", "TRADES", True)
            assert history[-1].close == market.last[0] / scale
            assert sum(bar.volume for bar in history) <= server.world.volume[0]
            ticks = await ib.reqHistoricalTicksAsync(
                spy, "20260302 09:30:00 US/Eastern", "", 1000, "TRADES", False
            )
            assert [tick.price for tick in ticks] == each[-len(ticks) :]
            assert each[-1] == market.last[0] / scale
            head = await ib.reqHeadTimeStampAsync(spy, "TRADES", True, 1)
            assert str(head).startswith("2026-03-02")

    run(test)


def test_orders_go_through_their_lives() -> None:
    async def test() -> None:
        async with (
            a_gateway() as server,
            a_client(server) as ib,
            a_control(server) as control,
        ):
            await control.ask(do="step", rows=200)
            spy = ib_async.Stock("SPY", "SMART", "USD")
            await ib.qualifyContractsAsync(spy)
            trade = ib.placeOrder(spy, ib_async.MarketOrder("BUY", 100))
            await ib.reqCurrentTimeAsync()
            assert trade.orderStatus.status == "Filled"
            assert trade.fills[0].commissionReport.commission == 1.0
            assert ib.positions()[0].position == 100
            assert ib.portfolio()[0].position == 100

            resting = ib.placeOrder(spy, ib_async.LimitOrder("BUY", 10, 1.0))
            await ib.reqCurrentTimeAsync()
            assert resting.orderStatus.status == "Submitted"
            ib.cancelOrder(resting.order)
            await ib.reqCurrentTimeAsync()
            assert resting.orderStatus.status == "Cancelled"

            trades = [ib.placeOrder(spy, o) for o in ib.bracketOrder("BUY", 10, 500, 900, 1)]
            await ib.reqCurrentTimeAsync()
            assert [t.orderStatus.status for t in trades] == ["Filled", "Submitted", "PreSubmitted"]
            state = await ib.whatIfOrderAsync(spy, ib_async.MarketOrder("BUY", 100))
            assert float(state.initMarginChange) > 0
            ib.reqGlobalCancel()
            await ib.reqCurrentTimeAsync()
            assert ib.openTrades() == []
            assert len(await ib.reqCompletedOrdersAsync(False)) == 5
            assert len(await ib.reqExecutionsAsync()) == 2

    run(test)


async def fills_over_tcp() -> list[Told]:
    """Carry out the plan with ib_async; the market moves only when it is told to."""
    async with a_gateway() as server, a_client(server) as ib, a_control(server) as control:
        world = server.world
        contracts = {s: ib_async.Stock(s, "SMART", "USD") for s in ("SPY", "KO", "IBM")}
        await ib.qualifyContractsAsync(*contracts.values())
        numbers = {symbol: n for n, symbol in enumerate(contracts)}
        for row in range(1, ROWS + 1):
            await control.ask(do="step")
            for symbol, side, quantity, kind, distance in PLAN.get(row, ()):
                price = price_of(world.market.last[numbers[symbol]], distance)
                order = ib_async.Order(action=side, totalQuantity=quantity, orderType=kind)
                if kind == "LMT":
                    order.lmtPrice = price
                elif kind == "STP":
                    order.auxPrice = price
                ib.placeOrder(contracts[symbol], order)
            if row in PLAN:
                await ib.reqCurrentTimeAsync()
        await ib.reqCurrentTimeAsync()
        return [
            (
                fill.contract.symbol,
                "BUY" if fill.execution.side == "BOT" else "SELL",
                int(fill.execution.shares),
                fill.execution.price,
                fill.commissionReport.commission,
            )
            for fill in ib.fills()
        ]


def fills_of_sim_broker() -> list[Told]:
    """Carry out the plan with a SimBroker on the same tape."""
    source = a_source()
    (tape,) = source.chunks()
    clock, market = TimerHeap(), StandingMarket(3)
    exchange = Exchange(tape.instruments, MODEL, clock, market)
    by_symbol = {one.symbol: one for one in tape.instruments}
    account = Account(by_symbol, CAPITAL, MODEL)
    broker = SimBroker(exchange, account, clock, MODEL)
    fills: list[Fill] = []
    broker.attach(lambda _update: None, fills.append)
    exchange.hours.regular = False
    for day in source.sessions:
        clock.call_at(day.open_ns, account.open_session, day)
        clock.call_at(day.open_ns, exchange.open_session, day)
        clock.call_at(day.close_ns, exchange.close_session, day)
    order_id = 0
    numbers = {symbol: n for n, symbol in enumerate(by_symbol)}
    for row in range(ROWS):
        values = [int(getattr(tape, name)[row]) for name in COLUMNS]
        ts, sym, *rest = values
        clock.advance(ts)
        exchange.on_row(sym, ts, *rest)
        for symbol, side, quantity, kind, distance in PLAN.get(row + 1, ()):
            price = price_of(market.last[numbers[symbol]], distance)
            request = OrderRequest(
                symbol,
                Side[side],
                quantity,
                OrderType(kind),
                limit_price=price if kind == "LMT" else None,
                stop_price=price if kind == "STP" else None,
            )
            order_id += 1
            broker.submit(Order(order_id, request, by_symbol[symbol], "plan"))
    return [(one.symbol, one.side.name, one.quantity, one.price, one.commission) for one in fills]


def test_in_step_mode_fills_are_those_of_the_sim_broker() -> None:
    over_tcp: list[Told] = []

    async def test() -> None:
        over_tcp.extend(await fills_over_tcp())

    run(test)
    expected = fills_of_sim_broker()
    assert len(expected) >= 6
    assert over_tcp == expected


def test_two_clients_share_the_account_and_a_third_cannot_take_an_id() -> None:
    async def test() -> None:
        async with (
            a_gateway() as server,
            a_client(server, 1) as first,
            a_client(server, 2) as second,
        ):
            server.world.step(200)
            spy = ib_async.Stock("SPY", "SMART", "USD")
            await first.qualifyContractsAsync(spy)
            first.placeOrder(spy, ib_async.MarketOrder("BUY", 100))
            await first.reqCurrentTimeAsync()
            await second.reqCurrentTimeAsync()
            assert second.positions()[0].position == 100
            assert second.fills() == []
            errors: list[int] = []
            third = ib_async.IB()
            third.errorEvent += lambda _id, code, *_: errors.append(code)
            with pytest.raises((TimeoutError, ConnectionError)):
                await third.connectAsync(LOCALHOST, server.port, clientId=2, timeout=0.5)
            assert 326 in errors

    run(test)


def test_the_market_moves_by_itself_once_a_client_is_there() -> None:
    async def test() -> None:
        async with a_gateway(speed=600.0) as server:
            await asyncio.sleep(0.05)
            assert server.world.player.played == 0
            async with a_client(server) as ib:
                start = await ib.reqCurrentTimeAsync()
                await asyncio.sleep(0.2)
                passed = (await ib.reqCurrentTimeAsync() - start).total_seconds()
                assert 100 <= passed <= 600
                assert server.world.player.played > 0

    run(test)
