import datetime as dt

import pytest

from ikbr.domain.contracts import FUTURES
from ikbr.domain.errors import FeeTableError
from ikbr.sim import fee_tables as table


def test_rows_stand_in_order_of_their_days():
    days = [row.start for row in table.REGULATORY]
    assert days == sorted(set(days))


@pytest.mark.parametrize(
    ("day", "sec", "taf", "cat"),
    [
        ("2025-01-01", 27_800, 166, 48),
        ("2025-05-13", 27_800, 166, 48),
        ("2025-05-14", 0, 166, 48),
        ("2025-11-30", 0, 166, 48),
        ("2025-12-01", 0, 166, 0),
        ("2026-01-01", 0, 195, 0),
        ("2026-04-03", 0, 195, 0),
        ("2026-04-04", 20_600, 195, 0),
        ("2026-05-01", 20_600, 195, 3),
        ("2026-10-01", 20_600, 0, 3),
        ("2027-01-01", 20_600, 232, 3),
    ],
)
def test_the_day_decides_what_the_regulators_take(day, sec, taf, cat):
    row = table.regulatory_row(dt.date.fromisoformat(day))
    assert (row.sec_per_billion, row.taf_micro, row.cat_micro) == (sec, taf, cat)


def test_a_day_before_the_table_is_refused_with_both_remedies():
    with pytest.raises(FeeTableError, match=r"2013-10-07.*2025-01-01.*--fees-as-of.*--fees none"):
        table.regulatory_row(dt.date(2013, 10, 7))


def test_every_future_has_an_exchange_fee():
    assert set(FUTURES) == set(table.FUTURE_EXCHANGE_MICRO)
