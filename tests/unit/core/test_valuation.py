"""Following the equity mark by mark is the same as summing up the books."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.core.valuation import Valuation
from ikbr.domain.contracts import parse_contract
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.tape import NO_PRICE

PLAIN = ("SPY", "ES 202612 CME", "EUR.USD")
MIXED = ("SPY", "EUR.GBP", "USD.JPY")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["mark", "mark", "mark", "fill", "take"]),
        st.integers(0, 2),
        st.integers(1, 5_000_000) | st.just(NO_PRICE),
        st.integers(-500, 500).filter(bool),
        st.integers(-100, 5_000),
    ),
    max_size=40,
)


def fill_of(instrument: Instrument, number: int, change: int, units: int, fee: int) -> Fill:
    side = Side.BUY if change > 0 else Side.SELL
    return Fill(
        number, number, "s", instrument.symbol, side, abs(change), units, 0, fee,
        instrument.to_price(units),
    )  # fmt: skip


def make(symbols: tuple[str, ...]) -> tuple[list[Instrument], Portfolio, Portfolio, list[int], Any]:
    instruments = [parse_contract(s) for s in symbols]
    by_symbol = {i.symbol: i for i in instruments}
    fx = {"GBP": 1.27, "JPY": 0.0067} if symbols is MIXED else {}
    books, other = (Portfolio(by_symbol, 10**12, "USD", fx) for _ in range(2))
    told: list[int] = []
    return instruments, books, other, told, Valuation(books, [other], instruments, told.append)


@pytest.mark.parametrize("symbols", [PLAIN, MIXED], ids=["one currency", "several"])
@given(STEPS)
def test_the_equity_is_always_what_the_books_sum_up_to(
    symbols: tuple[str, ...], steps: list[Any]
) -> None:
    instruments, books, other, told, valuation = make(symbols)
    assert valuation.linear is (symbols is PLAIN)
    for number, (what, n, units, change, fee) in enumerate(steps):
        instrument = instruments[n]
        if what == "mark":
            before = len(told)
            old = books.positions[instrument.symbol].mark_units if valuation.held[n] else units
            valuation.on_mark(n, units)
            assert len(told) - before == (units not in {old, NO_PRICE})
        elif what == "fill":
            price = units if units != NO_PRICE else 77
            fill = fill_of(instrument, number, change, price, fee)
            for each in (books, other):
                each.apply_fill(fill)
            valuation.on_fill(n, fill, units)
        elif valuation.linear:
            marks = [p.mark_units if p else 0 for p in valuation.held]
            if valuation.held[n] is not None and units != NO_PRICE:
                marks[n] = units
            moved = sum(
                (m - p.mark_units) * p.quantity * p.unit_value_micro
                for p, m in zip(valuation.held, marks, strict=True)
                if p is not None
            )
            valuation.take(valuation.equity_micro + moved, marks)
        assert valuation.equity_micro == books.equity_micro() == other.equity_micro()
        assert not told or what == "take" or told[-1] == valuation.equity_micro or what == "mark"
        held = [books.quantity(i.symbol) for i in instruments]
        assert [p.quantity if p else 0 for p in valuation.held] == held


def test_what_is_not_held_needs_no_mark() -> None:
    _, books, _, told, valuation = make(PLAIN)
    valuation.on_mark(0, 1_000_000)
    assert (told, books.positions) == ([], {})


def test_a_recount_finds_what_was_booked_behind_its_back() -> None:
    instruments, books, _, told, valuation = make(PLAIN)
    books.apply_fill(fill_of(instruments[0], 1, 100, 1_000_000, 0))
    books.add_cash(5 * MICRO)
    valuation.recount()
    assert told == [10**12 + 5 * MICRO] == [valuation.equity_micro]
    assert valuation.held[0] is books.positions["SPY"]
    books.apply_fill(fill_of(instruments[0], 2, -100, 1_000_000, 0))
    valuation.recount()
    assert valuation.held[0] is None
