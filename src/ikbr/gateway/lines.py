"""Market data lines: what a client hears of one instrument as its rows are played.

Messages are put together by hand here, as there are very many of them; that they are what the
tables of `messages/market_answers.py` would write is tested.

Source: IBKR, "Available tick types"; a side that is absent has price -1 and size 0.
"""

from __future__ import annotations

from collections import deque
from struct import Struct
from typing import TYPE_CHECKING

from ikbr.domain.tape import NO_PRICE, Kind
from ikbr.domain.timers import Timer
from ikbr.gateway.messages import market_answers as say
from ikbr.gateway.standing import Shown, Standing, as_it_is, as_it_was
from ikbr.gateway.times import SECOND_NS

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

BID_SIZE, BID, ASK, ASK_SIZE, LAST, LAST_SIZE, HIGH, LOW, VOLUME, CLOSE, OPEN = (
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14,
)  # fmt: skip
LAST_TIME, RT_VOLUME, HALTED, RT_TRADES = 45, 48, 49, 77
DELAYED = {
    BID: 66, ASK: 67, LAST: 68, BID_SIZE: 69, ASK_SIZE: 70, LAST_SIZE: 71, HIGH: 72, LOW: 73,
    VOLUME: 74, CLOSE: 75, OPEN: 76, LAST_TIME: 88,
}  # fmt: skip
"""The tick types of delayed data. Source: IBKR, "Available tick types"."""

ATTRIBUTES = 1
"""Of quotes: may be traded automatically."""
SNAPSHOT_NS = 11 * SECOND_NS
"""Source: IBKR, "Market data snapshots": the end comes eleven seconds after the request."""
BBO_EXCHANGE = "9c0001"
MOST_DELAYED = 500_000
"""Rows that wait in a delayed line; of more the oldest are let through early."""

_PRINT, _AUCTION, _HALT, _RESUME = (
    int(kind) for kind in (Kind.PRINT, Kind.AUCTION, Kind.HALT, Kind.RESUME)
)
_pack = Struct(">I").pack


