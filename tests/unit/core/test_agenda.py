"""The agenda: what sessions, minutes and schedules bring, by the clock alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.unit.core.rig import SECOND, START, Deaf, Puppet, Rig, buy, scheduled, sell, signal

from ikbr.core.agenda import MINUTE_NS, Agenda
from ikbr.core.correlation import ReturnHistory
from ikbr.domain.events import EventType
from ikbr.domain.lifecycle import OrderEvent
from ikbr.domain.limits import RiskLimits
from ikbr.domain.order import OrderType, Side
from ikbr.domain.session import Session

HOUR = 60 * MINUTE_NS
OPEN = START + HOUR
FIRST = Session(dt.date(2026, 3, 2), OPEN, OPEN + HOUR)
SECOND_DAY = Session(dt.date(2026, 3, 3), OPEN + 24 * HOUR, OPEN + 25 * HOUR)


class Day:
    """Run an agenda over a rig and note what it calls."""

    def __init__(self, rig: Rig, *sessions: Session, **more: Any) -> None:
        self.rig = rig
        self.calls: list[tuple[str, int]] = []
        self.agenda = Agenda(
            rig.trader,
            rig.clock,
            sessions or (FIRST, SECOND_DAY),
            on_open=lambda _: self.note("open"),
            on_close=lambda _: self.note("close"),
            on_minute=lambda: self.note("minute"),
            **more,
        )
        self.agenda.subscribe_bars()
        self.agenda.start(rig.clock.now_ns)

    def note(self, what: str) -> None:
        self.calls.append((what, self.rig.clock.now_ns))

    def to(self, ts_ns: int) -> None:
        self.rig.clock.advance(ts_ns)


def test_every_session_opens_has_its_minutes_and_closes() -> None:
    day = Day(Rig())
    day.to(SECOND_DAY.close_ns)
    minutes = [("minute", OPEN + n * MINUTE_NS) for n in range(1, 61)]
    first = [("open", OPEN), *minutes, ("close", FIRST.close_ns)]
    # The close was set before the last minute, so it comes before it.
    assert sorted(day.calls[:62]) == sorted(first)
    assert len(day.calls) == 124
    assert day.agenda.opened == 2


def test_daily_data_has_no_minutes() -> None:
    day = Day(Rig(), minutes=False)
    day.to(SECOND_DAY.close_ns)
    assert [what for what, _ in day.calls] == ["open", "close"] * 2


def test_sessions_are_recorded_and_told() -> None:
    rig = Rig(listen=[EventType.SESSION])
    Day(rig, FIRST).to(FIRST.close_ns)
    assert rig.records("session") == [FIRST]
    assert rig.heard == [(EventType.SESSION, FIRST)] * 2


def test_an_open_lets_a_muted_direction_be_asked_again() -> None:
    rig = Rig(limits=RiskLimits(restricted=("SPY",), refusal_retry_s=1e6))
    day = Day(rig)
    rig.say(signal("BUY"))
    assert rig.slot().mute_buy_ns > OPEN
    day.to(OPEN)
    assert rig.slot().mute_buy_ns == 0


def test_an_open_starts_the_days_loss_and_the_count_of_orders_anew() -> None:
    rig = Rig(limits=RiskLimits(max_daily_loss_pct=0.5, max_orders_per_day=1))
    day = Day(rig)
    rig.say(buy())
    assert rig.risk.ledger.sent_today == 1
    day.to(OPEN)
    assert rig.risk.ledger.sent_today == 0


def test_marks_of_the_minute_reach_the_correlations_unless_nothing_is_known() -> None:
    seen: list[Any] = []

    class Noting(ReturnHistory):
        def on_sample(self, ts_ns: int, marks: Any) -> None:
            seen.append((ts_ns, dict(marks)))

    rig = Rig(symbols=("SPY", "KO"), limits=RiskLimits())
    rig.risk.history = Noting()
    day = Day(rig)
    rig.quote("SPY", last=100.0)
    day.to(OPEN + MINUTE_NS)
    assert seen == [(OPEN + MINUTE_NS, {"SPY": 100.0})]
    alone = Rig(symbols=("SPY",), limits=RiskLimits())
    alone.risk.history = Noting()
    Day(alone).to(OPEN + MINUTE_NS)
    assert len(seen) == 1  # nothing moves together with nothing


# --- entry windows --------------------------------------------------------------------------


WINDOW = {"no_entry_before": "open+5m", "no_entry_after": "close-10m"}


@pytest.mark.parametrize(
    ("minute", "allowed"),
    [(-30, False), (0, False), (4, False), (5, True), (49, True), (50, False), (61, False)],
)
@pytest.mark.parametrize("answer", [signal("BUY"), buy()], ids=["signal", "request"])
def test_entries_pass_only_within_the_window(minute: int, allowed: bool, answer: Any) -> None:
    rig = Rig(scheduled(Puppet(), **WINDOW))
    Day(rig, FIRST).to(OPEN + minute * MINUTE_NS - SECOND)
    rig.say(answer)
    assert bool(rig.orders.orders) is allowed
    assert rig.refused == ({} if allowed else {"schedule": 1})


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        (signal("FLAT"), True), (signal("BUY", target=40), True),
        (signal("BUY", target=150), False), (sell(100), True), (sell(101), False), (buy(1), False),
    ],
)  # fmt: skip
def test_outside_the_window_a_position_may_only_shrink(answer: Any, allowed: bool) -> None:
    rig = Rig(scheduled(Puppet(short=True), **WINDOW))
    day = Day(rig, FIRST)
    day.to(OPEN + 10 * MINUTE_NS)
    rig.say(signal("BUY"))
    rig.broker.fill_all()
    day.to(OPEN + 55 * MINUTE_NS)
    rig.say(answer)
    assert (len(rig.orders.orders) == 2) is allowed


def test_outside_the_window_two_exits_cannot_add_up_to_an_entry() -> None:
    rig = Rig(scheduled(Puppet(short=True), **WINDOW))
    day = Day(rig, FIRST)
    day.to(OPEN + 10 * MINUTE_NS)
    rig.say(signal("BUY"))
    rig.broker.fill_all()
    day.to(OPEN + 55 * MINUTE_NS)
    rig.say([sell(100), sell(100)])
    assert [o.side for o in rig.orders.orders.values()] == [Side.BUY, Side.SELL]
    assert rig.trader.desk.refused == {"schedule": 1}


def test_outside_the_window_a_reversal_only_closes() -> None:
    rig = Rig(scheduled(Puppet(short=True), **WINDOW))
    day = Day(rig, FIRST)
    day.to(OPEN + 10 * MINUTE_NS)
    rig.say(signal("BUY"))
    rig.broker.fill_all()
    held = rig.slot().position
    day.to(OPEN + 55 * MINUTE_NS)
    rig.say(signal("SELL"))
    closing = rig.orders.orders[2].request
    assert (closing.side, closing.quantity) == (Side.SELL, held)
    assert rig.refused == {"schedule": 1}


def test_too_early_is_asked_again_at_the_window_and_too_late_never() -> None:
    rig = Rig(scheduled(Puppet(), **WINDOW))
    day = Day(rig, FIRST)
    day.to(OPEN)
    rig.say(signal("BUY"))
    assert rig.slot().mute_buy_ns == OPEN + 5 * MINUTE_NS
    day.to(OPEN + 51 * MINUTE_NS)
    rig.say(signal("BUY"))
    rig.say(signal("BUY"))
    assert rig.refused == {"schedule": 2}
    assert rig.slot().muted == 1


def test_a_skipped_day_has_no_entries_and_the_next_has() -> None:
    rig = Rig(scheduled(Puppet(), skip_dates=(FIRST.date,)))
    day = Day(rig)
    day.to(OPEN + 10 * MINUTE_NS)
    rig.say(signal("BUY"))
    assert rig.orders.orders == {}
    day.to(SECOND_DAY.open_ns + 10 * MINUTE_NS)
    rig.say(signal("BUY"))
    assert len(rig.orders.orders) == 1


# --- flattening -----------------------------------------------------------------------------


def test_the_schedule_flattens_cancels_and_allows_nothing_after() -> None:
    rig = Rig(scheduled(Puppet(), flatten_at="close-5m"), Puppet())
    day = Day(rig)
    day.to(OPEN + MINUTE_NS)
    rig.say(signal("BUY"))
    rig.broker.fill_all()
    rig.say([buy(5, order_type=OrderType.LIMIT, limit_price=90.0)])
    rig.say(buy(7, order_type=OrderType.LIMIT, limit_price=90.0), number=1)
    flatten = FIRST.close_ns - 5 * MINUTE_NS
    day.to(flatten - 1)
    assert rig.broker.did("cancel") == []
    day.to(flatten)
    assert rig.broker.did("cancel") == [2]
    assert rig.orders.working.keys() == {2, 3, 4}
    closing = rig.orders.orders[4].request
    assert (closing.side, closing.quantity, closing.reduce_only) == (-1, 100, True)
    assert closing.reason == "end of its schedule"
    rig.broker.fill(4, 100)
    rig.broker.tell(2, OrderEvent.CANCEL)
    rig.say(signal("BUY"))
    assert rig.refused == {"schedule": 1}


def test_flattening_covers_a_short_and_leaves_the_flat_alone() -> None:
    rig = Rig(scheduled(Puppet(short=True), flatten_at="close-5m"), symbols=("SPY", "KO"))
    rig.say(signal("SELL"))
    rig.broker.fill_all()
    Day(rig, FIRST).to(FIRST.close_ns)
    assert [(o.symbol, int(o.side), o.quantity) for o in rig.orders.working.values()] == [
        ("SPY", 1, 100)
    ]


# --- bars and housekeeping ------------------------------------------------------------------


def test_bars_by_data_are_known_and_found() -> None:
    by_time, by_data = Day(Rig(Puppet(bars=("1min",)))), Day(Rig(Puppet(bars=("5tick",))))
    assert (by_time.agenda.by_data, by_data.agenda.by_data) == (False, True)
    assert by_data.agenda.listeners("SPY", "5tick") == [by_data.rig.running]
    assert by_data.agenda.listeners("SPY", "9tick") == ()


def test_no_bar_is_awaited_beyond_the_end_of_the_run() -> None:
    rig = Rig(Puppet(bars=("1min",)))
    rig.trader.end_ns = OPEN + 90 * SECOND
    Day(rig, FIRST).to(OPEN + 30 * MINUTE_NS)
    rig.data.on_print("SPY", 1.0, 1, rig.clock.now_ns)
    rig.clock.advance(OPEN + 40 * MINUTE_NS)
    assert rig.puppet.count("on_bar") == 0
    rig.clock.advance(FIRST.close_ns)
    assert rig.puppet.count("on_bar") == 1


def test_old_data_is_cleared_as_often_as_the_strategy_wants() -> None:
    rig = Rig()
    rig.puppet.cleanup_every_s = 600.0
    Day(rig, FIRST).to(FIRST.close_ns)
    assert rig.puppet.count("clear_old_data") == 5


def test_clearing_that_raises_disables_and_cancels_what_works() -> None:
    rig = Rig(Puppet(), Deaf())
    rig.puppet.cleanup_every_s = 60.0
    rig.puppet.does["clear_old_data"] = lambda: 1 / 0
    day = Day(rig, FIRST)
    rig.say(buy(5, order_type=OrderType.LIMIT, limit_price=90.0))
    day.to(OPEN + 3 * MINUTE_NS)
    assert not rig.running.enabled
    assert rig.trader.manager.running[1].enabled
    assert rig.broker.did("cancel") == [1]
    assert [a.source for a in rig.alerts] == ["strategy s0"]
