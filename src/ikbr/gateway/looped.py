"""A tape without end: the same days again and again, each time whole weeks later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session
from ikbr.domain.tape import CorporateAction, Tape, TapeSource
from ikbr.gateway.times import DAY_NS

WEEK_NS = 7 * DAY_NS
ROUNDS = 520


class LoopedSource:
    """Deliver a tape over and over.

    Weekdays stay what they are. Where the clocks are changed meanwhile, the hours are off by
    one; prices jump back where a round begins anew. Splits and dividends are left out.
    """

    def __init__(self, source: TapeSource, rounds: int = ROUNDS) -> None:
        """Wrap a tape.

        Args:
            source: The tape; it must have sessions.
            rounds: How often at most.
        """
        self._source = source
        days = source.sessions
        length = days[-1].close_ns - days[0].open_ns if days else WEEK_NS
        self._shift_ns = -(-length // WEEK_NS) * WEEK_NS
        self._rounds = rounds
        self.instruments: tuple[Instrument, ...] = source.instruments
        self.actions: tuple[CorporateAction, ...] = ()
        self.synthetic = source.synthetic
        self.has_quotes = source.has_quotes
        self.resolution = source.resolution
        self.sessions: tuple[Session, ...] = tuple(
            _later(day, n * self._shift_ns) for n in range(rounds) for day in days
        )

    def chunks(self) -> Iterator[Tape]:
        """Yield round after round."""
        for n in range(self._rounds):
            for tape in self._source.chunks():
                yield replace(tape, ts=tape.ts + n * self._shift_ns)


def _later(day: Session, shift_ns: int) -> Session:
    return Session(
        day.date + dt.timedelta(shift_ns // DAY_NS),
        day.open_ns + shift_ns,
        day.close_ns + shift_ns,
        day.early_close,
    )
