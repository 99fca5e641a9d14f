"""Recording live market data: from a gateway's ticks into the catalog."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ikbr.broker.connection import ConnectionSettings, LinkState
from ikbr.broker.contract_details import describe
from ikbr.broker.contracts import ContractTable
from ikbr.broker.market_feed import MarketFeed
from ikbr.broker.market_time import MarketTime
from ikbr.broker.pool import ConnectionPool, Member, PoolSettings, Role
from ikbr.data.catalog import Catalog
from ikbr.data.recorder import Recorder
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.timers import NEVER

FLUSH_S = 0.5
"""How often it is looked at whether rows wait in memory, and whether it is time to end."""

HALTED_FROM = 1.0
"""Source: IBKR, TWS API, "Halted": 0 is dealt in, 1 and 2 are halted, below 0 is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRequest:
    """Say what to record, from where, and where it goes.

    Attributes:
        symbols: Contracts as people write them.
        catalog: Folder of the catalog.
        gateway: Where the gateway is, and the client id to use.
        lock_dir: Folder of the locks on client ids; None for no locks.
        for_s: End after so many seconds; 0 for never.
        until_ns: End at this time, ns UTC; 0 for never.
        lines: Market data lines of the user.
        delayed: Whether delayed data will do.
    """

    symbols: Sequence[str]
    catalog: Path
    gateway: ConnectionSettings
    lock_dir: Path | None = None
    for_s: float = 0.0
    until_ns: int = 0
    lines: int = 100
    delayed: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """Say what was recorded.

    Attributes:
        rows: Rows that were kept.
        lost: Rows that could not be kept.
        kept_apart: Files whose days the catalog has from elsewhere.
    """

    rows: int
    lost: int
    kept_apart: tuple[Path, ...]


async def record(
    request: RecordRequest,
    ended: asyncio.Event,
    tell: Callable[[str], None],
) -> Recorded:
    """Record until an event is set, or until it is time.

    Args:
        request: What is wanted.
        ended: Ends it.
        tell: Told what a person should know.

    Raises:
        ContractError, DataError: When the request makes no sense; nothing was asked.
        BrokerError: When there is no gateway, or too few market data lines.
    """
    instruments = [parse_contract(one) for one in dict.fromkeys(request.symbols)]
    if not instruments:
        raise DataError("symbols are missing; name some, as AAPL,SPY.")
    settings = PoolSettings(
        base=request.gateway,
        orders=0,
        history=0,
        lines=request.lines,
        delayed=request.delayed,
        lock_dir=request.lock_dir,
    )
    pool = ConnectionPool(settings, draw=random.random, wall_s=time.time)
    for one in instruments:
        pool.lines.take(one.symbol)
    watch = _Watch(pool.members[0], instruments, request.delayed, tell)
    pool.on_state = lambda _member, state: watch.on_state(state)
    pool.start()
    try:
        member = await _ready(pool, 3 * request.gateway.timeout_s, ended)
        if member is None:
            return Recorded(0, 0, ())
        await watch.learn()
        recorder = Recorder(
            Catalog(request.catalog), instruments, synthetic=member.greeting.simulated
        )
        recorder.on_problem = tell
        try:
            watch.begin(recorder)
            await _wait(watch, request, recorder, ended)
        finally:
            watch.end()
            recorder.close()
    finally:
        await pool.stop()
    return Recorded(recorder.kept, recorder.lost, tuple(recorder.kept_apart))


async def _ready(pool: ConnectionPool, timeout_s: float, ended: asyncio.Event) -> Member | None:
    """Wait for the gateway; None when the end comes first."""
    ready = asyncio.ensure_future(pool.ready(Role.DATA, timeout_s))
    over = asyncio.ensure_future(ended.wait())
    await asyncio.wait((ready, over), return_when=asyncio.FIRST_COMPLETED)
    over.cancel()
    if ready.done():
        return ready.result()
    ready.cancel()
    return None


