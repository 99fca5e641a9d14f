"""Hours: the sessions of a run, those that follow, and when it is to end."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from ikbr.broker.connection import Connection
from ikbr.broker.contract_details import LiveContract, describe
from ikbr.data.calendars import TIMEZONES
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import ConfigError, DataError, IkbrError
from ikbr.domain.events import Alert
from ikbr.domain.session import Session
from ikbr.domain.timers import NEVER
from ikbr.live.background import in_background, stops
from ikbr.live.pipeline import LivePipeline
from ikbr.live.plan import SessionPlan

log = logging.getLogger("ikbr.live")

HOURS = "trading hours"
AGAIN_NS = 600_000_000_000
SESSIONS_AHEAD = 3
"""With fewer known sessions to come, the hours of the next days are asked for."""


def coming_sessions(
    found: Sequence[LiveContract], now_ns: int, *, all_hours: bool = False
) -> list[Session]:
    """Choose the sessions of a run: those of the first contract that are not over.

    Raises:
        DataError: When there are none, or another contract is not open when the first one is.
    """
    first = found[0]
    sessions = [s for s in (first.trading if all_hours else first.liquid) if s.close_ns > now_ns]
    if not sessions:
        raise DataError(f"IB tells no trading hours of {first.instrument.symbol}; ask again later.")
    for other in found[1:]:
        hours = other.trading if all_hours else other.liquid
        if not any(s.open_ns <= sessions[0].open_ns < s.close_ns for s in hours):
            raise DataError(
                f"{other.instrument.symbol} is not traded when {first.instrument.symbol} is; "
                f"run them in sessions of their own."
            )
    return sessions


async def ask_sessions(connection: Connection, plan: SessionPlan, now_ns: int) -> list[Session]:
    """Ask for the sessions of the coming days.

    Raises:
        BrokerError: When the gateway does not answer.
        DataError: When there are none.
    """
    symbols = dict.fromkeys(s for one in plan.instances for s in one.symbols)
    found = [await describe(connection.requests, parse_contract(s)) for s in symbols]
    return coming_sessions(found, now_ns, all_hours=plan.all_hours)


def end_of(until: str, session: Session, calendar: str, now_ns: int) -> int:
    """Say when to end, ns UTC; NEVER when nothing is said.

    Args:
        until: "close", "HH:MM" in the exchange's time, or "".
        session: The present session, or the next one.
        calendar: Whose time it is.
        now_ns: The present, ns UTC.

    Raises:
        ConfigError: When that time has passed.
    """
    if not until:
        return NEVER
    if until == "close":
        return session.close_ns
    hours, _, minutes = until.partition(":")
    zone = ZoneInfo(TIMEZONES[calendar])
    clock = dt.time(int(hours), int(minutes))
    due = int(dt.datetime.combine(session.date, clock, zone).timestamp()) * 1_000_000_000
    if due <= now_ns:
        raise ConfigError(f"until {until} has passed already on {session.date}.")
    return due


class HoursAhead:
    """Ask for the hours of the coming days, before those that are known are over."""

    def __init__(self, connection: Connection, plan: SessionPlan, pipeline: LivePipeline) -> None:
        """Look at every close.

        Args:
            connection: Where to ask.
            plan: What is traded.
            pipeline: Whose sessions they are.
        """
        self._connection = connection
        self._plan = plan
        self._pipeline = pipeline
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        pipeline.after_close.append(self._on_close)

    def stop(self) -> None:
        """Ask no more: the session is over."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()

    def _on_close(self, _session: Session) -> None:
        if self._pipeline.agenda.left < SESSIONS_AHEAD:
            self._begin()

    def _begin(self) -> None:
        if not self._stopped:
            self._task = in_background(self._ask(), stops(self._pipeline.trader))

    async def _ask(self) -> None:
        agenda, now_ns = self._pipeline.agenda, self._pipeline.clock.now_ns
        try:
            new = agenda.extend(await ask_sessions(self._connection, self._plan, now_ns))
        except IkbrError as error:
            self._try_again(str(error))
            return
        log.info("sessions planned: %s", ", ".join(str(one.date) for one in new) or "none")

    def _try_again(self, why: str) -> None:
        """Ask again in a while; without hours a bot would never trade again, and say nothing."""
        clock, trader = self._pipeline.clock, self._pipeline.trader
        severity = "warning" if self._pipeline.agenda.left else "critical"
        words = f"the hours of the coming days are not known, they are asked for again: {why}"
        trader.alert(Alert(clock.now_ns, severity, HOURS, words))
        clock.call_at(clock.now_ns + AGAIN_NS, self._begin)
