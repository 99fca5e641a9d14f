"""Day trades: how often a security was opened and closed within one session."""

from __future__ import annotations

import datetime as dt
from collections import deque

from ikbr.sim.account_state import DayTradesState

MINIMUM_EQUITY_MICRO = 25_000 * 1_000_000
"""Source: FINRA Rule 4210(f)(8)(B), as it stood until its replacement."""

ALLOWED = 3
"""Day trades allowed in the window below the minimum equity."""

WINDOW = 5
"""Sessions that count, the present one included."""

RULE_ENDS = dt.date(2026, 6, 4)
"""First day without the pattern day trading rule.

Source: SR-FINRA-2025-017, approved by SEC Release 34-105226 (91 FR 20731, 17 April 2026): the
day trading provisions are replaced by intraday margin standards, effective 4 June 2026. Brokers
may take until 20 October 2027; when IBKR itself changed over is not known here, so that the
effective date decides."""


class DayTrades:
    """Count day trades in a window of sessions.

    A day trade is a decrease of a position after an increase in the same session; further
    decreases do not count until the position was increased again.

    Source: IBKR, "Pattern day trading": a trade pair in which a position is increased and
    thereafter decreased within the same session; IBKR refuses the next *opening* order once three
    are used up within five sessions and equity is below 25,000 dollars.
    """

    __slots__ = ("_earlier", "_increased", "_today")

    def __init__(self) -> None:
        """Start without any."""
        self._earlier: deque[int] = deque(maxlen=WINDOW - 1)
        self._increased: set[str] = set()
        self._today = 0

    @property
    def count(self) -> int:
        """How many there were in the window."""
        return self._today + sum(self._earlier)

    def next_session(self) -> None:
        """Begin a session: what was opened before it is no longer of the day."""
        self._earlier.append(self._today)
        self._today = 0
        self._increased.clear()

    def book(self, symbol: str, held: int, change: int) -> None:
        """Take note of a fill.

        Args:
            symbol: Of what.
            held: Signed quantity before it.
            change: Signed quantity of it.

        >>> days = DayTrades()
        >>> days.book("SPY", 0, 100); days.book("SPY", 100, -60); days.book("SPY", 40, -40)
        >>> days.count
        1
        """
        increased = self._increased
        if held == 0 or (held > 0) == (change > 0):
            increased.add(symbol)
            return
        if symbol in increased:
            self._today += 1
            increased.discard(symbol)
        if abs(change) > abs(held):
            increased.add(symbol)

    def state(self) -> DayTradesState:
        """Write down what counts."""
        return DayTradesState(list(self._earlier), self._today, sorted(self._increased))

    def resume(self, state: DayTradesState) -> None:
        """Count what was written down."""
        self._earlier.clear()
        self._earlier.extend(state.earlier)
        self._today = state.today
        self._increased = set(state.increased)

    def forbids(self, date: dt.date | None, equity_micro: int) -> bool:
        """Say whether an opening order is to be refused.

        Args:
            date: The day; None when it is not known (the rule then holds).
            equity_micro: The equity that counts, millionths of a dollar.
        """
        if equity_micro >= MINIMUM_EQUITY_MICRO or (date is not None and date >= RULE_ENDS):
            return False
        return self.count >= ALLOWED
