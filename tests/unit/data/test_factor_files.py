from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from ikbr.data.calendars import sessions
from ikbr.data.factor_files import dividend_paid, parse_factor_file, split_ratio
from ikbr.domain.errors import DataError
from ikbr.domain.session import Session
from ikbr.domain.tape import CorporateAction


def nyse(first: dt.date, last: dt.date) -> tuple[Session, ...]:
    return sessions("NYSE", first, last)


def parse(path: Path, text: str) -> tuple[CorporateAction, ...]:
    path.write_text(text)
    return parse_factor_file(path, "AAPL", "America/New_York", nyse)


def test_apples_seven_for_one_takes_effect_on_the_monday_after(tmp_path: Path) -> None:
    found = parse(
        tmp_path / "aapl.csv",
        "20140507,0.8961764,0.03571430,592.33\n20140606,0.9011818,0.03571430,645.57\n"
        "20140806,0.9011818,0.25,94.97\n20501231,1,1,0\n",
    )
    assert [(a.split, a.dividend) for a in found[:2]] == [(1.0, 3.29), (7.0, 0.0)]
    ex = dt.datetime.fromtimestamp(found[1].ts_ns / 1e9, dt.UTC)
    assert ex == dt.datetime(2014, 6, 9, 4, tzinfo=dt.UTC)


def test_an_ex_date_skips_holidays(tmp_path: Path) -> None:
    found = parse(tmp_path / "x.csv", "20131127,0.99,1,100\n20501231,1,1,0\n")
    ex = dt.datetime.fromtimestamp(found[0].ts_ns / 1e9, dt.UTC)
    assert ex.date() == dt.date(2013, 11, 29)
    assert found[0].dividend == 1.0


@pytest.mark.parametrize(("now", "after", "split"), [(1, 0.1, 0.1), (0.6666667, 1, 1.5), (1, 1, 1)])
def test_a_rounded_split_factor_gives_the_exact_ratio(
    now: float, after: float, split: float
) -> None:
    assert split_ratio(now, after) == split


def test_equal_price_factors_pay_nothing() -> None:
    assert dividend_paid(100.0, 0.9, 0.9) == 0.0


@pytest.mark.parametrize(
    "line", ["20131127,0.99,1", "x,1,1,1", "20131127,0,1,1", "20131127,1,-1,1"]
)
def test_a_garbled_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(DataError, match=r"x.csv', line 2"):
        parse(tmp_path / "x.csv", f"20131126,1,1,1\n{line}\n")
