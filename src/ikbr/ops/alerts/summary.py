"""The summary of a day: what was earned, filled, refused and paid, and what is held over night."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import msgspec

from ikbr.core.event_bus import OBSERVER, EventBus
from ikbr.domain.alerts import SUMMARY
from ikbr.domain.events import Alert, EventType, Refusal
from ikbr.domain.order import Fill
from ikbr.ops.alerts.note import clock_of

MOST_RULES = 4
MOST_POSITIONS = 12


class Holding(msgspec.Struct, frozen=True):
    """Hold one position: signed quantity, and its profit so far in its own currency."""

    symbol: str
    quantity: int
    unrealised: float
    currency: str


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Hold how a session stands.

    Attributes:
        ts_ns: When, ns UTC.
        base: The account's currency.
        equity: What the account is worth by our books, in the base currency.
        costs: Commissions and fees so far, in the base currency.
        day_pnl: Profit of the day by IB; NaN while unknown.
        positions: What is held.
        working: Orders that work.
        halted: Why entries wait; "" while they are allowed.
    """

    ts_ns: int
    base: str
    equity: float
    costs: float
    day_pnl: float
    positions: Sequence[Holding]
    working: int
    halted: str = ""


class DayBook:
    """Count what happens between two summaries."""

    def __init__(self, bus: EventBus) -> None:
        """Listen.

        Args:
            bus: Before its start.
        """
        self._begin: Figures | None = None
        self._told = False
        self._clear()
        for event, hear in (
            (EventType.FILL, self._on_fill),
            (EventType.REFUSED, self._on_refusal),
            (EventType.ALERT, self._on_alert),
        ):
            bus.subscribe(event, hear, priority=OBSERVER, name="summary")

    @property
    def is_due(self) -> bool:
        """Whether an end needs a summary: none was told yet, or something has happened since."""
        news = self._fills or self._refusals or self._alerts
        return self._begin is not None and bool(news or not self._told)

    def begin(self, figures: Figures) -> None:
        """Begin to count from here."""
        self._begin = figures
        self._clear()

    def close(self, day: dt.date, figures: Figures) -> Alert:
        """Sum up since the beginning, and begin anew.

        Args:
            day: Of the exchange.
            figures: How it stands.

        Returns:
            The summary, as an alert of the source `summary`.
        """
        begin = self._begin or figures
        words = "\n".join((self._title(day, begin), *self._lines(begin, figures)))
        self.begin(figures)
        self._told = True
        return Alert(figures.ts_ns, "info", SUMMARY, words)

    def _title(self, day: dt.date, begin: Figures) -> str:
        return f"Summary of {day}, since {clock_of(begin.ts_ns)}"

    def _lines(self, begin: Figures, now: Figures) -> list[str]:
        theirs = "" if now.day_pnl != now.day_pnl else f", the day by IB {now.day_pnl:+,.2f}"
        lines = [
            f"P&L {now.equity - begin.equity:+,.2f} {now.base}{theirs}; equity {now.equity:,.2f}",
            f"Fills {self._fills:,} ({self._shares:,} units), costs "
            f"{now.costs - begin.costs:,.2f} {now.base}",
            f"Refusals {self._refusals.total():,}{_most_common(self._refusals)}",
            f"Alerts {self._alerts.total():,}{_most_common(self._alerts)}",
            _held(now.positions),
        ]
        if now.working:
            lines.append(f"Orders that still work: {now.working}")
        if now.halted:
            lines.append(f"No entries: {now.halted}")
        return lines

    def _clear(self) -> None:
        self._fills = self._shares = 0
        self._refusals: Counter[str] = Counter()
        self._alerts: Counter[str] = Counter()

    def _on_fill(self, fill: Fill) -> None:
        self._fills += 1
        self._shares += fill.quantity

    def _on_refusal(self, refusal: Refusal) -> None:
        self._refusals[refusal.refused.rule] += 1

    def _on_alert(self, alert: Alert) -> None:
        self._alerts[alert.severity] += 1


def _most_common(counts: Counter[str]) -> str:
    """Name the most frequent.

    >>> _most_common(Counter(exposure=3, stale=1)), _most_common(Counter())
    (' (exposure 3, stale 1)', '')
    """
    named = ", ".join(f"{name} {count}" for name, count in counts.most_common(MOST_RULES))
    return f" ({named})" if named else ""


def _held(positions: Sequence[Holding]) -> str:
    """Say what is held over night."""
    if not positions:
        return "Nothing is held over night"
    told = [
        f"{one.symbol} {one.quantity:+,} ({one.unrealised:+,.2f} {one.currency})"
        for one in positions[:MOST_POSITIONS]
    ]
    more = len(positions) - len(told)
    return f"Held over night: {', '.join(told)}{f' and {more} more' if more else ''}"
