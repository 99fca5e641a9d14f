"""Fetching history from IB into the catalog: what is lacking, within IB's limits, day by day."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ikbr.broker.connection import ConnectionSettings
from ikbr.broker.history import PRINTS, QUOTES, HistoryDesk, TickKind
from ikbr.broker.history_budget import HistoryBudget
from ikbr.broker.pool import ConnectionPool, PoolSettings, Role
from ikbr.broker.request_errors import LinkLostError
from ikbr.data.catalog import Catalog
from ikbr.data.columns import Columns, resolution
from ikbr.data.fetch_day import Stored, bars_of, prints_of, quote_bars_of, quotes_of, store
from ikbr.data.fetch_plan import IB_SIZES, Unit, lacking, last_days
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import BrokerError, DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.past import BarRow

_T = TypeVar("_T")

PARALLEL = 4
"""Days asked for at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """Say what to fetch, from where, and where it goes.

    Attributes:
        symbols: Contracts as people write them.
        kind: Of which kind, as the catalog names it.
        days: The last N sessions that are over; used when there is no `start`.
        start, end: First and last day.
        regular: Whether only regular hours are wanted.
        catalog: Folder of the catalog.
        gateway: Where the gateway is, and the client id to use.
        lock_dir: Folder of the locks on client ids; None for no locks.
        parallel: How many days are asked for at once.
    """

    symbols: Sequence[str]
    kind: str
    days: int = 30
    start: dt.date | None = None
    end: dt.date | None = None
    regular: bool = True
    catalog: Path
    gateway: ConnectionSettings
    lock_dir: Path | None = None
    parallel: int = PARALLEL


