"""The recorder: one sample per time, nothing without a price."""

from __future__ import annotations

import datetime as dt

from ikbr.core.recorder import Recorder
from ikbr.domain.contracts import parse_contract
from ikbr.domain.tape import NO_PRICE


def recorder() -> Recorder:
    return Recorder([parse_contract("SPY"), parse_contract("EUR.USD")])


def test_of_several_samples_at_one_time_the_last_stands() -> None:
    it = recorder()
    for ts, micro in ((1, 5_000_000), (2, 6_000_000), (2, 7_500_000), (3, 8_000_000)):
        it.equity(ts, micro)
        it.price(0, ts, micro // 100)
    ts, equity = it.equity_path()
    assert (ts.tolist(), equity.tolist()) == ([1, 2, 3], [5.0, 7.5, 8.0])
    path = it.price_paths()["SPY"]
    assert (path.ts_ns.tolist(), path.price.tolist()) == ([1, 2, 3], [5.0, 7.5, 8.0])


def test_every_symbol_has_its_own_scale_and_unknown_prices_are_left_out() -> None:
    it = recorder()
    it.price(1, 1, NO_PRICE)
    it.price(1, 2, 110_000)
    paths = it.price_paths()
    assert paths["EUR.USD"].price.tolist() == [1.1]
    assert len(paths["SPY"].ts_ns) == 0


def test_a_session_is_noted_with_its_equity() -> None:
    it = recorder()
    it.session(dt.date(2026, 3, 2), 1_250_000)
    assert it.session_equity == [(dt.date(2026, 3, 2), 1.25)]
