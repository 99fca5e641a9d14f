"""The world behind the gateway: one exchange, its market, accounts and clock for all clients.

Time is the tape's. Nothing moves by itself: whoever owns the world calls `step` or `advance_to`
(the server does so by the wall clock and its speed, or when the control port says so).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ikbr.core.ports import Archive
from ikbr.domain.errors import ConfigError, DataError
from ikbr.domain.marks import mark_units
from ikbr.domain.session import Session as TradingDay
from ikbr.domain.tape import NO_PRICE, Kind, TapeSource
from ikbr.domain.timers import NEVER, TimerHeap
from ikbr.gateway.books import Books
from ikbr.gateway.contracts import Contracts
from ikbr.gateway.desk import Desk
from ikbr.gateway.faults.injector import Injector
from ikbr.gateway.link import Link
from ikbr.gateway.nightly import Nights
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.player import Player
from ikbr.gateway.state.records import State
from ikbr.gateway.state.restore import restore
from ikbr.gateway.turns import NOT_YET, Turns, horizon
from ikbr.gateway.upstream import Upstream
from ikbr.gateway.waiting import Waiting
from ikbr.sim.actions import split_ratio
from ikbr.sim.exchange import Exchange
from ikbr.sim.market import StandingMarket


class Follower(Protocol):
    """Carry messages to a client that follows the market's time."""

    @property
    def waiting(self) -> int:
        """Count the bytes that wait for the client."""

    def tell_time(self) -> None:
        """Tell the client the time."""


RowListener = Callable[[int, int, int, int, int, int, int, int], None]
"""ts, kind, bid, ask, last, bid_size, ask_size, size of one instrument."""

WATCH_NS = 60_000_000_000
"""How often margin is looked at."""


