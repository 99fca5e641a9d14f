"""Settlement: from when the proceeds of a sale may be used in a cash account."""

from __future__ import annotations

import datetime as dt

import msgspec

from ikbr.domain.instrument import SecType
from ikbr.sim.account_state import SaleState


class CycleRow(msgspec.Struct, frozen=True):
    """Say how many sessions after a sale of stock its proceeds arrive, from a day on."""

    start: dt.date
    sessions: int


CYCLES: tuple[CycleRow, ...] = (
    # Source: SEC Rule 15c6-1 as amended in 1993 (60 FR 26604).
    CycleRow(dt.date(1995, 6, 7), 3),
    # Source: SEC Release 34-80295 (82 FR 15564), compliance from 5 September 2017.
    CycleRow(dt.date(2017, 9, 5), 2),
    # Source: SEC Release 34-96930 (88 FR 13872), compliance from 28 May 2024.
    CycleRow(dt.date(2024, 5, 28), 1),
)

_LONGEST_CLOSURE_DAYS = 5


def cycle(sec_type: SecType, date: dt.date) -> int:
    """Give the number of sessions after which a sale settles.

    Args:
        sec_type: What was sold. Options settle on the next session; currencies and futures are
            credited at once (a simplification for currencies, which settle on the second day).
        date: The day of the sale.

    Source: SEC Rule 15c6-1 (stocks); OCC Rule 903 (options).

    >>> [cycle(SecType.STOCK, dt.date(2024, 5, day)) for day in (27, 28)]
    [2, 1]
    """
    if sec_type == SecType.OPTION:
        return 1
    if sec_type != SecType.STOCK:
        return 0
    sessions = CYCLES[0].sessions
    for row in CYCLES:
        if date >= row.start:
            sessions = row.sessions
    return sessions


class _Pending(msgspec.Struct):
    amount_micro: int
    currency: str
    sessions: int
    latest: dt.date


class Settlement:
    """Hold proceeds that have not settled.

    They settle when enough sessions have opened; where the data leaves sessions out, at the
    latest a few days after the day on which they were due.
    """

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        """Start with everything settled."""
        self._pending: list[_Pending] = []

    def add(self, amount_micro: int, currency: str, sec_type: SecType, date: dt.date) -> None:
        """Take note of proceeds.

        Args:
            amount_micro: How much, millionths of the currency.
            currency: In which currency.
            sec_type: What was sold.
            date: When.
        """
        sessions = cycle(sec_type, date)
        if sessions and amount_micro > 0:
            latest = date + dt.timedelta(days=sessions + _LONGEST_CLOSURE_DAYS)
            self._pending.append(_Pending(amount_micro, currency, sessions, latest))

    def open_session(self, date: dt.date) -> None:
        """Let a session pass: what is due is settled."""
        for entry in self._pending:
            entry.sessions -= 1
        self._pending = [e for e in self._pending if e.sessions > 0 and date < e.latest]

    def state(self) -> list[SaleState]:
        """Write down what has not settled."""
        return [SaleState(e.amount_micro, e.currency, e.sessions, e.latest) for e in self._pending]

    def resume(self, state: list[SaleState]) -> None:
        """Hold what was written down."""
        self._pending = [_Pending(e.amount_micro, e.currency, e.sessions, e.latest) for e in state]

    def unsettled_micro(self) -> dict[str, int]:
        """Sum up what has not settled, per currency."""
        totals: dict[str, int] = {}
        for entry in self._pending:
            totals[entry.currency] = totals.get(entry.currency, 0) + entry.amount_micro
        return totals
