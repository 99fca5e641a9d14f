"""History from IB: bars and ticks of the past, within its limits, asked again where that helps."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ib_async import BarData, Contract, HistoricalTickBidAsk

from ikbr.broker.contract_details import describe
from ikbr.broker.contracts import to_contract
from ikbr.broker.history_budget import HistoryBudget
from ikbr.broker.pool import ConnectionPool, Role
from ikbr.broker.request_errors import (
    LinkLostError,
    NoDataError,
    PacingError,
    RequestError,
    RequestTimeoutError,
)
from ikbr.broker.requests import Requests
from ikbr.domain.instrument import Instrument
from ikbr.domain.past import BarRow, PrintRow, QuoteRow

SECOND_NS = 1_000_000_000
SMALL_SIZES = frozenset({"1 secs", "5 secs", "10 secs", "15 secs", "30 secs"})
TICKS_PER_REQUEST = 1000
FIRST_PAUSE_S, LONGEST_PAUSE_S = 15.0, 600.0
TRIES = {PacingError: 8, RequestTimeoutError: 3, LinkLostError: 5}
"""How often a request is made that fails in such a way; any other failure is final."""

_T = TypeVar("_T")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class TickKind(Generic[_T]):
    """Say what IB calls a kind of ticks, and how one of them is read."""

    show: str
    row_of: Callable[[Any], _T]


class HistoryDesk:
    """Ask for the past over the history connections of a pool.

    Attributes:
        requests: How many requests were sent.
        on_wait: Told why and for how many seconds a request is put off.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        budget: HistoryBudget,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        link_wait_s: float = 120.0,
    ) -> None:
        """Use a pool within a budget.

        Args:
            pool: Has connections for history.
            budget: What IB allows.
            sleep: Waits for so many seconds.
            link_wait_s: How long a connection that is lost is waited for.
        """
        self._pool = pool
        self._budget = budget
        self._sleep = sleep
        self._link_wait_s = link_wait_s
        self._contracts: dict[str, Contract] = {}
        self.requests = 0
        self.on_wait: Callable[[str, float], None] = lambda _why, _seconds: None

    async def now_ns(self) -> int:
        """Ask for the gateway's time, ns UTC."""
        member = await self._pool.ready(Role.HISTORY, self._link_wait_s)
        return _second(await member.connection.requests.current_time()) * SECOND_NS

    async def learn(self, instrument: Instrument) -> None:
        """Ask IB about an instrument, so that its past can be asked for.

        Raises:
            NoContractError: When IB knows none, or several.
        """
        member = await self._pool.ready(Role.HISTORY, self._link_wait_s)
        found = await describe(member.connection.requests, instrument)
        self._contracts[instrument.symbol] = to_contract(instrument, found.con_id)

    async def bars(
        self,
        symbol: str,
        *,
        end_ns: int,
        duration: str,
        size: str,
        show: str,
        regular: bool,
    ) -> list[BarRow]:
        """Ask for bars; none when IB has none.

        Args:
            symbol: Of what; `learn` must know it.
            end_ns: The last one ends here, ns UTC.
            duration: How far back, in IB's words.
            size: Their length, in IB's words.
            show: TRADES, BID or ASK.
            regular: Whether only regular hours are wanted.

        Raises:
            RequestError: When IB refuses for good, or too often.
        """
        end, contract = _ib_time(end_ns), self._contracts[symbol]
        kind = (contract.conId, contract.symbol, contract.exchange, show)

        def ask(requests: Requests) -> Awaitable[list[BarData]]:
            return requests.bars(
                contract, end=end, duration=duration, size=size, show=show, regular=regular
            )

        try:
            found = await self._ask(
                ask, (kind, end, duration, size, regular), kind, small=size in SMALL_SIZES
            )
        except NoDataError:
            return []
        return [_bar_row(one) for one in found]

    async def ticks(
        self,
        kind: TickKind[_T],
        symbol: str,
        start_ns: int,
        end_ns: int,
        *,
        regular: bool,
        on_progress: Callable[[int], None],
    ) -> list[_T]:
        """Ask for every tick from start to end, up to a thousand at a time.

        An answer may end in the middle of a second, so the next one begins with that second again.
        A second with more ticks than an answer holds keeps those that came: IB names no finer time.

        Args:
            kind: Of what: `PRINTS` or `QUOTES`.
            symbol: Of what; `learn` must know it.
            start_ns: The first ones, ns UTC.
            end_ns: The last ones, ns UTC.
            regular: Whether only regular hours are wanted.
            on_progress: Told how far it has come, ns UTC.

        Raises:
            RequestError: When IB refuses for good, or too often.
        """
        contract, show = self._contracts[symbol], kind.show
        same = (contract.conId, contract.symbol, contract.exchange, show)
        second, stop = start_ns // SECOND_NS, -(-end_ns // SECOND_NS)
        found: list[_T] = []
        while second < stop:
            start = _ib_time(second * SECOND_NS)

            def ask(requests: Requests, start: str = start) -> Awaitable[list[Any]]:
                return requests.ticks(
                    contract, start=start, count=TICKS_PER_REQUEST, show=show, regular=regular
                )

            try:
                ticks = await self._ask(
                    ask, (same, start), same, small=True, twice=show == "BID_ASK"
                )
            except NoDataError:
                break
            times = [_second(one.time) for one in ticks]
            ends = len(ticks) < TICKS_PER_REQUEST or times[-1] >= stop
            last = stop if ends else times[-1] if times[-1] > second else second + 1
            found += [
                kind.row_of(one)
                for one, at in zip(ticks, times, strict=True)
                if second <= at < last
            ]
            second = last
            on_progress(min(second * SECOND_NS, end_ns))
        return found

    # --- inside --------------------------------------------------------------------------------

    async def _ask(
        self,
        ask: Callable[[Requests], Awaitable[_T]],
        same: object,
        kind: object,
        *,
        small: bool,
        twice: bool = False,
    ) -> _T:
        """Make a request within the budget, and again where it may succeed later."""
        failures: dict[type[RequestError], int] = {}
        while True:
            member = await self._pool.ready(Role.HISTORY, self._link_wait_s)
            turn = await self._budget.turn(same, kind, small=small, twice=twice)
            try:
                with turn:
                    self.requests += 1
                    return await ask(member.connection.requests)
            except (PacingError, RequestTimeoutError, LinkLostError) as error:
                count = failures[type(error)] = failures.get(type(error), 0) + 1
                if count >= TRIES[type(error)]:
                    raise
                await self._put_off(error, count)

    async def _put_off(self, error: RequestError, count: int) -> None:
        pause = min(FIRST_PAUSE_S * 2 ** (count - 1), LONGEST_PAUSE_S)
        if isinstance(error, PacingError):
            self._budget.pause(pause)
        elif isinstance(error, LinkLostError):
            pause = 0.0
        self.on_wait(str(error), pause)
        if not isinstance(error, PacingError):
            await self._sleep(pause)


def _ib_time(ts_ns: int) -> str:
    return f"{dt.datetime.fromtimestamp(ts_ns // SECOND_NS, dt.UTC):%Y%m%d-%H:%M:%S}"


def _second(moment: dt.datetime) -> int:
    return round((moment - _EPOCH).total_seconds())


def _bar_row(bar: BarData) -> BarRow:
    date = bar.date
    if not isinstance(date, dt.datetime):
        date = dt.datetime.combine(date, dt.time(), dt.UTC)
    prices = (bar.open, bar.high, bar.low, bar.close)
    return BarRow(_second(date) * SECOND_NS, prices, max(0.0, float(bar.volume)))


def _print_row(tick: Any) -> PrintRow:
    doubtful = bool(tick.tickAttribLast.unreported)
    return PrintRow(_second(tick.time) * SECOND_NS, tick.price, float(tick.size), doubtful)


def _quote_row(tick: HistoricalTickBidAsk) -> QuoteRow:
    at = _second(tick.time) * SECOND_NS
    return QuoteRow(at, tick.priceBid, tick.priceAsk, float(tick.sizeBid), float(tick.sizeAsk))


PRINTS = TickKind("TRADES", _print_row)
QUOTES = TickKind("BID_ASK", _quote_row)