class World:
    """Hold what all clients share.

    Attributes:
        options: What kind of gateway it is.
        source: The tape.
        history: Gives past bars, if anyone does.
        clock: Time, that of the tape; nothing else may be asked for it.
        market: The standing market by instrument number.
        exchange: Where orders meet.
        contracts: The instruments and their names on the wire.
        days: The trading days of the tape.
        books: The accounts by name.
        desk: All orders.
        began_ns: When the tape begins.
        links: The clients that are connected, by client id.
        followers: Those of them that follow the market's time: the market waits for them.
        player: Turns the pages of the tape.
        upstream: What the gateway itself is connected to.
        faults: What goes wrong.
        on_books: Told every account that has changed, but for its marks.
        on_settled: Called when something is over, before clients are told of it.
        actions_until_ns: Up to when splits were carried out.
        volume, high, low, opened: Of the present day, by instrument number; price units.
        last_size: Of the latest print, by instrument number.
        close: Last price of the day before, by instrument number.
    """

    def __init__(
        self,
        source: TapeSource,
        options: GatewayOptions | None = None,
        *,
        history: Archive | None = None,
        state: State | None = None,
    ) -> None:
        """Build the world; it stands just before the first row or open of the tape.

        Args:
            source: What happens.
            options: What kind of gateway it is.
            history: Gives past bars; without, they are made of what was played.
            state: What was written down of an earlier world; this one goes on from there.

        Raises:
            DataError: When the tape is empty.
            ConfigError: When the rate of a currency is not known.
            FeeTableError: When no fees are known for its days.
            StateError: When the state does not fit the tape or the accounts.
        """
        self.options = options or GatewayOptions()
        self.source = source
        self.history = history
        self.clock = TimerHeap()
        self.contracts = Contracts(source.instruments)
        count = len(self.contracts.instruments)
        self._check_currencies()
        self.market = StandingMarket(count)
        self.exchange = Exchange(
            self.contracts.instruments, self.options.model, self.clock, self.market
        )
        self.days: Sequence[TradingDay] = source.sessions
        self.links: dict[int, Link] = {}
        self.followers: dict[Follower, Turns] = {}
        self.desk = Desk(self.contracts, self.clock, self.market.touch)
        self.desk.news.links = self.links
        self.desk.on_books = self._tell_books
        self.on_books: Callable[[Books], None] = lambda _books: None
        self.on_settled: Callable[[], None] = lambda: None
        self.upstream = Upstream(self)
        self.faults = Injector(self)
        self.desk.judge = self.faults.on_order
        self.desk.on_execution = self.faults.on_execution
        self._waiting = Waiting(self)
        self.desk.wait = self._waiting.take
        self.books: dict[str, Books] = {}
        for name in self.options.accounts:
            books = Books(name, self.contracts, self.exchange, self.clock, self.options)
            self.books[name] = books
            self.desk.add(books)
        self.player = Player(source)
        if self.player.ended:
            raise DataError("the tape has no rows; there is no market to simulate.")
        self.volume = [0] * count
        self.high, self.low, self.opened, self.close = ([NO_PRICE] * count for _ in range(4))
        self._value = [0] * count
        self.last_size = [0] * count
        self._marks = [NO_PRICE] * count
        self._listeners: list[list[RowListener]] = [[] for _ in range(count)]
        self._begin()
        if state is not None:
            restore(self, state)
        self._nights = Nights(self)
        self.faults.load(self.options.faults)

    @property
    def now_ns(self) -> int:
        """The present, ns UTC."""
        return self.clock.now_ns

    @property
    def ended(self) -> bool:
        """Whether the tape is over, and with it its last day."""
        return self.player.ended and self.clock.now_ns >= self._end_ns

    def step(self, rows: int = 1) -> int:
        """Play the next rows of the tape, with everything due before them.

        Args:
            rows: How many.

        Returns:
            How many there were; when there are none any more, the last day is ended.
        """
        count = self._play(NEVER, rows)
        if not count:
            self.clock.advance(max(self._end_ns, self.clock.now_ns))
        self.settle()
        return count

    def advance_to(self, ts_ns: int, most: int = NEVER) -> int:
        """Play everything up to a time, and let that be the present.

        Args:
            ts_ns: The time, ns UTC.
            most: No more than so many rows; if there are more, the time is not reached yet.

        Returns:
            How many rows there were.
        """
        count = self._play(ts_ns, most)
        if count < most:
            self.clock.advance(ts_ns)
        self.settle()
        return count

    def follow_to(self, ts_ns: int, most: int = NEVER) -> int:
        """Play as far as the clients that follow the market's time let it go.

        After every instant of which one of them has to hear it is that client's turn.

        Args:
            ts_ns: Go no further than this, ns UTC.
            most: Play no more than so many rows.

        Returns:
            How many rows were played.
        """
        clock, player, rows = self.clock, self.player, 0
        while rows < most and not any(one.waiting for one in self.followers):
            until = horizon(self.followers.values())
            if until == NOT_YET:
                break
            last = min(ts_ns, max(self._end_ns, clock.now_ns)) if player.ended else ts_ns
            row, due = player.next_ns, clock.next_ns
            if until <= min(row, due, last):
                clock.advance(until)
                self.desk.settle()
                for one, turns in self.followers.items():
                    if turns.until_ns <= until:
                        one.tell_time()
            elif min(row, due) > last:
                clock.advance(last)
                break
            elif due < row:
                clock.advance(due)
                self.desk.settle()
            else:
                rows += self._play(NEVER, 1)
        self.on_settled()
        return rows

    def play_to(self, ts_ns: int, rows: int) -> None:
        """Play everything before a time, and so many rows of that very moment."""
        self._play(ts_ns - 1, NEVER)
        self._play(ts_ns, rows)
        self.clock.advance(ts_ns)

    def settle(self) -> None:
        """Tell clients what has become of their requests; called after each that was taken."""
        self.desk.settle()
        self.on_settled()

    def follow(self, number: int, listener: RowListener) -> None:
        """Hear every row of an instrument, after the exchange did."""
        self._listeners[number].append(listener)

    def unfollow(self, number: int, listener: RowListener) -> None:
        """Hear no more."""
        self._listeners[number].remove(listener)

    def put_row(self, symbol: str, kind: Kind) -> None:
        """Let something happen to an instrument that is not on the tape: a halt, its end."""
        market = self.market
        number = next(n for n, one in enumerate(self.contracts.instruments) if one.symbol == symbol)
        sizes = (market.bid_size[number], market.ask_size[number], 0)
        prices = (market.bid[number], market.ask[number], market.last[number])
        self._row(self.now_ns, number, int(kind), *prices, *sizes)

    def vwap(self, number: int) -> float:
        """Give the average price of today's prints, weighted by size; 0.0 before the first."""
        volume = self.volume[number]
        scale = self.contracts.instruments[number].price_scale
        return round(self._value[number] / volume / scale, 6) if volume else 0.0

    def mark(self, number: int) -> int:
        """Give the mark of an instrument in price units, or NO_PRICE."""
        return self._marks[number]

    # --- inside ---------------------------------------------------------------------------------

    def _begin(self) -> None:
        first = self.player.next_ns
        self.clock.now_ns = min([first, *(day.open_ns for day in self.days[:1])]) - 1
        self.began_ns = first
        for books in self.books.values():
            for day in self.days[:1]:
                # Fees that are not known are told now and not in the middle of a day.
                books.account.fees.start_day(day.open_ns)
        self.actions_until_ns = self.clock.now_ns
        self._end_ns = self.days[-1].close_ns if self.days else first
        self.exchange.hours.regular = not self.days
        for day in self.days:
            self.clock.call_at(day.open_ns, self._open, day)
            self.clock.call_at(day.close_ns, self._close, day)
        self.clock.call_at(self.clock.now_ns + WATCH_NS, self._watch_margin)

    def _check_currencies(self) -> None:
        options = self.options
        for one in self.contracts.instruments:
            if one.currency != options.base and one.currency not in options.fx:
                raise ConfigError(
                    f"{one.symbol} is quoted in {one.currency} and the accounts are in "
                    f"{options.base}; give its rate as --fx {one.currency}=RATE."
                )

    def _play(self, until_ns: int, most: int) -> int:
        count = self.player.play(self._row, until_ns=until_ns, most=most)
        self.desk.settle()
        return count

    def _row(  # noqa: PLR0913, PLR0917 - a row has nine columns
        self,
        ts: int,
        sym: int,
        kind: int,
        bid: int,
        ask: int,
        last: int,
        bid_size: int,
        ask_size: int,
        size: int,
    ) -> None:
        clock = self.clock
        if clock.next_ns <= ts:
            clock.advance(ts)
        else:
            clock.now_ns = ts
        self.exchange.on_row(sym, ts, kind, bid, ask, last, bid_size, ask_size, size)
        units = mark_units(bid, ask, last)
        if units != self._marks[sym]:
            self._marks[sym] = units
            symbol = self.contracts.instruments[sym].symbol
            for books in self.books.values():
                books.mark(symbol, units)
        if size and last != NO_PRICE:
            self._print(sym, last, size)
        if not self._waiting.is_empty:
            self._waiting.check()
        self.desk.settle()
        for listener in tuple(self._listeners[sym]):
            listener(ts, kind, bid, ask, last, bid_size, ask_size, size)

    def _tell_books(self, books: Books, number: int) -> None:
        books.mark(self.contracts.instruments[number].symbol, self._marks[number])
        self.on_books(books)
        for link in list(self.links.values()):
            link.on_books(books, number)

    def _print(self, sym: int, last: int, size: int) -> None:
        self.volume[sym] += size
        self.last_size[sym] = size
        self._value[sym] += size * last
        if self.opened[sym] == NO_PRICE:
            self.opened[sym] = self.high[sym] = self.low[sym] = last
        elif last > self.high[sym]:
            self.high[sym] = last
        elif last < self.low[sym]:
            self.low[sym] = last

    def _open(self, day: TradingDay) -> None:
        for books in self.books.values():
            books.account.open_session(day, self.source.actions)
            books.open_day()
            self.on_books(books)
        self._split(day)
        self.exchange.open_session(day)
        count = len(self.volume)
        self.volume[:] = self._value[:] = [0] * count
        for column in (self.high, self.low, self.opened):
            column[:] = [NO_PRICE] * count

    def _split(self, day: TradingDay) -> None:
        """Let the splits of a day cancel the orders in their stocks."""
        if not self.options.model.corporate_actions:
            return
        for action in self.source.actions:
            if self.actions_until_ns < action.ts_ns <= day.open_ns and action.split != 1.0:
                new, old = split_ratio(action.split)
                self.exchange.split(action.symbol, new, old)
                for books in self.books.values():
                    books.split(action.symbol, new, old)
        self.actions_until_ns = day.open_ns

    def _close(self, day: TradingDay) -> None:
        self._waiting.end_day()
        self.exchange.close_session(day)
        for books in self.books.values():
            books.account.close_session(day)
            self.on_books(books)
        self.close[:] = self.market.last

    def _watch_margin(self) -> None:
        self.clock.call_at(self.clock.now_ns + WATCH_NS, self._watch_margin)
        for books in self.books.values():
            if books.account.maintenance_excess_micro() < 0:
                for request in books.account.liquidation_orders():
                    self.desk.liquidate(books, request)
