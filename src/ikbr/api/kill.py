"""The kill switch, put together: latch, process, journal, broker."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ikbr.api.places import Places
from ikbr.broker.client import Client
from ikbr.broker.contracts import ContractTable
from ikbr.broker.emergency import Emergency, connect
from ikbr.broker.requests import Requests
from ikbr.broker.whole_account import WholeAccount
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import BrokerError, IkbrError, JournalError
from ikbr.domain.instrument import Instrument
from ikbr.domain.order import OrderRequest, Side
from ikbr.domain.session_events import ARM, KILL, OperatorAction
from ikbr.journal.replay import State, recall_session
from ikbr.journal.session_journal import SessionJournal
from ikbr.journal.session_opening import open_session
from ikbr.live.kill import Holding, Killing, end_process, stop_at_broker
from ikbr.live.latch import Killed
from ikbr.settings import Settings

CONNECT_S = 10.0
AIM_S = 2.0
"""How long cancelling may wait for the positions."""
ANSWER_S = 1.0
"""How long the last answer may be late."""
KINDS = ("paper", "live")
COMMAND_LINE = "command line"
NOT_KNOWN = "nothing was closed, as no journal says what the strategies hold; use --all --flatten"


@dataclass(frozen=True, slots=True, kw_only=True)
class KillRequest:
    """Say what to stop.

    Attributes:
        reason: Why, in a person's words.
        flatten: Whether what its strategies hold is closed.
        everything: Whether the orders of others (and, with `flatten`, everything held) go too.
        patience_s: How long the bot may take to end by itself, and the broker from the link being
            up until nothing is open.
        source: Through which door.
        user: Who; "" for the user of this process.
    """

    reason: str = ""
    flatten: bool = False
    everything: bool = False
    patience_s: float = 10.0
    source: str = COMMAND_LINE
    user: str = ""


class Outcome(NamedTuple):
    """Say what came of it.

    Attributes:
        process: What became of the bot, in words.
        done: What was done at the broker; None when it could not be reached.
        problem: What could not be done, in words; "" for nothing.
    """

    process: str
    done: Killing | None
    problem: str

    @property
    def complete(self) -> bool:
        """Whether everything was done and nothing is left."""
        return self.done is not None and self.done.complete and not self.problem


def places_of(
    settings: Settings, host: str | None, port: int | None, client_id: int | None
) -> Places:
    """Find a trader by what the settings and the options say."""
    broker = settings.broker
    return Places(
        settings.journal.dir,
        host or broker.host,
        port or broker.port,
        broker.client_id if client_id is None else client_id,
    )


async def kill(places: Places, request: KillRequest) -> Outcome:
    """Stop a trader, whatever state it is in.

    Args:
        places: Whose.
        request: What to stop.

    Returns:
        What came of it.

    Raises:
        StateError: When the latch cannot be set; nothing else was done then.
    """
    source = f"{request.source}, {request.user}" if request.user else request.source
    killed = Killed(time.time_ns(), source, request.reason, request.flatten)
    places.latch.set(killed)
    process = await end_process(places.lock_file, request.patience_s)
    lock = places.lock()
    client = Client()
    try:
        try:
            await connect(client, places.host, places.port, places.client_id, CONNECT_S)
        except (OSError, TimeoutError, BrokerError) as error:
            refused = isinstance(error, ConnectionRefusedError)
            why = "refused" if refused else str(error) or "no answer"
            where = f"{places.host}:{places.port}"
            problem = f"the gateway at {where} cannot be reached ({why}); cancel in TWS"
            return Outcome(process, None, problem)
        try:
            return Outcome(process, *await _stop(client, places, request))
        except TimeoutError:
            problem = f"the gateway has not answered within {request.patience_s:g} s; cancel in TWS"
            return Outcome(process, None, problem)
        except IkbrError as error:
            return Outcome(process, None, f"{str(error).rstrip('.')}; cancel in TWS")
    finally:
        client.disconnect()
        lock.release()


async def _stop(client: Client, places: Places, request: KillRequest) -> tuple[Killing, str]:
    requests = Requests(client)
    account = _account_of(places, client.managedAccounts())
    door = Emergency(client, requests, account)
    with _record(places, account) as record:
        journal, past = record.journal, record.past
        if journal is not None:
            journal.append(
                "operator",
                time.time_ns(),
                _action(KILL, request.reason, request.source, request.user),
            )
        closing = _Closing(
            door, requests, account, places, journal, past, everything=request.everything
        )
        knows = past is not None or request.everything
        # Reading a long journal takes its time, and takes none from the broker.
        async with asyncio.timeout(request.patience_s + ANSWER_S):
            if request.flatten and knows:
                # What fills meanwhile is closed, too; but nothing waits for this for long.
                with suppress(BrokerError, TimeoutError):
                    async with asyncio.timeout(AIM_S):
                        await closing.aim()
            done = await stop_at_broker(
                door,
                everything=request.everything,
                held=closing.held if request.flatten and knows else None,
                send=closing.send,
                within_s=request.patience_s,
            )
    if request.flatten and not knows:
        record.problems.append(NOT_KNOWN)
    return done, "; ".join(record.problems)


class _Closing:
    """Close what strategies hold, or everything."""

    def __init__(
        self,
        door: Emergency,
        requests: Requests,
        account: str,
        places: Places,
        journal: SessionJournal | None,
        past: State | None,
        *,
        everything: bool,
    ) -> None:
        self._everything = everything
        self._aimed = False
        known = past.instruments if past is not None else {}
        self._known = dict(known)
        self._whole = WholeAccount(
            requests, ContractTable(known.values()), account, places.client_id
        )
        self._door = door
        self._journal = journal
        self._past = past
        self._targets: dict[str, int] = {}
        self._owners: dict[str, str] = {}
        self._next_id = past.next_order_id if past is not None else 1

    async def aim(self) -> None:
        """Find out how much is to be left of each position."""
        theirs = await self._whole.positions()
        self._aimed = True
        own: dict[str, int] = {}
        for name, books in (self._past.books if self._past is not None else {}).items():
            for symbol, position in books.positions.items():
                if position.quantity and name:
                    own[symbol] = own.get(symbol, 0) + position.quantity
                    self._owners.setdefault(symbol, name)
        if self._everything:
            self._targets = dict.fromkeys(theirs, 0)
            return
        for symbol, quantity in own.items():
            there = theirs.get(symbol, (0, 0.0))[0]
            # Never more than is there, and never the other way.
            close = min(abs(quantity), abs(there)) * (1 if quantity > 0 else -1)
            if quantity * there > 0:
                self._targets[symbol] = there - close

    async def held(self) -> list[Holding]:
        """Say what is still to be closed."""
        if not self._aimed:
            await self.aim()
        theirs = await self._whole.positions()
        left = {s: theirs.get(s, (0, 0.0))[0] - target for s, target in self._targets.items()}
        return [
            Holding(self._instrument(symbol), quantity, self._owners.get(symbol, ""))
            for symbol, quantity in left.items()
            if quantity
        ]

    def send(self, one: Holding) -> None:
        """Close something; the intent is in the journal before."""
        order_id = self._door.next_id(self._next_id)
        self._next_id = order_id + 1
        side = Side.SELL if one.quantity > 0 else Side.BUY
        request = OrderRequest(
            one.instrument.symbol, side, abs(one.quantity), reason="kill", reduce_only=True
        )
        if self._journal is not None and one.strategy:
            intent = (order_id, one.strategy, request, 0)
            self._journal.append("intent", time.time_ns(), intent)
        self._door.close(one.instrument, one.quantity, order_id, one.strategy)

    def _instrument(self, symbol: str) -> Instrument:
        return self._known.get(symbol) or parse_contract(symbol)


@dataclass(slots=True)
class _Record:
    """Hold the journal of a trader, as far as the disk gives it.

    Attributes:
        journal: Open; None where there is none, or it cannot be written.
        past: What it says; None where that is not known.
        problems: What went wrong, in words.
    """

    journal: SessionJournal | None = None
    past: State | None = None
    problems: list[str] = field(default_factory=list)


@contextmanager
def _record(places: Places, account: str) -> Iterator[_Record]:
    """Open the journal of a trader as far as that is possible: the broker matters more."""
    record = _Record()
    folder = next((f for f in _folders(places) if f.name.split("-")[1] == account), None)
    if folder is not None:
        try:
            record.journal = open_session(folder, _today(), meta={"mode": "kill"})
            record.past = recall_session(folder)
        except JournalError as error:
            what = "was not written" if record.journal is None else "cannot be followed"
            record.problems.append(f"the journal {what}: {error}")
    try:
        yield record
    finally:
        if record.journal is not None:
            try:
                record.journal.close()
            except JournalError as error:
                record.problems.append(str(error))


def arm(places: Places, reason: str) -> bool:
    """Allow trading again, after a person has looked.

    Args:
        places: Whose.
        reason: Why, in a person's words.

    Returns:
        Whether it was stopped.

    Raises:
        ConfigError: When the bot runs.
        JournalError: When the journal cannot be written; trading stays stopped.
    """
    lock = places.lock()
    try:
        for folder in _folders(places):
            with open_session(folder, _today(), meta={"mode": "arm"}) as journal:
                journal.append("operator", time.time_ns(), _action(ARM, reason))
        return places.latch.clear()
    finally:
        lock.release()


def _account_of(places: Places, served: Sequence[str]) -> str:
    """Choose among the accounts of a gateway the one whose journal was written last."""
    written = {
        folder.name.split("-")[1]: max((one.stat().st_mtime for one in folder.iterdir()), default=0)
        for folder in _folders(places)
    }
    return max(served, key=lambda account: written.get(account, -1), default="")


def _folders(places: Places) -> list[Path]:
    ends = f"-{places.client_id}"
    found = sorted(places.folder.glob("*")) if places.folder.is_dir() else []
    return [
        folder
        for folder in found
        if folder.is_dir() and folder.name.split("-")[0] in KINDS and folder.name.endswith(ends)
    ]


def _action(action: str, reason: str, source: str = COMMAND_LINE, user: str = "") -> OperatorAction:
    return OperatorAction(action, source, reason, {"user": user or os.environ.get("USER", "")})


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())
