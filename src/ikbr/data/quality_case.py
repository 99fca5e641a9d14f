"""What the quality rules look at and what they find."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from ikbr.data.columns import SPAN_NS, Columns, resolution
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session
from ikbr.domain.tape import NO_PRICE

Severity = Literal["error", "warning", "info"]
SECOND = 10**9


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Say what a rule found in one file (or, for days, in all files of a kind).

    Attributes:
        severity: error (a backtest on it would be wrong), warning (look at it), info (ordinary).
        rule: Name of the rule.
        symbol, kind: Whose data and of which kind.
        day: The trading day; for a daily kind the first of the year; None for all days.
        count: How often.
        text: One sentence for a person.
        examples: Up to three, with local time.
    """

    severity: Severity
    rule: str
    symbol: str
    kind: str
    day: dt.date | None
    count: int
    text: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Hold the thresholds of the rules.

    Attributes:
        gap_s: Longest pause within regular hours that is ordinary, by resolution, seconds.
        spike_percent: Smallest reverting jump that is reported, by resolution, percent.
        spike_error_percent: Reverting jump within a day that cannot be a real price, percent.
        spike_mads: A jump must also be so many times the usual size of a price change.
        repeats: Longest run of identical prints that is ordinary.
    """

    gap_s: dict[str, float] = field(
        default_factory=lambda: {"tick": 300.0, "second": 300.0, "minute": 900.0}
    )
    spike_percent: dict[str, float] = field(
        default_factory=lambda: {"tick": 1.0, "second": 1.0, "minute": 2.0, "daily": 20.0}
    )
    spike_error_percent: float = 20.0
    spike_mads: float = 10.0
    repeats: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Hold one file of the catalog for the rules to look at.

    Attributes:
        symbol, kind, day: Which file.
        instrument: What it is of.
        zone: Time zone of the exchange.
        columns: The rows, in stored order.
        sessions: Sessions of the days in the file.
        halts: Moments at which dealing stopped, ns UTC.
        now_ns: The time of the check.
        limits: Thresholds.
    """

    symbol: str
    kind: str
    day: dt.date
    instrument: Instrument
    zone: str
    columns: Columns
    sessions: tuple[Session, ...]
    halts: NDArray[np.int64]
    now_ns: int
    limits: Limits

    @property
    def resolution(self) -> str:
        """The resolution of the data: tick, second, minute or daily."""
        return resolution(self.kind)

    @property
    def span_ns(self) -> int:
        """Length of a bar, 0 for ticks."""
        return SPAN_NS.get(self.resolution, 0)

    @property
    def regular(self) -> NDArray[np.bool_]:
        """Which rows lie in regular hours, a bar by its start."""
        moments = self.columns.ts_ns - (0 if self.resolution == "daily" else self.span_ns)
        inside = np.zeros(len(moments), np.bool_)
        for session in self.sessions:
            inside |= (moments >= session.open_ns) & (moments < session.close_ns)
        return inside

    def price(self, units: int) -> str:
        """Write a price for a person."""
        return "none" if units == NO_PRICE else f"{units / self.instrument.price_scale:.10g}"

    def clock(self, ts_ns: int) -> str:
        """Write a moment in local time; daily data get their date."""
        local = dt.datetime.fromtimestamp(ts_ns // SECOND, ZoneInfo(self.zone))
        if self.resolution == "daily":
            return f"{local:%Y-%m-%d}"
        return f"{local:%H:%M:%S}.{ts_ns % SECOND // 1_000_000:03d}"

    def find(
        self,
        severity: Severity,
        rule: str,
        rows: NDArray[np.integer[Any]],
        text: str,
        tell: Callable[[int], str] | None = None,
    ) -> Iterator[Finding]:
        """Give a finding about rows, or nothing when there are none."""
        if not len(rows):
            return
        examples = tuple(
            f"{self.clock(int(self.columns.ts_ns[row]))} {tell(int(row)) if tell else ''}".strip()
            for row in rows[:3].tolist()
        )
        yield Finding(
            severity=severity,
            rule=rule,
            symbol=self.symbol,
            kind=self.kind,
            day=self.day,
            count=len(rows),
            text=text,
            examples=examples,
        )


Rule = Callable[[Case], Iterator[Finding]]