async def _wait(
    watch: _Watch, request: RecordRequest, recorder: Recorder, ended: asyncio.Event
) -> None:
    while not ended.is_set():
        try:
            async with asyncio.timeout(FLUSH_S):
                await ended.wait()
        except TimeoutError:
            recorder.flush()
        began_ns, now_ns = watch.began_ns, watch.now_ns
        over = request.for_s and began_ns and now_ns - began_ns >= request.for_s * 1e9
        if over or 0 < request.until_ns <= now_ns:
            return


class _Watch:
    """Pass what the feed tells on to a recorder, with the time of it (a `Sink`, and `Turns`).

    Attributes:
        began_ns: When the market was first heard of, ns UTC; 0 before.
    """

    def __init__(
        self,
        member: Member,
        instruments: Sequence[Instrument],
        delayed: bool,
        tell: Callable[[str], None],
    ) -> None:
        self.began_ns = 0
        self._member = member
        self._instruments = instruments
        self._tell = tell
        self._contracts = ContractTable(instruments)
        self._recorder: Recorder | None = None
        self._market_ns = 0
        self._turn = 0
        self._subscribed = False
        self._halted: dict[str, bool] = {}
        ib = member.connection.ib
        self._feed = MarketFeed(ib, self._contracts, self, self._on_fault, delayed=delayed)
        self._market_time = MarketTime(ib, self, self._on_fault)

    @property
    def now_ns(self) -> int:
        """The present, ns UTC: the market's where the gateway is a simulated one."""
        return self._market_ns if self._market_time.simulated else time.time_ns()

    async def learn(self) -> None:
        """Ask IB about everything that is recorded."""
        for one in self._instruments:
            found = await describe(self._member.connection.requests, one)
            self._contracts.learn(one.symbol, found.con_id)

    def begin(self, recorder: Recorder) -> None:
        """Subscribe, now and whenever the connection comes back."""
        self._recorder = recorder
        self._member.connection.subscribe("recording", self._subscribe)

    def end(self) -> None:
        """Listen no more."""
        self._feed.flush()
        self._recorder, self._subscribed = None, False
        self._member.connection.unsubscribe("recording")
        if self._member.is_ready:
            self._feed.cancel()

    def on_state(self, state: LinkState) -> None:
        """Forget what belonged to a connection that is lost."""
        if state is LinkState.DOWN:
            self._turn, self._subscribed = 0, False

    def _subscribe(self) -> None:
        self._feed.subscribe(self._instruments)
        self._subscribed = True
        self.began_ns = self.began_ns or self.now_ns
        if self._turn:
            self.on_turn(self._turn)

    def _on_fault(self, error: Exception) -> None:
        self._tell(f"a tick could not be recorded ({type(error).__name__}: {error}).")

    # --- the market's time, of a simulated gateway ---------------------------------------------

    def on_time(self, now_ns: int) -> None:
        """Take the time; what came before it belongs to the time before."""
        self._feed.flush()
        self._market_ns = now_ns

    def on_turn(self, turn: int) -> None:
        """Let the market go on, once it is listened to."""
        self._turn = turn
        if self._subscribed:
            self._feed.flush()
            self._turn = 0
            self._market_time.end_turn(turn, NEVER)

    # --- ticks ---------------------------------------------------------------------------------

    def on_quote(
        self, symbol: str, bid: float, ask: float, bid_size: float, ask_size: float
    ) -> None:
        """Keep a quote."""
        if self._recorder is not None:
            self._recorder.on_quote(symbol, self.now_ns, bid, ask, bid_size, ask_size)

    def on_print(self, symbol: str, price: float, size: float) -> None:
        """Keep a print."""
        if self._recorder is not None:
            self._recorder.on_print(symbol, self.now_ns, price, size)

    def on_standing_last(self, symbol: str, price: float) -> None:
        """Leave out what happened before we listened."""

    def on_halted(self, symbol: str, value: float) -> None:
        """Keep that dealing stops or goes on."""
        halted = value >= HALTED_FROM
        if self._recorder is None or value < 0 or halted is self._halted.get(symbol, False):
            return
        self._halted[symbol] = halted
        self._recorder.on_halt(symbol, self.now_ns, halted=halted)

    def on_no_data(self, symbol: str, code: int, words: str) -> None:
        """Tell that there is nothing to record."""
        self._tell(f"{symbol}: IB says {code}: {words}")
