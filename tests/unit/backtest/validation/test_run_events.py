"""Journal records as events."""

from __future__ import annotations

from ikbr.backtest.validation.run_events import decided_between, decisions_of, events_of
from ikbr.domain.events import Alert, Decision, Refusal, Refused
from ikbr.domain.order import OrderRequest, OrderType, Side


def test_records_become_events_in_words() -> None:
    request = OrderRequest(
        "SPY", Side.SELL, 5, order_type=OrderType.LIMIT, limit_price=10.5, reason="late"
    )
    records = [
        ("settings", 0, {}),
        ("decision", 1, Decision(1, "mine", "SPY", "BUY", 10.0, "it rises", 5)),
        ("intent", 1, (1, "mine", request, 0)),
        ("modify", 2, (1, request)),
        ("cancel", 3, 1),
        ("refusal", 4, Refusal(4, "mine", request, Refused("size", 0, 0, "too big."))),
        ("alert", 5, Alert(5, "warning", "mine", "it stopped.")),
        ("session", 6, None),
    ]
    events = events_of(records)
    assert [event.text for event in events] == [
        "mine decides BUY 5 SPY (it rises)",
        "mine sends SELL 5 SPY LMT at 10.5",
        "order 1 becomes SELL 5 SPY LMT at 10.5",
        "order 1 is cancelled",
        "mine is refused SELL SPY: too big.",
        "it stopped.",
    ]
    assert [event.ts_ns for event in decisions_of(events)] == [1, 4]
    later = events_of(records, exact_until_ns=3)
    assert [event.exact != "" for event in later] == [True, True, True, False]
    assert later[-1].key == "mine SPY SELL"
    assert decided_between(events, 1, 4) == [(1, "mine SPY BUY")]
