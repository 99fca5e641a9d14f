"""Halts: latches that stop entries when too much was lost, or when a person says so."""

from __future__ import annotations

from collections.abc import Iterable

from ikbr.domain.events import Refused
from ikbr.domain.instrument import MICRO
from ikbr.domain.limits import RiskLimits
from ikbr.domain.timers import NEVER

NO_FLOOR = -(2**63)
"""A floor that no equity reaches."""

_PPB = 1_000_000_000

KILL, DRAWDOWN, DAILY_LOSS, PAUSE = "kill", "drawdown", "daily-loss", "pause"
_SEVERITY = (KILL, DRAWDOWN, DAILY_LOSS, PAUSE)


class Halts:
    """Watch the equity against its high-water mark and the day's start; latch what trips.

    Attributes:
        peak_micro: The high-water mark.
        floor_micro: Equity at or below which the drawdown halt trips; NO_FLOOR when it is off
            or has tripped.
        daily_floor_micro: The same for the loss of the day.
        barrier_micro: The higher of the two floors.
        current: The most serious halt; None while entries are allowed.
    """

    __slots__ = (
        "_daily_ppb",
        "_drawdown_ppb",
        "_held",
        "_latched",
        "barrier_micro",
        "current",
        "daily_floor_micro",
        "day_start_micro",
        "floor_micro",
        "peak_micro",
    )

    def __init__(self, limits: RiskLimits, equity_micro: int) -> None:
        """Start from the present equity."""
        self._latched: dict[str, Refused] = {}
        self._held: dict[str, Refused] = {}
        self.current: Refused | None = None
        self.peak_micro = self.day_start_micro = equity_micro
        self.set_limits(limits)

    def set_limits(self, limits: RiskLimits) -> None:
        """Take other limits; what is latched stays so."""
        self._drawdown_ppb = round(limits.max_drawdown_pct * _PPB)
        self._daily_ppb = round(limits.max_daily_loss_pct * _PPB)
        self._set_floors()

    def on_equity(self, equity_micro: int) -> Refused | None:
        """Look at a new equity.

        Returns:
            The halt that it tripped; None when it tripped none (or only again).
        """
        if equity_micro > self.peak_micro:
            self.peak_micro = equity_micro
            self._set_floors()
            return None
        if equity_micro > self.barrier_micro:
            return None
        tripped: Refused | None = None
        if equity_micro <= self.daily_floor_micro:
            tripped = self._latch(self._loss(equity_micro))
        if equity_micro <= self.floor_micro:
            tripped = self._latch(self._drawdown(equity_micro))
        return tripped

    def judge(self, equity_micro: int) -> Refused | None:
        """Say which halt an equity would trip, without latching it."""
        if equity_micro <= self.floor_micro:
            return self._drawdown(equity_micro)
        if equity_micro <= self.daily_floor_micro:
            return self._loss(equity_micro)
        return None

    def kill(self, reason: str) -> Refused:
        """Stop entries by hand."""
        return self._latch(Refused(KILL, 0.0, 1.0, f"stopped by hand: {reason}", NEVER))

    def pause(self, reason: str) -> Refused:
        """Stop entries by hand, until `resume`."""
        return self._latch(Refused(PAUSE, 0.0, 1.0, f"paused by hand: {reason}", NEVER))

    def resume(self) -> bool:
        """Take back `pause`, and nothing else; say whether there was anything to take back."""
        if self._latched.pop(PAUSE, None) is None:
            return False
        self._settle()
        return True

    def hold(self, rule: str, reason: str) -> bool:
        """Stop entries until `release`; say whether they were not held for this before."""
        if rule in self._held:
            return False
        self._held[rule] = Refused(rule, 0.0, 1.0, f"{reason}; entries wait.", NEVER)
        self._settle()
        return True

    def release(self, rule: str) -> bool:
        """Take back `hold`; say whether there was anything to take back."""
        if self._held.pop(rule, None) is None:
            return False
        self._settle()
        return True

    def start_day(self, equity_micro: int) -> None:
        """Begin a session: the day's loss is counted from here."""
        self.day_start_micro = equity_micro
        self.peak_micro = max(self.peak_micro, equity_micro)
        self._latched.pop(DAILY_LOSS, None)
        self._settle()

    @property
    def latched(self) -> tuple[Refused, ...]:
        """The halts in force, in the order they tripped."""
        return tuple(self._latched.values())

    @property
    def held(self) -> tuple[Refused, ...]:
        """What entries wait for, in the order it began."""
        return tuple(self._held.values())

    def restore(self, peak_micro: int, day_start_micro: int, latched: Iterable[Refused]) -> None:
        """Go on where an earlier session stopped: nothing that was lost or latched is forgotten."""
        self.peak_micro = max(self.peak_micro, peak_micro)
        self.day_start_micro = day_start_micro
        self._latched.update((halt.rule, halt) for halt in latched)
        self._settle()

    def clear(self, equity_micro: int) -> None:
        """Release every latch; losses are counted from the present equity."""
        self._latched.clear()
        self.peak_micro = self.day_start_micro = equity_micro
        self._settle()

    def _drawdown(self, equity_micro: int) -> Refused:
        limit = self._drawdown_ppb / _PPB
        actual = 1.0 - equity_micro / self.peak_micro
        reason = (
            f"equity {equity_micro / MICRO:,.2f} is {actual:.2%} below its peak "
            f"{self.peak_micro / MICRO:,.2f}; entries halt at {limit:.2%}."
        )
        return Refused(DRAWDOWN, limit, actual, reason, NEVER)

    def _loss(self, equity_micro: int) -> Refused:
        limit = self._daily_ppb / _PPB
        actual = 1.0 - equity_micro / self.day_start_micro
        reason = (
            f"equity {equity_micro / MICRO:,.2f} is {actual:.2%} below the session's start "
            f"{self.day_start_micro / MICRO:,.2f}; entries halt at {limit:.2%} until the next."
        )
        return Refused(DAILY_LOSS, limit, actual, reason, NEVER)

    def _latch(self, refused: Refused) -> Refused:
        self._latched[refused.rule] = refused
        self._settle()
        return refused

    def _settle(self) -> None:
        latched = (self._latched[r] for r in _SEVERITY if r in self._latched)
        self.current = next(latched, None) or next(iter(self._held.values()), None)
        self._set_floors()

    def _set_floors(self) -> None:
        self.floor_micro = self.daily_floor_micro = NO_FLOOR
        # Of nothing there is no percentage: an account without money has no floor.
        if self._drawdown_ppb and DRAWDOWN not in self._latched and self.peak_micro > 0:
            self.floor_micro = self.peak_micro * (_PPB - self._drawdown_ppb) // _PPB
        if self._daily_ppb and DAILY_LOSS not in self._latched and self.day_start_micro > 0:
            self.daily_floor_micro = self.day_start_micro * (_PPB - self._daily_ppb) // _PPB
        self.barrier_micro = max(self.floor_micro, self.daily_floor_micro)
