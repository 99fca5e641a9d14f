import datetime as dt

import pytest

from ikbr.domain.instrument import SecType
from ikbr.sim.settlement import Settlement, cycle

MONDAY = dt.date(2025, 6, 2)


@pytest.mark.parametrize(
    ("day", "sessions"),
    [
        ("1990-01-02", 3),
        ("2017-09-04", 3),
        ("2017-09-05", 2),
        ("2024-05-27", 2),
        ("2024-05-28", 1),
    ],
)
def test_stock_settles_by_the_cycle_of_its_day(day, sessions):
    assert cycle(SecType.STOCK, dt.date.fromisoformat(day)) == sessions


@pytest.mark.parametrize(
    ("kind", "sessions"), [(SecType.OPTION, 1), (SecType.FUTURE, 0), (SecType.FOREX, 0)]
)
def test_other_products_settle_at_their_own_pace(kind, sessions):
    assert cycle(kind, dt.date(2020, 1, 2)) == sessions


def test_proceeds_are_settled_when_enough_sessions_have_opened():
    held = Settlement()
    early = dt.date(2020, 1, 2)
    held.add(100, "USD", SecType.STOCK, early)
    held.add(5, "EUR", SecType.STOCK, early)
    held.open_session(early + dt.timedelta(days=1))
    held.add(7, "USD", SecType.STOCK, early + dt.timedelta(days=1))
    assert held.unsettled_micro() == {"USD": 107, "EUR": 5}
    held.open_session(early + dt.timedelta(days=4))
    assert held.unsettled_micro() == {"USD": 7}


def test_a_long_gap_in_the_data_settles_too():
    held = Settlement()
    held.add(100, "USD", SecType.STOCK, dt.date(2020, 1, 2))
    held.open_session(dt.date(2020, 2, 3))
    assert held.unsettled_micro() == {}


def test_what_is_credited_at_once_is_never_unsettled():
    held = Settlement()
    held.add(100, "USD", SecType.FOREX, MONDAY)
    held.add(-3, "USD", SecType.STOCK, MONDAY)
    assert held.unsettled_micro() == {}
