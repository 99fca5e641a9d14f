import datetime as dt

import pytest

from ikbr.sim.day_trades import MINIMUM_EQUITY_MICRO, RULE_ENDS, DayTrades

POOR, RICH = MINIMUM_EQUITY_MICRO - 1, MINIMUM_EQUITY_MICRO
BEFORE = RULE_ENDS - dt.timedelta(days=1)


def booked(changes, held=0, symbol="SPY", days=None):
    days = days or DayTrades()
    for change in changes:
        days.book(symbol, held, change)
        held += change
    return days


@pytest.mark.parametrize(
    ("held", "changes", "count"),
    [
        (0, [100, -100], 1),
        (0, [100, -50, -50], 1),
        (0, [50, 50, -100], 1),
        (0, [100, -100, 100, -100], 2),
        (0, [-100, 100], 1),
        (100, [-100], 0),
        (100, [-100, 100], 0),
        (100, [50, -50], 1),
        (100, [-150], 0),
        (100, [-150, 50], 1),
        (0, [100, -150, 50], 2),
    ],
)
def test_a_day_trade_is_a_decrease_after_an_increase(held, changes, count):
    assert booked(changes, held).count == count


def test_symbols_are_counted_apart_and_together():
    days = booked([100], symbol="SPY")
    booked([-100], symbol="IBM", days=days)
    assert days.count == 0
    booked([-100], held=100, symbol="SPY", days=days)
    assert days.count == 1


def test_what_was_opened_yesterday_is_not_of_the_day():
    days = booked([100])
    days.next_session()
    booked([-100], held=100, days=days)
    assert days.count == 0


def test_the_window_is_five_sessions():
    days = booked([100, -100])
    for _ in range(4):
        days.next_session()
        assert days.count == 1
    days.next_session()
    assert days.count == 0


@pytest.mark.parametrize(
    ("trades", "date", "equity", "forbidden"),
    [
        (2, BEFORE, POOR, False),
        (3, BEFORE, POOR, True),
        (3, BEFORE, RICH, False),
        (3, RULE_ENDS, POOR, False),
        (3, None, POOR, True),
    ],
)
def test_the_fourth_is_forbidden_to_a_small_account_while_the_rule_stands(
    trades, date, equity, forbidden
):
    days = booked([100, -100] * trades)
    assert days.forbids(date, equity) is forbidden
