"""What is kept of a bot for pages that come later."""

from __future__ import annotations

import json

from ikbr.ops.dashboard.replica import EVENTS, Replica


def told(replica: Replica) -> list[dict[str, object]]:
    return [json.loads(line) for line in replica.everything()]


def test_many_events_of_one_kind_push_no_other_out_and_all_stay_in_their_order() -> None:
    replica = Replica("x")
    replica.begin()
    replica.take({"type": "event", "kind": "alert", "n": 0})
    for number in range(1, 1_000):
        replica.take({"type": "event", "kind": ("order", "fill")[number % 2], "n": number})
    numbers = [one["n"] for one in told(replica)]
    assert numbers == [0, *range(1_000 - 2 * EVENTS, 1_000)]


def test_a_bot_that_begins_anew_leaves_nothing_of_before() -> None:
    replica = Replica("x")
    replica.begin()
    for kind in ("state", "risk", "latency"):
        replica.take({"type": kind})
    replica.take({"type": "event", "kind": "fill"})
    replica.take({"type": "prices", "symbols": {"SPY": {}}})
    replica.take({"type": "equity", "points": [[1, 2.0]]})
    assert len(told(replica)) == 6
    replica.begin()
    assert told(replica) == []


def test_what_only_the_dashboard_needs_is_not_told_to_pages() -> None:
    replica = Replica("x")
    replica.take({"type": "bot", "name": "paper", "session": "/home/ann/sessions/1"})
    assert replica.described() == {
        "id": "x", "name": "paper", "alive": False, "why": "it does not run",
    }  # fmt: skip
