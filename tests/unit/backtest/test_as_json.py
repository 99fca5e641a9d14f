"""Results as JSON."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math

import numpy as np
import pytest
from tests.unit.backtest.results import empty_result, make_result, one_sided_result

from ikbr.backtest.as_json import iso_utc, plain, to_json
from ikbr.domain.order import Side

PROMISED = (
    "strategy symbols start end events fills orders refused net_pnl gross_pnl commission "
    "final_equity max_drawdown sharpe fill_hash engine_seconds events_per_second synthetic "
    "summary findings settings params positions"
).split()


def strict(value: object) -> str:
    return json.dumps(value, allow_nan=False)


@pytest.mark.parametrize(
    "result", [make_result(days=3), empty_result(), one_sided_result()], ids=["3d", "none", "buys"]
)
def test_everything_promised_is_there_and_json_can_hold_it(result) -> None:
    told = to_json(result)
    assert set(PROMISED) <= set(told)
    assert json.loads(strict(told)) == told


def test_the_numbers_are_those_of_the_result() -> None:
    result = make_result(fills=41)
    told = to_json(result)
    first = result.fills[0]
    assert told["fills"][0] == {
        "ts_ns": first.ts_ns,
        "symbol": first.symbol,
        "side": "BUY",
        "quantity": first.quantity,
        "price": first.price,
        "commission": first.commission,
    }
    assert len(told["fills"]) == told["orders"] == 41
    assert told["net_pnl"] == pytest.approx(told["final_equity"] - 250_000)
    assert told["gross_pnl"] == pytest.approx(told["net_pnl"] + told["commission"])
    assert told["fill_hash"] == result.fill_hash
    assert told["refused"] == {"interval": 4, "position": 4}
    assert told["start"] == "2013-10-07T13:30:00Z"
    assert told["max_drawdown"] == result.summary.max_drawdown > 0
    assert told["findings"][0]["severity"] == "PROBLEM"
    assert told["refusals"][0]["refused"]["limit"] == 75_000.0
    assert told["summary"]["round_trips"][0]["trip"]["symbol"] in told["symbols"]


def test_numbers_that_json_cannot_hold_become_none() -> None:
    result = make_result(settings={"sim": {"value": math.inf}}, params={"m": {"x": math.nan}})
    told = to_json(result)
    assert told["settings"] == {"sim": {"value": None}}
    assert told["params"] == {"m": {"x": None}}
    strict(told)


def test_a_result_without_a_summary_still_has_its_drawdown() -> None:
    result = dataclasses.replace(make_result(), summary=None)
    result.equity = np.array([100.0, 120.0, 90.0])
    told = to_json(result)
    assert told["max_drawdown"] == 0.25
    assert told["sharpe"] is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Side.SELL, "SELL"),
        (np.int64(3), 3),
        (np.array([1.0, math.nan]), [1.0, None]),
        ({dt.date(2013, 10, 7): {"b", "a"}}, {"2013-10-07": ["a", "b"]}),
        (True, True),
        (b"x", "b'x'"),
        (-math.inf, None),
    ],
)
def test_a_value_becomes_what_json_holds(value: object, shown: object) -> None:
    assert plain(value) == shown
    strict(plain(value))


def test_a_time_keeps_its_nanoseconds() -> None:
    assert iso_utc(1) == "1970-01-01T00:00:00.000000001Z"
