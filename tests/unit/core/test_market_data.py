"""Market data: tickers, buffers and bars, made for whoever asks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ikbr.core.bars import BarSpec
from ikbr.core.market_data import MarketData
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import ContractError
from ikbr.domain.ticker import Freshness


def market() -> MarketData:
    return MarketData([parse_contract("SPY"), parse_contract("KO")], stale_after_s=2.0)


@pytest.mark.parametrize(
    "ask",
    [
        lambda data: data.ticker("SPI"),
        lambda data: data.buffer("SPI"),
        lambda data: data.add_bars("SPI", BarSpec("1min")),
    ],
)
def test_an_unknown_symbol_is_named_with_the_nearest(ask: Any) -> None:
    with pytest.raises(ContractError, match="'SPI' is not subscribed; did you mean 'SPY'"):
        ask(market())


def test_the_first_caller_decides_the_size_of_a_buffer() -> None:
    data = market()
    assert data.buffer("SPY", 3) is data.buffer("SPY", 9)
    assert data.buffers["SPY"].size == 3


def test_bars_of_one_kind_are_built_once() -> None:
    data = market()
    first = data.add_bars("SPY", BarSpec("1min"))
    assert data.add_bars("SPY", BarSpec("1min")) is first
    assert data.add_bars("SPY", BarSpec("5min")) is not first
    assert data.add_bars("KO", BarSpec("1min")) is not first


def test_a_print_reaches_buffer_and_bars_and_closes_those_that_are_full() -> None:
    data = market()
    buffer = data.buffer("SPY")
    for text in ("2tick", "1min", "50vol"):
        data.add_bars("SPY", BarSpec(text))
    assert data.on_print("SPY", 10.0, 20, 1) is None
    closed = data.on_print("SPY", 11.0, 30, 2)
    assert [(text, bar.count) for bar, text in closed or ()] == [("2tick", 2), ("50vol", 2)]
    assert data.on_print("KO", 9.0, 1, 3) is None
    assert buffer.prices.tolist() == [10.0, 11.0]


def test_many_prints_are_taken_at_once() -> None:
    data = market()
    buffer, builder = data.buffer("SPY"), data.add_bars("SPY", BarSpec("1min"))
    columns = np.array([1.0, 2.0]), np.array([5, 6], np.int64), np.array([7, 8], np.int64)
    data.on_prints("SPY", *columns)
    data.on_prints("KO", *columns)
    assert buffer.timestamps.tolist() == [7, 8]
    assert builder.count == 2


def test_whoever_reads_a_lazy_buffer_gets_the_present() -> None:
    data = market()
    calls: list[int] = []
    data.refresh = lambda: calls.append(len(data.buffers))
    data.buffer("SPY")
    data.buffer("SPY")
    data.pending_tickers()
    assert calls == [0, 1, 1]


def test_pending_tickers_are_those_that_have_seen_anything() -> None:
    data = market()
    assert data.pending_tickers() == []
    data.tickers["KO"].ts_ns = 5
    assert data.pending_tickers() == [data.ticker("KO")]


@pytest.mark.parametrize(("age_s", "label"), [(2.0, Freshness.FRESH), (2.1, Freshness.STALE)])
def test_a_ticker_is_stale_beyond_the_given_age(age_s: float, label: Freshness) -> None:
    data = market()
    ticker = data.ticker("SPY")
    ticker.bid, ticker.ask, ticker.ts_ns = 1.0, 2.0, 1000
    assert data.freshness("SPY", 1000 + round(age_s * 1e9)) is label
