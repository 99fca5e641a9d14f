"""A checkup: what one short visit can find out about a gateway, without trading.

It connects as a bot does, and asks what a bot will need: the time, quotes, a preview of an order,
a few bars. Nothing is sent that could be filled.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple

from ib_async import Contract, MarketOrder

from ikbr.broker.client import Client
from ikbr.broker.contracts import to_contract
from ikbr.broker.greeting import Greeting
from ikbr.broker.pacing import pace
from ikbr.broker.previews import read_preview
from ikbr.broker.request_errors import NoContractError, RequestTimeoutError
from ikbr.broker.requests import Requests
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import BrokerError
from ikbr.domain.margin_preview import MarginPreview

LIVE, FROZEN, DELAYED, DELAYED_FROZEN = 1, 2, 3, 4
"""Source: IBKR, TWS API, "Market data types"."""

APART_S = 1 / 30
"""Slower than IB allows, so that no question waits for its turn."""

SLOWER = 2
"""History may take so many times as long as other answers."""

_DATA_CODES = frozenset((200, 354, 10089, 10090, 10167, 10168, 10186, 10187, 10197))
_NOT_AN_END = frozenset((399, 404, 2109, 10349, 10311))
"""Notes about an order that do not end a preview."""


class Code(NamedTuple):
    """Hold one code that the gateway told.

    Attributes:
        request: About which request; -1 for none.
        code: Its number.
        text: Its words.
    """

    request: int
    code: int
    text: str


class Quotes(NamedTuple):
    """Say which market data came of a symbol.

    Attributes:
        kind: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen; 0 when nothing was told.
        came: Whether a price came.
        code: The code that explains it, if there was one.
    """

    kind: int
    came: bool
    code: Code | None


class Checkup:
    """Visit a gateway.

    Attributes:
        accounts: Those it serves.
        server_version: Of the protocol, as agreed upon.
        simulated: Whether it is a simulated one.
        codes: What it told, in order.
        requests: Asks it.
    """

    def __init__(self, host: str, port: int, client_id: int, timeout_s: float) -> None:
        """Prepare; `open` connects.

        Args:
            host: Of the gateway.
            port: Where it listens.
            client_id: Who we are there.
            timeout_s: How long connecting, and each answer, may take.
        """
        self._where = (host, port, client_id)
        self._timeout_s = timeout_s
        self._client = Client()
        self._wire: Any = self._client.client
        self._greeting = Greeting(self._client)
        pace(self._client)
        self.requests = Requests(self._client, timeout_s=timeout_s)
        self.codes: list[Code] = []
        self.accounts: list[str] = []
        self.server_version = 0
        self._contracts: dict[str, Contract] = {}
        self._client.errorEvent.connect(self._on_error, keep_ref=True)

    async def __aenter__(self) -> Checkup:
        """Stay connected inside the block, or as far as `open` came."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave."""
        await self.close()

    async def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        await asyncio.sleep(0)

    async def open(self) -> str:
        """Connect.

        Returns:
            "" when the gateway serves us, else why not, in words.
        """
        host, port, client_id = self._where
        try:
            await self._wire.connectAsync(host, port, client_id, self._timeout_s)
        except TimeoutError:
            return f"no answer within {self._timeout_s:g} s"
        except (OSError, BrokerError) as error:
            return str(error) or type(error).__name__
        self.server_version = int(self._wire.serverVersion())
        self.accounts = list(self._wire.getAccounts())
        return ""

    @property
    def simulated(self) -> bool:
        """Whether a simulated gateway is at the other end."""
        return self._greeting.simulated

    def said(self, code: int) -> Code | None:
        """Give the latest telling of a code, if it was told."""
        return next((one for one in reversed(self.codes) if one.code == code), None)

    async def skew_s(self) -> float:
        """Say by how many seconds the gateway's clock is ahead; it counts whole seconds."""
        there = await self.requests.current_time()
        return there.timestamp() - time.time()

    async def round_trips_s(self, count: int) -> list[float]:
        """Measure how long the gateway takes to answer, one question after the other.

        Args:
            count: How many questions, 1 or more.
        """
        taken = []
        for _ in range(count):
            began = time.perf_counter()
            await self.requests.current_time()
            taken.append(time.perf_counter() - began)
            await asyncio.sleep(APART_S)
        return taken

    async def quotes(self, symbol: str, patience_s: float) -> Quotes:
        """Ask for market data, live if possible, else delayed; and stop it again.

        Args:
            symbol: A contract as people write it.
            patience_s: How long to wait for a price.
        """
        try:
            contract = await self._contract(symbol)
        except NoContractError as error:
            return Quotes(0, False, Code(0, error.code or 200, error.words))
        self._wire.reqMarketDataType(DELAYED)
        ticker = self._client.reqMktData(contract)
        number = self._client.wrapper.ticker2ReqId["mktData"][ticker]
        loop = asyncio.get_running_loop()
        until = loop.time() + patience_s
        explained: Code | None = None
        while loop.time() < until:
            explained = explained or self._about(number, _DATA_CODES)
            came = _has_price(ticker)
            if came or (explained is not None and explained.code not in (10167, 10090)):
                break
            await asyncio.sleep(0.02)
        came = _has_price(ticker)
        self._client.cancelMktData(contract)
        return Quotes(int(ticker.marketDataType or 0), came, explained)

    async def preview(self, symbol: str) -> MarginPreview | Code | str:
        """Ask what an order for one share would do; it is never placed.

        Args:
            symbol: A contract as people write it.

        Returns:
            The answer; the code that refused it; or words, when nothing came.
        """
        account = self.accounts[0] if self.accounts else ""
        order = MarketOrder("BUY", 1, account=account, tif="DAY", whatIf=True)
        order.orderId = number = self._wire.getReqId()
        wrapper: Any = self._client.wrapper
        answer: asyncio.Future[Any] = wrapper.startReq(number)
        self._wire.placeOrder(number, to_contract(parse_contract(symbol)), order)
        loop = asyncio.get_running_loop()
        until = loop.time() + self._timeout_s
        try:
            while loop.time() < until:
                if answer.done():
                    with suppress(Exception):
                        return read_preview(answer.result())
                refused = self._about(number, None)
                if refused is not None:
                    return refused
                await asyncio.sleep(0.02)
        finally:
            wrapper._futures.pop(number, None)
            wrapper._results.pop(number, None)
        return f"no answer within {self._timeout_s:g} s"

    async def some_bars(self, symbol: str) -> int:
        """Ask for a few daily bars, which count little in IB's limits.

        Raises:
            BrokerError: As IB says.
        """
        contract = await self._contract(symbol)
        patience_s = SLOWER * self._timeout_s
        try:
            async with asyncio.timeout(patience_s):
                bars = await self.requests.bars(
                    contract, end="", duration="2 D", size="1 day", show="TRADES", regular=True
                )
        except TimeoutError:
            words = f"no answer came within {patience_s:g} s"
            raise RequestTimeoutError(f"daily bars of {symbol}", 0, words) from None
        return len(bars)

    async def _contract(self, symbol: str) -> Contract:
        """Look a contract up, as IB's number of it is needed."""
        if symbol not in self._contracts:
            asked = to_contract(parse_contract(symbol))
            details = await self.requests.contract_details(asked)
            found = details[0].contract
            assert found is not None
            self._contracts[symbol] = found
        return self._contracts[symbol]

    def _about(self, number: int, codes: frozenset[int] | None) -> Code | None:
        for one in self.codes:
            if one.request == number and (
                one.code in codes if codes is not None else one.code not in _NOT_AN_END
            ):
                return one
        return None

    def _on_error(self, request: int, code: int, text: str, _contract: Any) -> None:
        self.codes.append(Code(request, code, text))


def _has_price(ticker: Any) -> bool:
    """Whether any price above nothing stands in a ticker (NaN and IB's -1 are none)."""
    return any(price > 0 for price in (ticker.bid, ticker.ask, ticker.last, ticker.close))
