"""Every request ends: with its answer, with IB's refusal and what to do about it, or by itself."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from ib_async import IB, BarData, Contract, ContractDetails, Position

from ikbr.broker.request_errors import (
    LinkLostError,
    NoContractError,
    NoDataError,
    NoLineError,
    NoPermissionError,
    PacingError,
    RequestError,
    RequestTimeoutError,
    failure,
)
from ikbr.broker.requests import Requests

SPY = Contract(symbol="SPY", secType="STK", exchange="SMART", currency="USD")


class Socket:
    """Notes what is sent."""

    def __init__(self) -> None:
        self.sent: list[list[str]] = []
        self.numBytesSent = self.numMsgSent = 0

    def sendMsg(self, message: bytes) -> None:
        self.sent.append(message[4:].decode().split("\0")[:-1])

    def disconnect(self) -> None:
        pass


class Side:
    """A client whose other end the test plays."""

    def __init__(self, timeout_s: float = 5.0) -> None:
        self.ib = IB()
        client: Any = self.ib.client
        self.socket = client.conn = Socket()
        client.connState, client._apiReady, client._serverVersion = client.CONNECTED, True, 178
        client._reqIdSeq = 7
        self.wrapper: Any = self.ib.wrapper
        self.requests = Requests(self.ib, timeout_s=timeout_s)

    def bars(self) -> Awaitable[list[BarData]]:
        return self.requests.bars(
            SPY, end="", duration="1 D", size="1 min", show="TRADES", regular=True
        )

    def error(self, code: int, words: str = "words", number: int = 7) -> None:
        self.wrapper.error(number, code, words, "")

    @property
    def numbers(self) -> list[str]:
        return [message[0] for message in self.socket.sent]

    def at_rest(self) -> None:
        assert self.requests.pending == 0
        assert self.wrapper._futures == {}
        assert self.wrapper._results == {}


def play(scene: Callable[[Side], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        side = Side(**options)
        await scene(side)
        side.at_rest()

    asyncio.run(main())


async def started(question: Awaitable[Any]) -> asyncio.Task[Any]:
    task = asyncio.ensure_future(question)
    await asyncio.sleep(0)
    return task  # type: ignore[return-value]


def test_an_answer_is_given() -> None:
    async def scene(side: Side) -> None:
        task = await started(side.bars())
        side.wrapper.historicalData(7, BarData(date="1772461800", close=3.0))  # type: ignore[arg-type]
        side.wrapper.historicalDataEnd(7, "", "")
        (bar,) = await task
        assert bar.date == dt.datetime(2026, 3, 2, 14, 30, tzinfo=dt.UTC)

    play(scene)


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (
            162,
            "Historical Market Data service error: HMDS query returned no data",
            NoDataError,
        ),
        (162, "Historical data request pacing violation", PacingError),
        (162, "Too many historical requests are open.", PacingError),
        (162, "No market data permissions for NYSE STK", NoPermissionError),
        (162, "API historical data query cancelled: 7", RequestError),
        (420, "Invalid Real-time Query", PacingError),
        (200, "No security definition has been found", NoContractError),
        (321, "Error validating request", RequestError),
        (101, "Max number of tickers has been reached", NoLineError),
        (354, "not subscribed", NoPermissionError),
        (99_999, "a code nobody knows", RequestError),
    ],
)
def test_a_refusal_is_told_with_its_code_and_kind(
    code: int, words: str, kind: type[RequestError]
) -> None:
    async def scene(side: Side) -> None:
        task = await started(side.bars())
        side.error(code, words)
        with pytest.raises(RequestError) as told:
            await task
        assert type(told.value) is kind
        assert (told.value.code, told.value.words) == (code, words)
        assert f"{code}: {words.rstrip('.')}; {kind.remedy}" in str(told.value)

    play(scene)


@pytest.mark.parametrize("code", [165, 2174, 10090, 10167])
def test_a_note_beside_a_request_does_not_end_it(code: int) -> None:
    async def scene(side: Side) -> None:
        task = await started(side.requests.contract_details(SPY))
        side.wrapper.contractDetails(7, ContractDetails(contract=SPY))
        if code != 10090:  # ib_async itself ends the request there
            side.error(code)
        side.error(200, number=8)
        side.wrapper.contractDetailsEnd(7)
        assert len(await task) == 1

    play(scene)


def test_silence_ends_too_and_bars_are_cancelled() -> None:
    async def scene(side: Side) -> None:
        with pytest.raises(RequestTimeoutError, match="the time: no answer came within"):
            await side.requests.current_time()
        task = await started(side.bars())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert side.numbers == ["49", "20", "25"]

    play(scene, timeout_s=0.01)


def test_the_end_of_the_connection_ends_every_request() -> None:
    async def scene(side: Side) -> None:
        tasks = [await started(side.bars()), await started(side.requests.positions())]
        side.ib.disconnectedEvent.emit()
        side.wrapper.reset()
        for task in tasks:
            with pytest.raises(LinkLostError, match="ask again when the connection is back"):
                await task
        task = await started(side.bars())
        side.wrapper.connectionClosed()
        with pytest.raises(LinkLostError, match="Socket disconnect"):
            await task
        side.ib.client.connState, side.ib.client._apiReady = 0, False
        for question in (side.bars(), side.requests.current_time()):
            with pytest.raises(LinkLostError, match="not connected"):
                await question

    play(scene)


def test_two_questions_of_one_name_are_asked_one_after_the_other() -> None:
    async def scene(side: Side) -> None:
        first = await started(side.requests.positions())
        second = await started(side.requests.positions())
        assert side.numbers == ["61"]
        side.wrapper.position("DU1", SPY, 5.0, 1.0)
        side.wrapper.positionEnd()
        assert [one.position for one in await first] == [5.0]
        await asyncio.sleep(0)
        assert side.numbers == ["61", "61"]
        side.wrapper.position("DU1", SPY, 6.0, 1.0)
        side.wrapper.positionEnd()
        found: list[Position] = await second
        assert [one.position for one in found] == [6.0]

    play(scene)


def test_names_that_differ_are_asked_at_once() -> None:
    async def scene(side: Side) -> None:
        rules = [await started(side.requests.market_rule(n)) for n in (26, 27)]
        orders = await started(side.requests.open_orders())
        completed = await started(side.requests.completed_orders())
        values = await started(side.requests.account_values("DU1"))
        assert side.numbers == ["91", "91", "5", "99", "6"]
        side.wrapper.marketRule(27, ["b"])
        side.wrapper.marketRule(26, ["a"])
        side.wrapper.openOrderEnd()
        side.wrapper.completedOrdersEnd()
        side.wrapper.updateAccountValue("Cash", "1", "USD", "DU1")
        side.wrapper.accountDownloadEnd("DU1")
        assert [await rule for rule in rules] == [["a"], ["b"]]
        assert (await orders, await completed) == ([], [])
        assert [one.value for one in await values] == ["1"]

    play(scene)


def test_a_failure_says_what_was_asked() -> None:
    assert str(failure("bars of SPY", 420, "too fast.")) == (
        "bars of SPY: IB says 420: too fast; ask again after a pause."
    )
