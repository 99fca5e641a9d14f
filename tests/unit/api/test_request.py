"""A request is checked before anything is read."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from ikbr.api.request import Request, as_date, canonical
from ikbr.domain.errors import UsageError

NAN, INF = float("nan"), float("inf")
DAY = dt.date(2026, 3, 2)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"capital": 0}, "capital 0 "),
        ({"capital": -1.0}, "capital -1 "),
        ({"capital": NAN}, "capital nan "),
        ({"capital": INF}, "capital inf "),
        ({"capital": 1e13}, "at most 1000000000000 dollars"),
        ({"quantity": -1}, "quantity -1 "),
        ({"quantity": 1.5}, "quantity 1.5 "),
        ({"quantity": 10**10}, "quantity 10000000000 "),
        ({"latency_ms": -0.1}, "latency_ms -0.1 "),
        ({"latency_ms": NAN}, "latency_ms nan "),
        ({"latency_ms": INF}, "latency_ms inf "),
        ({"resolution": "tock"}, "did you mean 'tick'"),
        ({"feed": "quote"}, "did you mean 'quotes'"),
        ({"session": "alll"}, "did you mean 'all'"),
        ({"fill": "nxt"}, "did you mean 'next'"),
        ({"fees": "ibkr"}, "fees 'ibkr' is unknown"),
        ({"shape": "rust"}, "shape 'rust' is unknown"),
        ({"days": 0}, "days 0 is too few"),
        ({"days": 1, "start": DAY}, "give one or the other"),
        ({"days": 1, "end": DAY}, "give one or the other"),
        ({"start": DAY, "end": dt.date(2026, 3, 1)}, "start 2026-03-02 is after end 2026-03-01"),
        ({"fx": {"EUR": 0.0}}, "fx EUR=0 "),
        ({"fx": {"EUR": NAN}}, "fx EUR=nan "),
        ({"fx": {"EUA": 1.1}}, "currency 'EUA' is unknown"),
        ({"capital": "1e5"}, "capital '1e5' is not a number"),
        ({"capital": None}, "capital None is not a number"),
        ({"quantity": "10"}, "quantity '10' is not a number"),
        ({"latency_ms": "5"}, "latency_ms '5' is not a number"),
        ({"days": "1"}, "days '1' is not a number"),
        ({"days": True}, "days True is not a number"),
        ({"days": 1.5}, "days 1.5 is not a whole number"),
        ({"seed": 1.5}, "seed 1.5 is not a whole number"),
        ({"params": [1]}, "params [1] is not a dict"),
        ({"settings": 3}, "settings 3 is not a dict"),
        ({"fx": {"EUR": "x"}}, "fx EUR='x' is not a number"),
        ({"fx": {"USD": 2.0}}, "fx USD=2 cannot be"),
        ({"seed": -1}, "seed -1 cannot be"),
        ({"seed": 2**63}, "seed 9223372036854775808 cannot be"),
        ({"seed": 3, "data": "catalog"}, "leave out seed or data"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        Request(**values).check()
    assert sentence in str(caught.value)


def test_a_plain_request_passes() -> None:
    Request().check()
    Request(fx={"EUR": 1.1, "USD": 1.0}, latency_ms=0.0, start=DAY, end=DAY).check()
    Request(days=np.int64(2), capital=np.float64(1e5), quantity=np.int32(5)).check()


def test_a_symbol_named_twice_in_different_ways_is_refused() -> None:
    with pytest.raises(UsageError, match="AAPL is named twice"):
        canonical(["AAPL", "aapl@nasdaq"])


@pytest.mark.parametrize(
    "value", [None, DAY, dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC), "2026-03-02"]
)
def test_days_come_as_dates_or_text(value: Any) -> None:
    assert as_date(value, "start") == (None if value is None else DAY)


@pytest.mark.parametrize("value", ["yesterday", "2026-02-30", "", 5])
def test_what_is_no_day_is_refused(value: Any) -> None:
    with pytest.raises(UsageError, match=r"start .* is not a day; write it as 2013-10-07"):
        as_date(value, "start")
