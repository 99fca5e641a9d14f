from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.amendment import Amendment, AmendmentKind, amend_fills
from ikbr.domain.contracts import parse_contract
from ikbr.domain.instrument import MICRO
from ikbr.domain.order import Fill, Order, OrderRequest, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.round_trips import round_trips

INSTRUMENTS = {i.symbol: i for i in (parse_contract("SPY"), parse_contract("ES 202612 CME"))}


def fill(
    exec_id: int = 1,
    side: Side = Side.BUY,
    quantity: int = 100,
    units: int = 1_000_000,
    fee: int = 0,
    symbol: str = "SPY",
) -> Fill:
    price = INSTRUMENTS[symbol].to_price(units)
    return Fill(exec_id, 1, "s", symbol, side, quantity, units, exec_id, fee, price)


def amended(before: Fill, **changes: Any) -> Amendment:
    if "price_units" in changes:
        changes["price"] = INSTRUMENTS[before.symbol].to_price(changes["price_units"])
    return Amendment(9, before, msgspec.structs.replace(before, **changes))


def shown(books: Portfolio) -> dict[str, Any]:
    positions = {
        s: (p.quantity, p.cost_micro, p.realised_micro, p.fees_micro, p.mark_units)
        for s, p in books.positions.items()
    }
    return {"cash": books.cash_micro, "positions": positions}


def booked(fills: list[Fill]) -> Portfolio:
    books = Portfolio(INSTRUMENTS, 1_000_000 * MICRO)
    for symbol in INSTRUMENTS:
        books.position(symbol).mark_units = 1_000_000
    for one in fills:
        books.apply_fill(one)
    return books


FILLS = st.lists(
    st.builds(
        fill,
        side=st.sampled_from(Side),
        quantity=st.integers(1, 300),
        units=st.integers(900_000, 1_100_000),
        fee=st.integers(-1_000_000, 5_000_000),
        symbol=st.sampled_from(sorted(INSTRUMENTS)),
    ),
    min_size=1,
    max_size=12,
).map(lambda fills: [msgspec.structs.replace(f, exec_id=n) for n, f in enumerate(fills)])
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 11),
        st.integers(0, 300),
        st.integers(900_000, 1_100_000),
        st.integers(-1_000_000, 5_000_000),
    ),
    max_size=6,
)


@given(FILLS, CHANGES)
def test_amended_books_are_those_that_never_knew_the_wrong_fill(
    fills: list[Fill], changes: list[tuple[int, int, int, int]]
) -> None:
    books, told = booked(fills), list(fills)
    for which, quantity, units, fee in changes:
        before = fills[which % len(fills)]
        amendment = amended(before, quantity=quantity, price_units=units, commission_micro=fee)
        books.amend(amendment, [f for f in fills if f.symbol == before.symbol])
        fills[which % len(fills)] = amendment.after
        amend_fills(told, amendment)
        assert shown(books) == shown(booked(fills))
    assert told == [f for f in fills if f.quantity]
    trips = round_trips(told, {s: i.multiplier for s, i in INSTRUMENTS.items()})
    earned = sum(t.net_pnl for t in trips.closed) + sum(t.net_pnl(100.0) for t in trips.open)
    # A bust may leave fees behind that belong to no fill any more.
    left = sum(f.commission_micro for f in fills if not f.quantity)
    marked = booked(fills)
    for t in trips.open:
        marked.mark(t.symbol, INSTRUMENTS[t.symbol].to_units(100.0))
    assert earned == pytest.approx((marked.equity_micro() + left) / MICRO - 1_000_000, abs=1e-3)


@given(FILLS, st.integers(0, 11), st.integers(0, 300), st.integers(900_000, 1_100_000))
def test_equity_is_exact_where_the_history_does_not_explain_the_position(
    fills: list[Fill], which: int, quantity: int, units: int
) -> None:
    books = booked([fill(99, units=950_000), *fills])
    before = fills[which % len(fills)]
    amendment = amended(before, quantity=quantity, price_units=units)
    expected = shown(booked([fill(99, units=950_000), *fills]))["cash"]["USD"]
    books.amend(amendment, [f for f in fills if f.symbol == before.symbol])
    unit = INSTRUMENTS[before.symbol].unit_value_micro
    traded = amendment.after.side * (quantity * units - before.quantity * before.price_units)
    position = books.positions[before.symbol]
    assert books.cash_micro["USD"] == expected - traded * unit
    flow = 1_000_000 * MICRO - books.cash_micro["USD"]
    costs = sum(p.cost_micro - p.realised_micro + p.fees_micro for p in books.positions.values())
    assert flow == costs
    assert position.quantity or position.cost_micro == 0


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"commission_micro": 2_500_000}, AmendmentKind.COMMISSION, "is 2.50 (+2.50)."),
        ({"price_units": 990_000}, AmendmentKind.CORRECTION, "to 100 @ 99."),
        ({"quantity": 70}, AmendmentKind.CORRECTION, "BUY 100 @ 100 was corrected to 70 @ 100."),
        ({"quantity": 0}, AmendmentKind.BUST, "was taken back by the exchange."),
    ],
)
def test_an_amendment_says_what_it_is(
    changes: dict[str, Any], kind: AmendmentKind, words: str
) -> None:
    amendment = amended(fill(), **changes)
    assert amendment.kind is kind
    assert amendment.describe().startswith("fill 1 of order 1 (SPY): ")
    assert amendment.describe().endswith(words)
    assert not amendment.says_nothing
    assert amended(fill(), decision_mid=5.0).says_nothing


@dataclass
class Step:
    was: int
    now: int
    filled: int
    undone: int


@pytest.mark.parametrize(
    "steps",
    [
        [Step(60, 0, 0, 60)],
        [Step(60, 40, 40, 20), Step(40, 50, 50, 10), Step(50, 90, 90, 0)],
        [Step(60, 60, 60, 0)],
    ],
)
def test_what_was_taken_back_counts_as_executed_until_it_is_given_back(steps: list[Step]) -> None:
    order = Order(1, OrderRequest("SPY", Side.BUY, 100), INSTRUMENTS["SPY"], "s", filled=60)
    order.fill_value_units = 60 * 1_000_000
    for step in steps:
        order.amend(fill(quantity=step.now), fill(quantity=step.was))
        assert (order.filled, order.undone) == (step.filled, step.undone)
        assert order.executed + order.remaining == 100
        assert order.fill_value_units == step.filled * 1_000_000
