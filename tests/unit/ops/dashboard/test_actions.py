"""What a trader may do: confirmed by a word, carried out by the bot, refused in its words."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash_rig import BOT, Served, people, served

from ikbr.ops.dashboard.actions import confirmation
from ikbr.ops.dashboard.replica import Replica


@pytest.fixture(scope="module")
def dashboard() -> Iterator[Served]:
    with (
        tempfile.TemporaryDirectory(prefix="ikbr-") as folder,
        served(Path(folder), passwords=people()) as one,
    ):
        yield one


@pytest.mark.parametrize(
    ("action", "fields", "asked"),
    [
        ("halt", {"reason": "lunch"}, {"action": "halt", "reason": "lunch"}),
        ("resume", {}, {"action": "resume", "reason": ""}),
        ("cancel", {"order_id": 7}, {"action": "cancel", "reason": "", "order_id": 7}),
        ("flatten", {"symbol": "SPY"},
         {"action": "flatten", "reason": "", "strategy": "", "symbol": "SPY"}),
        ("set-parameter", {"strategy": "bot", "name": "every", "value": "20"},
         {"action": "set-parameter", "reason": "", "strategy": "bot", "name": "every",
          "value": "20"}),
    ],
)  # fmt: skip
def test_a_bot_is_asked_in_the_name_of_the_person(
    dashboard: Served, action: str, fields: dict[str, Any], asked: dict[str, Any]
) -> None:
    trader = dashboard.browser("ann")
    body = {"confirm": action, **fields}
    status, told, _ = trader.ask("POST", f"/api/bots/{BOT}/{action}", body)
    assert (status, told) == (200, {"ok": True, "message": "done"})
    assert dashboard.bots.asked[-1] == (BOT, "ann", asked)


def test_a_kill_is_done_from_outside(dashboard: Served) -> None:
    trader = dashboard.browser("ann")
    body = {"confirm": "kill", "reason": "it hangs"}
    assert trader.ask("POST", f"/api/bots/{BOT}/kill", body)[1]["message"] == "stopped"
    assert dashboard.bots.killed == [(BOT, "ann", "it hangs")]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        (f"/api/bots/{BOT}/halt", {"confirm": ""}, 400, "not confirmed: type halt"),
        (f"/api/bots/{BOT}/halt", {"confirm": "yes"}, 400, "not confirmed: type halt"),
        (f"/api/bots/{BOT}/halt", {}, 400, "cannot be understood"),
        (f"/api/bots/{BOT}/halt", {"confirm": "halt", "loud": 1}, 400, "cannot be understood"),
        (f"/api/bots/{BOT}/halt", b"halt", 400, "it is no JSON"),
        (f"/api/bots/{BOT}/halt", b"[" * 9_000, 400, "cannot be understood"),
        (f"/api/bots/{BOT}/halt", {"confirm": "halt", "reason": "x" * 501}, 400, "500 characters"),
        (f"/api/bots/{BOT}/dance", {"confirm": "dance"}, 404, "no such bot"),
        (f"/api/bots/{BOT}/tighten", {"confirm": "tighten"}, 404, "no such bot"),
        ("/api/bots/nobody/halt", {"confirm": "halt"}, 404, "no such bot"),
    ],
)
def test_what_is_not_meant_is_not_done(
    dashboard: Served, path: str, body: Any, status: int, words: str
) -> None:
    before = len(dashboard.bots.asked)
    found, told, _ = dashboard.browser("ann").ask("POST", path, body)
    assert (found, words in told["error"]) == (status, True), told
    assert len(dashboard.bots.asked) == before


def test_a_refusal_of_the_bot_is_told_in_its_words(dashboard: Served) -> None:
    dashboard.bots.refuse = "entries were not stopped by `ikbr halt`."
    try:
        body = {"confirm": "resume"}
        status, told, _ = dashboard.browser("ann").ask("POST", f"/api/bots/{BOT}/resume", body)
    finally:
        dashboard.bots.refuse = ""
    assert (status, told["error"]) == (409, "entries were not stopped by `ikbr halt`.")


def test_what_is_only_half_done_is_not_told_as_done(dashboard: Served) -> None:
    dashboard.bots.answer = {"message": "REFUSED, and still held: SPY", "left": ["SPY"]}
    try:
        path, body = f"/api/bots/{BOT}/flatten", {"confirm": "flatten"}
        status, told, _ = dashboard.browser("ann").ask("POST", path, body)
    finally:
        dashboard.bots.answer = {"message": "done"}
    assert (status, told["ok"]) == (200, False)
    assert "still held" in told["message"]


def test_a_flood_of_actions_is_stopped(dashboard: Served) -> None:
    trader = dashboard.browser("ann")
    before = len(dashboard.bots.asked)
    found = [trader.ask("POST", f"/api/bots/{BOT}/halt", {"confirm": "halt"})[0]
             for _ in range(15)]  # fmt: skip
    assert found == [200] * 10 + [429] * 5
    assert len(dashboard.bots.asked) == before + 10


def test_with_real_money_the_account_is_typed() -> None:
    replica = Replica(BOT)
    replica.info = {"mode": "live", "account": "U123", "simulated": False}
    assert confirmation(replica, "flatten") == "U123"
    replica.info["simulated"] = True
    assert confirmation(replica, "flatten") == "flatten"
    replica.info = {"mode": "paper", "account": "DU1"}
    assert confirmation(replica, "kill") == "kill"
