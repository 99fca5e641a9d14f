"""The account feed: what one client hears of accounts, and when.

Source: IBKR, "Account updates" (values after a fill and every three minutes), "Positions", "P&L"
(about once a second).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ikbr.domain.timers import Timer
from ikbr.gateway import times
from ikbr.gateway.books import AccountValue, Books
from ikbr.gateway.fields import Values
from ikbr.gateway.messages import answers
from ikbr.gateway.tables import Table

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

MOST_SUMMARIES = 2
"""Source: TWS API message code 322: at most two account summaries at once."""
MOST_REQUESTS = 200
"""Subscriptions of one kind that a client may have."""
PNL_NS = times.SECOND_NS
VALUES_NS = 180 * times.SECOND_NS

Told = dict[tuple[str, str], str]


class Changes:
    """Tell the values of some accounts, and afterwards only those that changed."""

    def __init__(self, tell: Callable[[Books, AccountValue], None], names: Sequence[str]) -> None:
        """Start with nothing told.

        Args:
            tell: Sends one value of an account.
            names: Of the accounts.
        """
        self.names = names
        self._tell = tell
        self._told: dict[str, Told] = {}

    def update(self, books: Books, keys: Sequence[str] = ()) -> bool:
        """Tell what changed.

        Args:
            books: The account.
            keys: Only these; all when there are none.

        Returns:
            Whether anything had.
        """
        told = self._told.setdefault(books.name, {})
        changed = False
        for one in books.values():
            place = (one.key, one.currency)
            if keys and one.key not in keys:
                continue
            if told.get(place) != one.value:
                told[place] = one.value
                changed = True
                self._tell(books, one)
        return changed


class AccountFeed:
    """Hold what one client has subscribed to about accounts."""

    def __init__(self, session: Session) -> None:
        """Start without subscriptions."""
        self._session = session
        self._world = session.world
        self._updates: Changes | None = None
        self._summaries: dict[int, tuple[Changes, tuple[str, ...]]] = {}
        self._multi: dict[int, Changes] = {}
        self._positions = False
        self._positions_multi: dict[int, tuple[str, ...]] = {}
        self._pnl: dict[int, tuple[Callable[[], Values], Table, Values]] = {}
        self._timers: dict[str, Timer] = {}
        session.at_close(self._stop)

    # --- subscriptions --------------------------------------------------------------------------

    def follow_updates(self, books: Books) -> None:
        """Tell an account's values and positions, from now on."""
        self._updates = Changes(self._tell_value, (books.name,))
        self._updates.update(books)
        for number in books.touched():
            self._session.send(answers.PORTFOLIO_VALUE, books.portfolio_of(number))
        self._tell_time()
        self._session.send(answers.ACCOUNT_DOWNLOAD_END, {"account": books.name})
        self._start("values", VALUES_NS, self._update_values)

    def leave_updates(self) -> None:
        """Tell them no more."""
        self._updates = None

    def follow_summary(
        self, request_id: int, names: tuple[str, ...], tags: tuple[str, ...]
    ) -> bool:
        """Tell some values of accounts; say whether that is allowed."""
        if len(self._summaries) >= MOST_SUMMARIES and request_id not in self._summaries:
            return False

        def tell(books: Books, one: AccountValue) -> None:
            values = {"reqId": request_id, "account": books.name, "tag": one.key}
            values |= {"value": one.value, "currency": one.currency}
            self._session.send(answers.ACCOUNT_SUMMARY, values)

        summary = Changes(tell, names)
        self._summaries[request_id] = (summary, tags)
        for name in names:
            summary.update(self._world.books[name], tags)
        self._session.send(answers.ACCOUNT_SUMMARY_END, {"reqId": request_id})
        self._start("values", VALUES_NS, self._update_values)
        return True

    def leave_summary(self, request_id: int) -> None:
        """Tell it no more."""
        self._summaries.pop(request_id, None)

    def follow_multi(self, request_id: int, names: tuple[str, ...], model: str) -> None:
        """Tell the values of accounts by request."""

        def tell(books: Books, one: AccountValue) -> None:
            values = {"reqId": request_id, "account": books.name, "modelCode": model}
            values |= {"key": one.key, "value": one.value, "currency": one.currency}
            self._session.send(answers.ACCOUNT_UPDATE_MULTI, values)

        self._multi[request_id] = Changes(tell, names)
        for name in names:
            self._multi[request_id].update(self._world.books[name])
        self._session.send(answers.ACCOUNT_UPDATE_MULTI_END, {"reqId": request_id})
        self._start("values", VALUES_NS, self._update_values)

    def leave_multi(self, request_id: int) -> None:
        """Tell them no more."""
        self._multi.pop(request_id, None)

    def follow_positions(self) -> None:
        """Tell all positions, from now on."""
        self._positions = True
        for books in self._world.books.values():
            for position in books.held():
                self._session.send(answers.POSITION, position)
        self._session.send(answers.POSITION_END, {})

    def leave_positions(self) -> None:
        """Tell them no more."""
        self._positions = False

    def follow_positions_multi(self, request_id: int, names: tuple[str, ...]) -> None:
        """Tell the positions of accounts by request."""
        self._positions_multi[request_id] = names
        for name in names:
            for position in self._world.books[name].held():
                self._session.send(answers.POSITION_MULTI, position | {"reqId": request_id})
        self._session.send(answers.POSITION_MULTI_END, {"reqId": request_id})

    def leave_positions_multi(self, request_id: int) -> None:
        """Tell them no more."""
        self._positions_multi.pop(request_id, None)

    def follow_pnl(self, request_id: int, profit: Callable[[], Values], table: Table) -> None:
        """Tell a profit now and whenever it changed, once a second."""
        self._pnl[request_id] = (profit, table, {})
        self._update_pnl()
        self._start("pnl", PNL_NS, self._update_pnl)

    def leave_pnl(self, request_id: int) -> bool:
        """Tell it no more; say whether it was told."""
        return self._pnl.pop(request_id, None) is not None

    @property
    def is_full(self) -> bool:
        """Whether there are too many subscriptions."""
        return len(self._pnl) + len(self._multi) + len(self._positions_multi) >= MOST_REQUESTS

    # --- what happens ---------------------------------------------------------------------------

    def on_books(self, books: Books, number: int) -> None:
        """Tell what a fill changed."""
        send = self._session.send
        updates = self._updates
        if updates is not None and books.name in updates.names:
            send(answers.PORTFOLIO_VALUE, books.portfolio_of(number))
        if self._positions:
            send(answers.POSITION, books.position_of(number))
        for request_id, names in self._positions_multi.items():
            if books.name in names:
                send(answers.POSITION_MULTI, books.position_of(number) | {"reqId": request_id})
        if updates is not None and books.name in updates.names and updates.update(books):
            self._tell_time()
        for one in self._multi.values():
            if books.name in one.names:
                one.update(books)

    def _update_values(self) -> None:
        for books in self._world.books.values():
            updates = self._updates
            if updates is not None and books.name in updates.names:
                for number in books.touched():
                    if books.quantity(number):
                        self._session.send(answers.PORTFOLIO_VALUE, books.portfolio_of(number))
                updates.update(books)
                self._tell_time()
            for one in self._multi.values():
                if books.name in one.names:
                    one.update(books)
            for request_id, (summary, tags) in self._summaries.items():
                if books.name in summary.names and summary.update(books, tags):
                    self._session.send(answers.ACCOUNT_SUMMARY_END, {"reqId": request_id})
        if self._updates is not None or self._multi or self._summaries:
            self._start("values", VALUES_NS, self._update_values)

    def _update_pnl(self) -> None:
        for request_id, (profit, table, told) in list(self._pnl.items()):
            values = profit()
            if values != told:
                self._pnl[request_id] = (profit, table, values)
                self._session.send(table, values | {"reqId": request_id})
        if self._pnl:
            self._start("pnl", PNL_NS, self._update_pnl)

    def _tell_value(self, books: Books, one: AccountValue) -> None:
        values = {"key": one.key, "value": one.value, "currency": one.currency}
        self._session.send(answers.ACCOUNT_VALUE, values | {"account": books.name})

    def _tell_time(self) -> None:
        now = times.local(self._world.now_ns, "US/Eastern")
        self._session.send(answers.ACCOUNT_UPDATE_TIME, {"time": f"{now:%H:%M}"})

    def _start(self, name: str, after_ns: int, update: Callable[[], None]) -> None:
        timer = self._timers.get(name)
        if timer is None or timer.callback is None:
            clock = self._world.clock
            self._timers[name] = clock.call_at(clock.now_ns + after_ns, update)

    def _stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
