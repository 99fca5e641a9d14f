"""The summary of a day says what a person wants to know in the evening."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ikbr.core.event_bus import EventBus
from ikbr.domain.events import Alert, EventType, Refusal, Refused
from ikbr.domain.order import Fill, OrderRequest, Side
from ikbr.ops.alerts.summary import DayBook, Figures, Holding

DAY = dt.date(2026, 3, 2)
OPEN_NS = 1_772_461_800_000_000_000


def figures(**changed: Any) -> Figures:
    values: dict[str, Any] = {
        "ts_ns": OPEN_NS, "base": "USD", "equity": 100_000.0, "costs": 10.0,
        "day_pnl": float("nan"), "positions": [], "working": 0,
    } | changed  # fmt: skip
    return Figures(**values)


def a_book() -> tuple[DayBook, EventBus]:
    bus = EventBus()
    return DayBook(bus), bus


def fill(quantity: int) -> Fill:
    return Fill(1, 1, "bot", "SPY", Side.BUY, quantity, 10_000, OPEN_NS, 350_000, 100.0)


def test_a_day_is_summed_up_from_its_beginning() -> None:
    book, bus = a_book()
    book.begin(figures())
    refused = Refused("exposure", 1.0, 2.0, "too much")
    request = OrderRequest("SPY", Side.BUY, 1)
    for _ in range(2):
        bus.emit(EventType.REFUSED, Refusal(1, "bot", request, refused))
    bus.emit(EventType.FILL, fill(1_200))
    bus.emit(EventType.FILL, fill(34))
    bus.emit(EventType.ALERT, Alert(1, "warning", "link", "lost"))
    held = [Holding("SPY", 10, 12.5, "USD"), Holding("KO", -5, -1.0, "USD")]
    alert = book.close(
        DAY,
        figures(equity=100_250.5, costs=14.25, day_pnl=251.0, positions=held, working=2,
                halted="a person"),
    )  # fmt: skip
    assert (alert.severity, alert.source) == ("info", "summary")
    assert alert.message.splitlines() == [
        "Summary of 2026-03-02, since 14:30:00Z",
        "P&L +250.50 USD, the day by IB +251.00; equity 100,250.50",
        "Fills 2 (1,234 units), costs 4.25 USD",
        "Refusals 2 (exposure 2)",
        "Alerts 1 (warning 1)",
        "Held over night: SPY +10 (+12.50 USD), KO -5 (-1.00 USD)",
        "Orders that still work: 2",
        "No entries: a person",
    ]


def test_the_next_day_begins_anew() -> None:
    book, bus = a_book()
    book.begin(figures())
    bus.emit(EventType.ALERT, Alert(1, "warning", "link", "lost"))
    book.close(DAY, figures(equity=90_000.0))
    said = book.close(DAY, figures(equity=90_001.0)).message
    assert "P&L +1.00 USD; equity" in said
    assert "Alerts 0" in said
    assert "Nothing is held over night" in said


def test_an_end_is_summed_up_unless_nothing_has_happened_since_the_last_summary() -> None:
    book, bus = a_book()
    assert not book.is_due
    book.begin(figures())
    assert book.is_due
    book.close(DAY, figures())
    assert not book.is_due
    bus.emit(EventType.ALERT, Alert(1, "info", "x", "y"))
    assert book.is_due