class Line:
    """Tell one client the ticks of one instrument."""

    def __init__(
        self, session: Session, request_id: int, number: int, *, delayed: bool = False,
        generic: frozenset[int] = frozenset(),
    ) -> None:  # fmt: skip
        """Prepare a line; `open` begins it.

        Args:
            session: Whose.
            request_id: What the client calls it.
            number: Of the instrument.
            delayed: Whether the ticks come late, under other types.
            generic: Generic ticks that are asked for as well.
        """
        self._session = session
        self._world = session.world
        self._id = request_id
        self.number = number
        self._delayed = delayed
        self._delay = self._world.options.delay_s * SECOND_NS
        self._scale = self._world.contracts.instruments[number].price_scale
        self._with_trades = 233 in generic
        self._with_all_trades = 375 in generic
        self._types = {n: DELAYED.get(n, n) if delayed else n for n in range(100)}
        self._heads = {
            (message, tick): f"{message}\x006\0{request_id}\0{self._types[tick]}\0"
            for message in (1, 2, 45, 46)
            for tick in self._types
        }
        self._bid = self._ask = self._last = NO_PRICE
        self._bid_size = self._ask_size = 0
        self._high = self._low = NO_PRICE
        self._seconds = 0
        self._follower = self._on_late_row if delayed else self._on_row
        self._waiting: deque[Shown] = deque()
        self._timer: Timer | None = None
        self._ending: Timer | None = None

    # --- life -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Tell what stands and follow the instrument."""
        self._begin(3 if self._delayed else 1)
        if self._delayed:
            standing, since = as_it_was(self._world, self.number, self._world.now_ns - self._delay)
            self._tell(standing)
            self._waiting.extend(since[-MOST_DELAYED:])
            self._world.follow(self.number, self._follower)
            self._wake()
        else:
            self._tell(as_it_is(self._world, self.number))
            self._world.follow(self.number, self._follower)

    def snapshot(self) -> None:
        """Tell what stands, and that this is all; where nothing stands, what comes meanwhile."""
        self._begin(3 if self._delayed else 1)
        world, number = self._world, self.number
        if self._delayed:
            self._tell(as_it_was(world, number, world.now_ns - self._delay)[0])
        else:
            self._tell(as_it_is(world, number))
        if self._last != NO_PRICE or NO_PRICE not in {self._bid, self._ask}:
            self._end_snapshot()
        else:
            world.follow(number, self._follower)
            self._ending = world.clock.call_at(world.now_ns + SNAPSHOT_NS, self._end_snapshot)

    def close(self) -> None:
        """Follow the instrument no more."""
        for timer in (self._timer, self._ending):
            if timer is not None:
                timer.cancel()
        self._world.unfollow(self.number, self._follower)

    def _end_snapshot(self) -> None:
        self._session.send(say.TICK_SNAPSHOT_END, {"reqId": self._id})
        if self._ending is not None:
            self.close()
        self._session.state["snapshots"].pop(self._id, None)

    def refresh(self) -> None:
        """Tell once more what stands, after an interruption."""
        if not self._delayed:
            self._tell(as_it_is(self._world, self.number))

    # --- rows -----------------------------------------------------------------------------------

    def _on_row(
        self,
        ts: int,
        kind: int,
        bid: int,
        ask: int,
        last: int,
        bid_size: int,
        ask_size: int,
        size: int,
    ) -> None:
        world, number = self._world, self.number
        self._show(
            ts, kind, bid, ask, last, bid_size, ask_size, size,
            world.volume[number], world.high[number], world.low[number],
        )  # fmt: skip

    def _on_late_row(
        self,
        ts: int,
        kind: int,
        bid: int,
        ask: int,
        last: int,
        bid_size: int,
        ask_size: int,
        size: int,
    ) -> None:
        world, number = self._world, self.number
        self._waiting.append((
            ts, kind, bid, ask, last, bid_size, ask_size, size,
            world.volume[number], world.high[number], world.low[number],
        ))  # fmt: skip
        if len(self._waiting) > MOST_DELAYED:
            self._show(*self._waiting.popleft())
        if self._timer is None:
            self._wake()

    def _wake(self) -> None:
        """Let through what is late enough, and come back for the next."""
        waiting, now = self._waiting, self._world.now_ns
        while waiting and waiting[0][0] + self._delay <= now:
            self._show(*waiting.popleft())
        self._timer = None
        if waiting:
            self._timer = self._world.clock.call_at(waiting[0][0] + self._delay, self._wake)

    def _show(  # noqa: PLR0913, PLR0917 - a row has that many columns
        self,
        ts: int,
        kind: int,
        bid: int,
        ask: int,
        last: int,
        bid_size: int,
        ask_size: int,
        size: int,
        volume: int,
        high: int,
        low: int,
    ) -> None:
        """Tell what a row changed."""
        if bid != self._bid:
            self._bid, self._bid_size = bid, bid_size
            self._price(BID, bid, bid_size)
        elif bid_size != self._bid_size:
            self._bid_size = bid_size
            self._size(BID_SIZE, bid_size)
        if ask != self._ask:
            self._ask, self._ask_size = ask, ask_size
            self._price(ASK, ask, ask_size)
        elif ask_size != self._ask_size:
            self._ask_size = ask_size
            self._size(ASK_SIZE, ask_size)
        if _PRINT <= kind <= _AUCTION:
            if last != NO_PRICE:
                self._print(ts, last, size, volume, high, low)
        elif kind >= _HALT:
            self._generic(HALTED, 1 if kind == _HALT else 0)

    def _print(self, ts: int, last: int, size: int, volume: int, high: int, low: int) -> None:
        seconds = ts // SECOND_NS
        if seconds != self._seconds:
            self._seconds = seconds
            self._string(LAST_TIME, str(seconds))
        self._last = last
        self._price(LAST, last, size)
        if size:
            self._size(VOLUME, volume)
        if high != self._high:
            self._high = high
            self._price(HIGH, high, 0)
        if low != self._low:
            self._low = low
            self._price(LOW, low, 0)
        for wanted, tick in ((self._with_trades, RT_VOLUME), (self._with_all_trades, RT_TRADES)):
            if wanted:
                price, vwap = last / self._scale, self._world.vwap(self.number)
                self._string(tick, f"{price};{size};{ts // 1_000_000};{volume};{vwap};true")

    def _tell(self, now: Standing) -> None:
        """Tell the state of the market, as far as it is known."""
        self._bid, self._ask, self._last = now.bid, now.ask, now.last
        self._bid_size, self._ask_size = now.bid_size, now.ask_size
        self._high, self._low = now.high, now.low
        if now.bid != NO_PRICE:
            self._price(BID, now.bid, now.bid_size)
        if now.ask != NO_PRICE:
            self._price(ASK, now.ask, now.ask_size)
        if now.last != NO_PRICE:
            self._price(LAST, now.last, now.last_size)
        if now.volume:
            self._size(VOLUME, now.volume)
        for tick, units in ((HIGH, now.high), (LOW, now.low), (CLOSE, now.close),
                            (OPEN, now.opened)):  # fmt: skip
            if units != NO_PRICE:
                self._price(tick, units, 0)
        self._generic(HALTED, 1 if now.halted else 0)

    # --- messages -------------------------------------------------------------------------------

    def _begin(self, kind: int) -> None:
        instrument = self._world.contracts.instruments[self.number]
        self._session.send(say.MARKET_DATA_TYPE, {"reqId": self._id, "type": kind})
        self._session.send(
            say.TICK_REQ_PARAMS,
            {
                "reqId": self._id,
                "minTick": instrument.min_tick,
                "bboExchange": BBO_EXCHANGE,
                "snapshotPermissions": 3,
            },
        )

    def _price(self, tick: int, units: int, size: int) -> None:
        if units == NO_PRICE:
            tail = "-1.0\x000\x000\0"
        elif tick <= ASK:
            tail = f"{units / self._scale}\0{size or 1}\x001\0"
        else:
            tail = f"{units / self._scale}\0{size}\x000\0"
        payload = (self._heads[1, tick] + tail).encode()
        self._session.send_raw(_pack(len(payload)) + payload)

    def _size(self, tick: int, size: int) -> None:
        payload = f"{self._heads[2, tick]}{size}\0".encode()
        self._session.send_raw(_pack(len(payload)) + payload)

    def _string(self, tick: int, text: str) -> None:
        payload = f"{self._heads[46, tick]}{text}\0".encode()
        self._session.send_raw(_pack(len(payload)) + payload)

    def _generic(self, tick: int, value: float) -> None:
        payload = f"{self._heads[45, tick]}{float(value)}\0".encode()
        self._session.send_raw(_pack(len(payload)) + payload)
