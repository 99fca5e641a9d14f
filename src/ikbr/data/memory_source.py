"""A tape source over a tape that is in memory already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE, CorporateAction, Tape


class MemorySource:
    """Deliver a tape held in memory, in one piece."""

    def __init__(
        self,
        tape: Tape,
        sessions: Sequence[Session],
        actions: Sequence[CorporateAction] = (),
        synthetic: bool = False,
        resolution: str = "tick",
    ) -> None:
        """Wrap a tape.

        Args:
            tape: The rows.
            sessions: The trading sessions it covers, in order.
            actions: Splits and dividends within them, in order.
            synthetic: Whether the data is made up.
            resolution: tick, second, minute or daily.
        """
        self._tape = tape
        self.sessions = tuple(sessions)
        self.actions = tuple(actions)
        self.synthetic = synthetic
        self.resolution = resolution

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Name what is on the tape, in the order of `Tape.sym`."""
        return self._tape.instruments

    @property
    def has_quotes(self) -> bool:
        """Say whether any row carries quotes."""
        bid, ask = self._tape.bid, self._tape.ask
        return bool((bid != NO_PRICE).any() or (ask != NO_PRICE).any())

    def chunks(self) -> Iterator[Tape]:
        """Yield the whole tape."""
        if len(self._tape):
            yield self._tape
