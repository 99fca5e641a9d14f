"""Tickers over a tape: stored or looked up, a field has the value of its row."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.backtest.stage_rig import row, tape_of

from ikbr.backtest.tape_ticker import FIELDS, Columns, fields_named, ticker_class
from ikbr.domain.tape import Kind
from ikbr.domain.ticker import Ticker

SYMBOLS = ("SPY", "EUR.USD")
PRICE = st.none() | st.integers(100, 200).map(lambda n: n / 100)
ROWS = st.lists(
    st.builds(
        lambda symbol, kind, bid, ask, last, size, shown: {
            "symbol": symbol, "kind": Kind(kind), "bid": bid, "ask": ask, "last": last,
            "size": size, "bid_size": shown, "ask_size": shown + 1,
        },
        st.sampled_from(SYMBOLS), st.integers(0, 8), PRICE, PRICE, PRICE,
        st.integers(0, 900), st.integers(0, 900),
    ),
    min_size=1, max_size=25,
)  # fmt: skip


def same(got: Any, expected: float | int | None) -> bool:
    return math.isnan(got) if expected is None else got == expected


@given(ROWS, st.sets(st.sampled_from(FIELDS)))
@settings(max_examples=60)
def test_every_field_is_that_of_the_row_whether_stored_or_looked_up(
    rows: list[Any], eager: set[str]
) -> None:
    rows = [row(float(n), **one) for n, one in enumerate(rows)]
    tape = tape_of(rows, SYMBOLS)
    columns = Columns(tape)
    fields = tuple(f for f in FIELDS if f in eager)
    lists = {f: columns.lists(f, 0, len(tape)) for f in fields}
    tickers = {i.symbol: ticker_class(fields)(i, columns) for i in tape.instruments}
    volume = dict.fromkeys(SYMBOLS, 0)
    for n, one in enumerate(rows):
        ticker = tickers[one["symbol"]]
        ticker.row = n
        for field in fields:
            setattr(ticker, field, lists[field][n])
        volume[one["symbol"]] += one["size"]
        assert ticker.volume == volume[one["symbol"]]
        assert ticker.ts_ns == one["at"]
        assert all(same(getattr(ticker, side), one[side]) for side in ("bid", "ask", "last"))
        assert (ticker.bid_size, ticker.ask_size) == (one["bid_size"], one["ask_size"])
        assert ticker.last_size == one["size"]
        assert ticker.is_print is (Kind.PRINT <= one["kind"] <= Kind.AUCTION)
    for ticker in tickers.values():
        before = [getattr(ticker, f) for f in (*FIELDS, "volume")]
        ticker.freeze()
        assert repr([getattr(ticker, f) for f in (*FIELDS, "volume")]) == repr(before)


def test_volume_begins_anew_with_the_session_and_goes_on_over_pieces() -> None:
    tape = tape_of([row(float(n), last=1.0, size=10) for n in range(4)])
    ticker: Any = ticker_class(())(tape.instruments[0], Columns(tape))
    assert (ticker.volume, math.isnan(ticker.last), ticker.ts_ns) == (0, True, 0)
    ticker.row = 1
    ticker.begin_session()
    ticker.row = 3
    assert ticker.volume == 20
    ticker.freeze()
    assert ticker.volume == 20
    ticker.columns = Columns(tape)
    ticker.row = 0
    assert ticker.volume == 30
    ticker.freeze()
    ticker.begin_session()
    assert ticker.volume == 0


class Spreads:
    def on_market_data(self, ticker: Ticker) -> Any:
        return [t.spread() for t in (ticker,)]


class Marks(Spreads):
    helper = staticmethod(lambda ticker: ticker.market_price())

    @classmethod
    def when(cls, ticker: Ticker) -> Any:
        return ticker.time


def size_of(ticker: Ticker) -> int:
    return ticker.bid_size if ticker.volume else size_of(ticker)


class Asks:
    def on_market_data(self, ticker: Ticker) -> Any:
        return size_of(ticker)


class Silent:
    value = 1


@pytest.mark.parametrize(
    ("classes", "fields"),
    [
        ([], ()),
        ([Silent], ()),
        ([Spreads], ("bid", "ask")),
        ([Marks], ("bid", "ask", "last", "ts_ns")),
        ([Silent, Spreads], ("bid", "ask")),
        ([Asks], ("bid_size",)),
    ],
)
def test_the_fields_that_code_names_are_found(classes: Any, fields: tuple[str, ...]) -> None:
    assert fields_named(classes) == fields
