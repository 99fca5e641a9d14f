"""Requests: questions to the gateway, each of which ends with an answer, an error or a timeout.

ib_async alone answers a failed request with an empty list, lets some wait for ever (codes 165, 321
and other warnings), and loses the first of two answers to the same question. Here every request
ends, with what IB said.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ib_async import (
    IB,
    AccountValue,
    BarData,
    Contract,
    ContractDetails,
    Execution,
    ExecutionFilter,
    HistoricalTickBidAsk,
    HistoricalTickLast,
    Position,
    PriceIncrement,
)

from ikbr.broker.error_codes import Topic, classify
from ikbr.broker.request_errors import LinkLostError, RequestTimeoutError, failure

TIMEOUT_S = 10.0
HISTORY_TIMEOUT_S = 60.0
"""Source: ib_async, `reqHistoricalData`: IB may take that long for bars."""

_ENDS = frozenset({Topic.REQUEST, Topic.ORDER, Topic.PACING, Topic.CONNECTION, Topic.UNKNOWN})
"""Codes about these end the request that they name; others are notes beside its answer."""

Key = int | str


@dataclass(slots=True, eq=False)
class _Pending:
    """Hold a request that is under way: what it asks for, and the future of its failure."""

    what: str
    failed: asyncio.Future[None]


class Requests:
    """Ask a gateway.

    Attributes:
        pending: How many requests are under way.
    """

    def __init__(self, ib: IB, *, timeout_s: float = TIMEOUT_S) -> None:
        """Listen to a client; nothing is asked yet.

        Args:
            ib: The client, connected or not.
            timeout_s: How long an answer may take (bars and ticks of the past: longer).
        """
        self._ib = ib
        self._client: Any = ib.client
        self._wrapper: Any = ib.wrapper
        self._timeout_s = timeout_s
        self._under_way: dict[Key, _Pending] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        ib.errorEvent.connect(self._on_error, keep_ref=True)
        ib.disconnectedEvent.connect(self._on_disconnect, keep_ref=True)

    @property
    def pending(self) -> int:
        """Count the requests under way."""
        return len(self._under_way)

    # --- questions with a name of their own: one at a time -------------------------------------

    async def current_time(self, timeout_s: float | None = None) -> dt.datetime:
        """Ask for the gateway's time (whole seconds, UTC)."""
        ask = self._client.reqCurrentTime
        found: dt.datetime = await self._named("currentTime", "the time", ask, timeout_s)
        return found

    async def positions(self) -> list[Position]:
        """Ask for the positions of all accounts."""
        key = "positions"
        found: list[Position] = await self._named(key, key, self._client.reqPositions)
        return found

    async def account_values(self, account: str) -> list[AccountValue]:
        """Ask for the values of an account; they are kept up to date from then on."""

        def ask() -> None:
            self._client.reqAccountUpdates(True, account)

        await self._named("accountValues", f"the values of {account}", ask)
        found: list[AccountValue] = self._ib.accountValues(account)
        return found

    async def open_orders(self) -> list[Any]:
        """Ask for the open orders of this client (ib_async's trades)."""
        ask = self._client.reqOpenOrders
        found: list[Any] = await self._named("openOrders", "the open orders", ask)
        return found

    async def all_open_orders(self) -> list[Any]:
        """Ask for the open orders of all clients, and those placed by hand."""
        ask = self._client.reqAllOpenOrders
        found: list[Any] = await self._named("openOrders", "all open orders", ask)
        return found

    async def completed_orders(self) -> list[Any]:
        """Ask for the orders of the day that have ended (ib_async's trades)."""

        def ask() -> None:
            self._client.reqCompletedOrders(True)

        found: list[Any] = await self._named("completedOrders", "the completed orders", ask)
        return found

    async def executions(self) -> list[tuple[Contract, Execution]]:
        """Ask for the executions of the day, of all clients and those made by hand."""

        def ask(number: int) -> None:
            self._client.reqExecutions(number, ExecutionFilter())

        found = await self._numbered("the executions of the day", ask, Contract())
        return [(fill.contract, fill.execution) for fill in found]

    async def market_rule(self, rule_id: int) -> list[PriceIncrement]:
        """Ask for the price increments of a market rule."""

        def ask() -> None:
            self._client.reqMarketRule(rule_id)

        what = f"market rule {rule_id}"
        found: list[PriceIncrement] = await self._named(f"marketRule-{rule_id}", what, ask)
        return found

    # --- questions with a number ---------------------------------------------------------------

    async def contract_details(self, contract: Contract) -> list[ContractDetails]:
        """Ask what IB knows of a contract; of one written loosely there may be several.

        Raises:
            NoContractError: When there is none.
        """

        def ask(number: int) -> None:
            self._client.reqContractDetails(number, contract)

        what = f"contract details of {contract.symbol}"
        found: list[ContractDetails] = await self._numbered(what, ask, contract)
        return found

    async def head_timestamp(self, contract: Contract, show: str, *, regular: bool) -> dt.datetime:
        """Ask since when there is data.

        Args:
            contract: Of which contract.
            show: TRADES, BID_ASK, MIDPOINT, BID or ASK.
            regular: Whether only regular hours count.

        Raises:
            NoDataError: When there is none.
        """

        def ask(number: int) -> None:
            self._client.reqHeadTimeStamp(number, contract, show, regular, 2)

        what = f"the beginning of {show} data of {contract.symbol}"
        found: dt.datetime = await self._numbered(what, ask, contract, HISTORY_TIMEOUT_S)
        return found

    async def bars(
        self,
        contract: Contract,
        *,
        end: str,
        duration: str,
        size: str,
        show: str,
        regular: bool,
    ) -> list[BarData]:
        """Ask for bars of the past.

        Args:
            contract: Of which contract.
            end: The last one ends here, UTC as `20260302-21:00:00`; "" for now.
            duration: How far back, as `1 D`.
            size: Length of a bar, as `1 min`.
            show: TRADES, BID, ASK, MIDPOINT or BID_ASK.
            regular: Whether only regular hours are wanted.

        Raises:
            NoDataError, PacingError, NoPermissionError: As IB says.
        """

        def ask(number: int) -> None:
            self._client.reqHistoricalData(
                number, contract, end, duration, size, show, regular, 2, False, []
            )

        what = f"{size} bars ({show}) of {contract.symbol}, {duration} to {end or 'now'}"
        found: list[BarData] = await self._numbered(
            what, ask, contract, HISTORY_TIMEOUT_S, self._client.cancelHistoricalData
        )
        return found

    async def ticks(
        self, contract: Contract, *, start: str, count: int, show: str, regular: bool
    ) -> list[HistoricalTickLast] | list[HistoricalTickBidAsk]:
        """Ask for ticks of the past.

        Args:
            contract: Of which contract.
            start: From this second on, UTC as `20260302-14:30:00`.
            count: How many at most, 1 to 1000.
            show: TRADES or BID_ASK.
            regular: Whether only regular hours are wanted.

        Raises:
            NoDataError, PacingError, NoPermissionError: As IB says.
        """

        def ask(number: int) -> None:
            self._client.reqHistoricalTicks(
                number, contract, start, "", count, show, regular, False, []
            )

        what = f"ticks ({show}) of {contract.symbol} from {start}"
        found: list[HistoricalTickLast] = await self._numbered(
            what, ask, contract, HISTORY_TIMEOUT_S
        )
        return found

    # --- inside --------------------------------------------------------------------------------

    async def _named(
        self, key: str, what: str, ask: Callable[[], None], timeout_s: float | None = None
    ) -> Any:
        # Two questions of one name would share one answer, and the first would wait for ever.
        async with self._turns.setdefault(key, asyncio.Lock()):
            return await self._ask(key, what, ask, None, timeout_s)

    async def _numbered(
        self,
        what: str,
        ask: Callable[[int], None],
        contract: Contract,
        timeout_s: float | None = None,
        cancel: Callable[[int], None] | None = None,
    ) -> Any:
        if not self._client.isReady():
            raise LinkLostError(what, 0, "not connected")
        number = self._client.getReqId()
        try:
            return await self._ask(number, what, lambda: ask(number), contract, timeout_s)
        except (RequestTimeoutError, asyncio.CancelledError):
            if cancel is not None and self._client.isConnected():
                cancel(number)
            raise

    async def _ask(
        self,
        key: Key,
        what: str,
        ask: Callable[[], None],
        contract: Contract | None,
        timeout_s: float | None,
    ) -> Any:
        if not self._client.isReady():
            raise LinkLostError(what, 0, "not connected")
        allowed_s = self._timeout_s if timeout_s is None else timeout_s
        answer: asyncio.Future[Any] = self._wrapper.startReq(key, contract)
        pending = _Pending(what, asyncio.get_running_loop().create_future())
        self._under_way[key] = pending
        try:
            ask()
            await asyncio.wait(
                (answer, pending.failed),
                timeout=allowed_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if pending.failed.done():
                pending.failed.result()
            if answer.done():
                return answer.result()
            raise RequestTimeoutError(what, 0, f"no answer came within {allowed_s:g} s")
        except ConnectionError as error:
            raise LinkLostError(what, 0, str(error) or "the connection ended") from error
        finally:
            del self._under_way[key]
            pending.failed.cancel()
            self._forget(key, answer)

    def _forget(self, key: Key, answer: asyncio.Future[Any]) -> None:
        """Let ib_async forget a request that it still waits for."""
        if self._wrapper._futures.get(key) is answer:
            self._wrapper._endReq(key)
        if key not in self._wrapper._futures:
            self._wrapper._results.pop(key, None)
        answer.cancel()
        with suppress(asyncio.CancelledError):
            # Looked at, so that asyncio does not complain about it later.
            answer.exception()

    def _on_error(self, request_id: int, code: int, words: str, _contract: Any) -> None:
        pending = self._under_way.get(request_id)
        if pending is None or pending.failed.done() or classify(code).topic not in _ENDS:
            return
        pending.failed.set_exception(failure(pending.what, code, words))

    def _on_disconnect(self) -> None:
        for pending in self._under_way.values():
            if not pending.failed.done():
                pending.failed.set_exception(
                    LinkLostError(pending.what, 0, "the connection ended before the answer came")
                )
