"""What a session watches: resets, a link that stays lost, silence, clocks, unreadable messages."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.live.watch_rig import SECOND, Desk, ns

from ikbr.broker.connection import LinkState
from ikbr.broker.decode_errors import DecodeErrors
from ikbr.domain.errors import BrokerError
from ikbr.domain.session import Session
from ikbr.domain.supervision import SupervisionRules
from ikbr.live import decode_watch, link_alarm
from ikbr.live.decode_watch import DecodeWatch
from ikbr.live.link_alarm import LinkAlarm
from ikbr.live.quiet_watch import QuietWatch
from ikbr.live.reset_watch import ResetWatch
from ikbr.live.resets import Reset
from ikbr.live.skew_watch import SkewWatch, certain_skew_s


def reset_watch(desk: Desk, *, real_money: bool = False, **rules: Any) -> ResetWatch:
    watch = ResetWatch(desk.pipeline, desk.holds, SupervisionRules(**rules), real_money=real_money)
    watch.begin()
    return watch


def test_entries_wait_during_a_reset_and_go_on_by_themselves_night_after_night() -> None:
    desk = Desk("2026-01-14T20:00")
    watch = reset_watch(desk)
    for day in (15, 16, 19, 20, 21):
        desk.until(f"2026-01-{day}T05:14:59")
        assert desk.held == []
        assert "begins at" in desk.told[-1][1]
        desk.until(f"2026-01-{day}T05:15")
        assert desk.held == ["reset"]
        found = watch.under_way()
        assert found is not None
        assert found.end_ns == ns(f"2026-01-{day}T06:45")
        desk.until(f"2026-01-{day}T06:45")
        assert desk.held == []
        assert watch.under_way() is None
    assert {severity for severity, _ in desk.told} == {"info"}


def test_resets_that_overlap_end_with_the_last_one() -> None:
    desk = Desk("2026-01-17T03:00")
    watch = reset_watch(desk)
    desk.until("2026-01-17T06:50")
    assert desk.held == ["reset"]
    found = watch.under_way()
    assert found is not None
    assert found.name.startswith("the weekend")
    desk.until("2026-01-17T08:00")
    assert desk.held == []


def test_a_session_that_begins_in_the_middle_of_a_reset_waits_for_its_end() -> None:
    desk = Desk("2026-01-15T06:00")
    reset_watch(desk)
    desk.until("2026-01-15T06:00")
    assert desk.held == ["reset"]
    desk.until("2026-01-15T06:45")
    assert desk.held == []


def test_the_weekly_login_is_told_a_day_before_and_asks_for_a_person() -> None:
    desk = Desk("2026-01-16T20:00")
    reset_watch(desk, real_money=True)
    desk.until("2026-01-17T06:00")
    warnings = [words for severity, words in desk.told if severity == "warning"]
    assert warnings == ["the weekly login begins at 2026-01-18 06:00:00Z: a person must confirm it"]


@pytest.mark.parametrize(
    ("before", "held", "flattened"),
    [("hold", ["reset"], 0), ("flatten", ["reset"], 1), ("go-on", [], 0)],
)
def test_what_is_done_before_a_reset_is_chosen_by_the_setting(
    before: str, held: list[str], flattened: int
) -> None:
    desk = Desk("2026-01-14T18:00")
    desk.session = Session(dt.date(2026, 1, 14), ns("2026-01-14T14:30"),
                           ns("2026-01-14T21:00"))  # fmt: skip
    reset_watch(desk, before_reset=before, restart_at="14:00")
    desk.until("2026-01-14T18:58")
    assert len(desk.flattened) == flattened
    desk.until("2026-01-14T19:05")
    assert desk.held == held


def test_nothing_is_flattened_in_a_market_that_is_closed() -> None:
    desk = Desk("2026-01-14T22:00")
    reset_watch(desk, before_reset="flatten")
    desk.until("2026-01-15T05:20")
    assert desk.flattened == []
    assert any("the market is closed, so positions stay" in words for _, words in desk.told)


def test_a_session_that_is_over_hears_of_no_reset() -> None:
    desk = Desk("2026-01-14T20:00")
    reset_watch(desk).stop()
    desk.until("2026-01-20T00:00")
    assert (desk.told, desk.held) == ([], [])


# --- the link ----------------------------------------------------------------------------------


def in_loop(test: Callable[[], Any]) -> None:
    asyncio.run(test())


@pytest.mark.parametrize(("left_s", "called"), [(None, True), (0.0, True), (600.0, False)])
def test_a_person_is_called_for_a_lost_link_after_a_time_or_after_the_reset_that_explains_it(
    monkeypatch: pytest.MonkeyPatch, left_s: float | None, called: bool
) -> None:
    monkeypatch.setattr(link_alarm, "LOST_S", 0.02)
    monkeypatch.setattr(link_alarm, "AFTER_RESET_S", 0.05)

    async def test() -> None:
        desk = Desk("2026-01-15T06:00")
        now = desk.clock.now_ns
        reset = Reset("a reset", now, now + round(left_s * SECOND)) if left_s is not None else None
        alarm = LinkAlarm(desk.pipeline, lambda: reset)
        alarm.on_state(LinkState.CUT_OFF, "the gateway has lost IB")
        alarm.on_state(LinkState.DOWN, "nobody answers")
        await asyncio.sleep(0.15)
        assert bool(desk.told) is called
        if called:
            [(severity, words)] = desk.told
            assert severity == "critical"
            assert "(nobody answers)" in words
        alarm.on_state(LinkState.READY, "")
        assert desk.told[1:] == ([("info", "the link is back")] if called else [])

    in_loop(test)


def test_a_link_that_comes_back_in_time_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_alarm, "LOST_S", 0.05)

    async def test() -> None:
        desk = Desk("2026-01-15T12:00")
        alarm = LinkAlarm(desk.pipeline, lambda: None)
        for _ in range(3):
            alarm.on_state(LinkState.DOWN, "gone")
            await asyncio.sleep(0.03)
            alarm.on_state(LinkState.READY, "")
        await asyncio.sleep(0.06)
        assert desk.told == []

    in_loop(test)


# --- silence, clocks, messages -----------------------------------------------------------------


def test_silence_is_told_once_and_only_in_trading_hours() -> None:
    desk = Desk("2026-01-14T14:00")
    QuietWatch(desk.pipeline, 120.0).begin()
    desk.until("2026-01-14T14:29")
    assert desk.told == []
    desk.session = Session(dt.date(2026, 1, 14), ns("2026-01-14T14:30"),
                           ns("2026-01-14T21:00"))  # fmt: skip
    desk.until("2026-01-14T14:32")
    assert desk.told == []
    desk.until("2026-01-14T14:40")
    assert desk.told == [("warning", "nothing has come of SPY for 180 s, in trading hours")]
    desk.tickers["SPY"].ts_ns = ns("2026-01-14T14:40:30")
    desk.until("2026-01-14T14:41")
    assert desk.told[1:] == [("info", "data of SPY comes again")]
    desk.tickers["SPY"].ts_ns = ns("2026-01-14T20:59")
    desk.until("2026-01-15T12:00")
    assert len(desk.told) == 2


@pytest.mark.parametrize(
    ("told_s", "certain"), [(0.0, 0.0), (-0.99, 0.0), (-1.5, -0.5), (2.0, 2.0), (-7.0, -6.0)]
)
def test_a_clock_that_tells_whole_seconds_is_judged_by_what_is_certain(
    told_s: float, certain: float
) -> None:
    assert certain_skew_s(told_s) == pytest.approx(certain)


def test_a_clock_that_is_off_is_told_and_far_off_holds_entries_until_it_agrees() -> None:
    desk = Desk("2026-01-14T14:00")
    watch = SkewWatch(desk.pipeline, desk.holds, SupervisionRules(), lambda: 0.0)
    steps = [(0.9, [], 0), (1.1, [], 1), (4.9, [], 1), (5.1, ["clock"], 2), (-6.0, ["clock"], 2),
             (2.0, [], 3), (0.0, [], 3), (-1.5, [], 4)]  # fmt: skip
    for skew_s, held, alerts in steps:
        watch.judge(skew_s)
        assert (desk.held, len(desk.told)) == (held, alerts)
    assert "1.5 s behind ours" in desk.told[-1][1]


def test_a_message_that_cannot_be_read_holds_entries_until_the_books_agree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decode_watch, "AGAIN_S", 0.01)

    async def test() -> None:
        from ikbr.broker.client import Client

        desk, client = Desk("2026-01-14T14:00"), Client()
        errors = DecodeErrors(client)
        answers = [BrokerError("no answer"), None]

        async def compare() -> None:
            if (answer := answers.pop(0)) is not None:
                raise answer

        watch = DecodeWatch(desk.pipeline, desk.holds, errors, compare)
        client.client.decoder.interpret(["9999", "1", "what is this"])
        assert errors.count == 1
        assert desk.held == ["decode"]
        await asyncio.sleep(0.05)
        assert (desk.held, answers) == ([], [])
        assert [severity for severity, _ in desk.told] == ["critical", "warning", "info"]
        assert "what is this" in desk.told[0][1]
        client.client.on_unread("Error for orderStatus()")
        assert errors.count == 2
        watch.stop()
        client.client.decoder.interpret(["9999", "1"])
        assert errors.count == 3
        assert len([one for one in desk.told if one[0] == "critical"]) == 2

    in_loop(test)


def test_a_comparison_of_books_that_fails_inside_stops_entries_for_good() -> None:
    async def test() -> None:
        from ikbr.broker.client import Client

        desk, client = Desk("2026-01-14T14:00"), Client()

        async def compare() -> None:
            raise KeyError("SPY")

        DecodeWatch(desk.pipeline, desk.holds, DecodeErrors(client), compare)
        client.client.on_unread("Error for orderStatus()")
        await asyncio.sleep(0.01)
        assert desk.held == ["decode"]
        assert desk.latched == ["stopped by hand: a fault inside (KeyError: 'SPY')"]

    in_loop(test)