@dataclass(slots=True)
class Fetched:
    """Say what became of one symbol.

    Attributes:
        symbol: Which.
        held: Days that were in the catalog before.
        days, rows: What was written.
        empty: Days of which IB has nothing.
        unfinished: Days that are not over yet.
        doubts: What wants a look, in words.
        faults: Days that were not written because they cannot be used, with the reason.
        failure: Why the rest was given up; "" when nothing was.
    """

    symbol: str
    held: int = 0
    days: int = 0
    rows: int = 0
    empty: list[dt.date] = field(default_factory=list)
    unfinished: tuple[dt.date, ...] = ()
    doubts: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    failure: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether everything that was asked for is in the catalog, as far as IB has it."""
        return not (self.failure or self.faults)

    def add(self, unit: Unit, stored: Stored) -> None:
        """Note what became of a unit."""
        self.rows += stored.rows
        self.days += stored.days
        self.empty += stored.empty
        self.doubts += [f"{one.day} {one.rule}: {one.text}" for one in stored.doubts]
        self.faults += [f"{unit.name}: {one.text}" for one in stored.faults]


@dataclass(slots=True)
class Progress:
    """Tell how far a fetch has come; the callbacks do nothing unless they are set.

    Attributes:
        on_plan: Told how many days there are to fetch.
        on_part: Told which share of a day, 0 to 1, has come since the last call.
        on_done: Told what is done.
        on_wait: Told why and for how many seconds something is put off.
    """

    on_plan: Callable[[int], None] = lambda _days: None
    on_part: Callable[[float], None] = lambda _share: None
    on_done: Callable[[str, int], None] = lambda _name, _rows: None
    on_wait: Callable[[str, float], None] = lambda _why, _seconds: None


async def fetch(
    request: FetchRequest,
    progress: Progress | None = None,
    *,
    budget: HistoryBudget | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> list[Fetched]:
    """Fetch what the catalog lacks.

    A day is written when all of it has come and was checked; what was written stays, however the
    fetch ends.

    Args:
        request: What is wanted.
        progress: Told how far it has come.
        budget: What IB allows; None for the usual limits.
        sleep: Waits for so many seconds.

    Returns:
        What became of each symbol.

    Raises:
        ContractError, DataError: When the request makes no sense; nothing was asked.
        BrokerError: When there is no gateway, or it does not answer.
    """
    instruments = [parse_contract(one) for one in dict.fromkeys(request.symbols)]
    if not instruments:
        raise DataError("symbols are missing; name some, as AAPL,SPY.")
    settings = PoolSettings(
        base=request.gateway, orders=0, data=0, history=1, lock_dir=request.lock_dir
    )
    pool = ConnectionPool(settings, draw=random.random, wall_s=time.time)
    desk = HistoryDesk(pool, budget or HistoryBudget(time_s=time.monotonic), sleep=sleep)
    work = _Fetch(request, Catalog(request.catalog), pool, desk, progress or Progress())
    pool.start()
    try:
        await pool.ready(Role.HISTORY, 3 * request.gateway.timeout_s)
        work.now_ns = await desk.now_ns()
        work.synthetic = pool.least_loaded(Role.HISTORY).greeting.simulated
        for instrument in instruments:
            work.catalog.check_fits(instrument, synthetic=work.synthetic)
        for instrument in instruments:
            await desk.learn(instrument)
            work.plan(instrument)
        await work.run()
    finally:
        await pool.stop()
    return list(work.found.values())


class _Fetch:
    """Hold a fetch that is under way."""

    def __init__(
        self,
        request: FetchRequest,
        catalog: Catalog,
        pool: ConnectionPool,
        desk: HistoryDesk,
        progress: Progress,
    ) -> None:
        self.request = request
        self.catalog = catalog
        self.now_ns = 0
        self.synthetic = False
        self.found: dict[str, Fetched] = {}
        self._units: list[Unit] = []
        self._pool = pool
        self._desk = desk
        self._progress = progress
        desk.on_wait = progress.on_wait

    def plan(self, instrument: Instrument) -> None:
        """Find out what a symbol lacks."""
        request, calendar = self.request, instrument.calendar
        first, last = last_days(calendar, request.days, self.now_ns, self.catalog)
        span = (request.start or first, request.end or last)
        if span[0] > span[1]:
            raise DataError(f"start {span[0]} is after end {span[1]}; exchange them.")
        lack = lacking(
            self.catalog,
            instrument,
            request.kind,
            span,
            now_ns=self.now_ns,
            regular=request.regular,
        )
        self.found[instrument.symbol] = Fetched(
            instrument.symbol, held=lack.held, unfinished=lack.unfinished
        )
        self._units += lack.units

    async def run(self) -> None:
        """Fetch, several days at once."""
        self._progress.on_plan(len(self._units))
        waiting = list(reversed(self._units))

        async def worker() -> None:
            while waiting:
                await self._take(waiting.pop())

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.request.parallel, len(waiting))):
                    group.create_task(worker())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _take(self, unit: Unit) -> None:
        found = self.found[unit.instrument.symbol]
        if found.failure:
            return
        parts = _Parts(unit, self._progress.on_part)
        try:
            columns = await self._ask(unit, parts)
            stored = store(
                self.catalog, unit, columns, now_ns=self.now_ns, synthetic=self.synthetic
            )
        except (BrokerError, DataError) as error:
            # Whatever IB refuses of one day it refuses of the next; other symbols go on.
            lost = isinstance(error, LinkLostError)
            for one in self.found.values() if lost else (found,):
                one.failure = one.failure or str(error)
            return
        found.add(unit, stored)
        parts.finish()
        self._progress.on_done(unit.name, stored.rows)

    async def _ask(self, unit: Unit, parts: _Parts) -> Columns:
        match unit.kind.partition("-")[0]:
            case "print":
                return prints_of(unit, await self._ticks(PRINTS, unit, parts))
            case "quote":
                return quotes_of(unit, await self._ticks(QUOTES, unit, parts))
            case "bar":
                return bars_of(unit, await self._bars(unit, "TRADES", parts))
            case _:
                bids = await self._bars(unit, "BID", parts)
                return quote_bars_of(unit, bids, await self._bars(unit, "ASK", parts))

    async def _ticks(self, kind: TickKind[_T], unit: Unit, parts: _Parts) -> list[_T]:
        return await self._desk.ticks(
            kind, unit.instrument.symbol, *unit.hours, regular=unit.regular, on_progress=parts.reach
        )

    async def _bars(self, unit: Unit, show: str, parts: _Parts) -> list[BarRow]:
        rows: list[BarRow] = []
        pieces = unit.pieces()
        for piece in pieces:
            rows += await self._desk.bars(
                unit.instrument.symbol,
                end_ns=piece.end_ns,
                duration=piece.duration,
                size=IB_SIZES[resolution(unit.kind)],
                show=show,
                regular=unit.regular,
            )
            parts.add(1 / len(pieces) / (1 if show == "TRADES" else 2))
        return rows


class _Parts:
    """Tell which share of a unit has come."""

    def __init__(self, unit: Unit, tell: Callable[[float], None]) -> None:
        self._start, self._end = unit.hours
        self._tell = tell
        self._told = 0.0

    def reach(self, ts_ns: int) -> None:
        """Take that everything up to a time has come."""
        self.add((ts_ns - self._start) / (self._end - self._start) - self._told)

    def add(self, share: float) -> None:
        """Take that a share has come."""
        self._told += share
        self._tell(share)

    def finish(self) -> None:
        """Take that all has come."""
        self.add(1.0 - self._told)
