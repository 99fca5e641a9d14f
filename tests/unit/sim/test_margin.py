import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ikbr.domain.contracts import parse_contract
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.sim.margin import INFINITE, MarginBook

CALL = parse_contract("SPY   261218C00600000")
CALL_2 = parse_contract("SPY   261218C00700000")
PUT = parse_contract("SPY   261218P00600000")
SAP = Instrument(symbol="SAP", currency="EUR")
INSTRUMENTS = {
    i.symbol: i
    for i in (
        *(parse_contract(t) for t in ("SPY", "IBM", "ES 202612", "EUR.USD")),
        CALL,
        CALL_2,
        PUT,
        SAP,
    )
}


def holding(quantities, *, capital=1_000_000, account="reg-t"):
    """Hold `{symbol: (quantity, mark units)}`, bought at the mark."""
    portfolio = Portfolio(INSTRUMENTS, capital * MICRO, fx={"EUR": 1.1})
    for symbol, (quantity, mark) in quantities.items():
        if quantity:
            side = Side.BUY if quantity > 0 else Side.SELL
            portfolio.apply_fill(Fill(1, 1, "s", symbol, side, abs(quantity), mark, 0, 0, 0.0))
    return portfolio, MarginBook(INSTRUMENTS, portfolio, account)


@pytest.mark.parametrize(
    ("quantities", "dollars"),
    [
        ({}, 0),
        ({"SPY": (100, 1_000_000)}, 2_500),
        ({"SPY": (-100, 1_000_000)}, 3_000),
        ({"SPY": (-100, 100_000)}, 500),
        ({"SPY": (100, 1_000_000), "IBM": (-10, 2_000_000)}, 2_500 + 600),
        ({"ES 202612 CME": (1, 600_000)}, 22_500),
        ({"EUR.USD": (-100_000, 110_000)}, 2_200),
        ({"SAP": (100, 1_000_000)}, 2_750),
        ({CALL.symbol: (2, 500)}, 1_000),
        ({CALL.symbol: (-1, 500), "SPY": (100, 6_000_000)}, 15_000),
        ({CALL.symbol: (-2, 500), "SPY": (100, 6_000_000)}, 15_000 + 500 + 12_000),
        ({PUT.symbol: (-1, 500), "SPY": (100, 6_000_000)}, 15_000 + 500 + 12_000),
    ],
)
def test_maintenance_is_the_sum_over_positions(quantities, dollars):
    _, margin = holding(quantities)
    assert margin.maintenance_micro() == dollars * MICRO


def test_shares_cover_each_contract_once():
    _, margin = holding({"SPY": (250, 6_000_000), CALL.symbol: (-1, 500)})
    assert margin.covered(CALL) == 2
    assert margin.covered(CALL_2) == 1
    assert margin.covered(PUT) == 0
    _, margin = holding({"SPY": (-250, 6_000_000), "IBM": (300, 10_000)})
    assert margin.covered(CALL) == 0


def test_opening_is_weighed_at_the_orders_price():
    portfolio, margin = holding({"SPY": (100, 1_000_000), "SAP": (10, 1_000_000)})
    equity, before, after = margin.initial_before_and_after("SPY", 300, 1_100_000)
    assert equity == 1_000_000 * MICRO
    assert before == (5_000 + 550) * MICRO
    assert after == (16_500 + 550) * MICRO
    portfolio.position("IBM")
    assert margin.initial_before_and_after("SAP", -10, 1_000_000)[2] == (5_000 + 550) * MICRO


def test_a_short_option_and_a_negative_price_are_weighed_too():
    _, margin = holding({CALL.symbol: (-1, 500), "ES 202612 CME": (1, -1000)})
    _, before, after = margin.initial_before_and_after(CALL.symbol, 0, 500)
    assert before == (500 + 12_000 + 500 * 0.0825) * MICRO
    assert after == 500 * 0.0825 * MICRO


POSITIONS = st.fixed_dictionaries(
    {
        "SPY": st.tuples(st.integers(-3_000, 3_000), st.integers(1, 3_000_000)),
        "IBM": st.tuples(st.integers(-3_000, 3_000), st.integers(1, 300_000)),
        "ES 202612 CME": st.tuples(st.integers(-3, 3), st.integers(1, 600_000)),
        "EUR.USD": st.tuples(st.integers(-500_000, 500_000), st.integers(1, 130_000)),
        CALL.symbol: st.tuples(st.integers(-5, 5), st.integers(1, 5_000)),
        PUT.symbol: st.tuples(st.integers(-5, 5), st.integers(1, 5_000)),
        "SAP": st.tuples(
            st.one_of(st.just(0), st.integers(-3_000, 3_000)), st.integers(1, 3_000_000)
        ),
    }
)


@settings(max_examples=400)
@given(
    POSITIONS,
    st.sets(st.sampled_from(sorted(INSTRUMENTS)), min_size=1),
    st.sampled_from(["reg-t", "cash"]),
    st.integers(20_000, 1_000_000),
    st.lists(st.floats(-1, 1), min_size=9, max_size=9),
)
def test_no_move_within_the_safe_one_leads_to_a_call(quantities, kept, account, capital, moves):
    quantities = {s: q for s, q in quantities.items() if s in kept}
    portfolio, margin = holding(quantities, capital=capital, account=account)
    safe = margin.safe_move()
    held = [p for p in portfolio.positions.values() if p.quantity]
    if portfolio.equity_micro() - margin.maintenance_micro() < 0:
        assert safe == (0.0 if held else INFINITE)
        return
    assert safe >= 0
    reach = min(safe, 1.0)
    worst = [-1.0 if p.quantity > 0 else 1.0 for p in held]
    marks = [p.mark_units for p in held]
    for directions in (worst, moves):
        for position, mark, direction in zip(held, marks, directions, strict=False):
            # Towards the old mark, so that whole units stay within the move.
            position.mark_units = mark + math.trunc(mark * reach * direction)
        for euro in (1.1, 1.1 * (1 - reach * 0.999), 1.1 * (1 + reach * 0.999)):
            if euro > 1e-5 and portfolio.quantity("SAP"):
                portfolio.set_fx("EUR", euro)
            assert portfolio.equity_micro() - margin.maintenance_micro() >= -10


@pytest.mark.parametrize(
    ("quantities", "capital", "account", "move"),
    [
        ({}, 1_000, "reg-t", INFINITE),
        ({"SPY": (100, 1_000_000)}, 10_000, "reg-t", INFINITE),
        ({"SPY": (100, 1_000_000)}, 10_000, "cash", INFINITE),
        ({"SPY": (100, 1_000_000)}, 5_000, "simple", INFINITE),
        ({"SPY": (100, 1_000_000)}, 5_000, "reg-t", 1 / 3),
        ({"SPY": (-100, 1_000_000)}, 5_000, "reg-t", 2 / 13),
        ({"SPY": (-1000, 40_000)}, 5_000, "reg-t", 1 / 8),
        ({"SPY": (100, 1_000_000)}, 2_000, "reg-t", 0.0),
        ({CALL.symbol: (1, 500)}, 500, "reg-t", INFINITE),
        ({CALL.symbol: (1, 500)}, 400, "cash", 0.0),
        ({"SPY": (100, 1_000_000)}, 9_999, "reg-t", 0.99986667),
        ({"ES 202612 CME": (1, 600_000)}, 400_000, "reg-t", 377_500 / 300_000),
        ({"ES 202612 CME": (1, 600_000)}, 52_500, "reg-t", 0.1),
        ({CALL.symbol: (-1, 500)}, 13_500, "reg-t", 1.0),
    ],
)
def test_the_safe_move_is_as_wide_as_it_can_be(quantities, capital, account, move):
    _, margin = holding(quantities, capital=capital, account=account)
    assert margin.safe_move() == pytest.approx(move, abs=1e-6)


def test_a_position_that_was_closed_moves_nothing():
    portfolio, margin = holding({"SPY": (100, 1_000_000), "ES 202612 CME": (1, 600_000)})
    position = portfolio.position("ES 202612 CME")
    position.apply(-1, 600_000)
    portfolio.add_cash(300_000 * MICRO)
    assert margin.safe_move() == INFINITE


def test_a_foreign_position_is_never_safe_beyond_its_whole_value():
    _, margin = holding({"SAP": (1, 10_000)})
    assert margin.safe_move() == 1.0
    _, margin = holding({"SAP": (10_000, 1_000_000)}, capital=600_000)
    assert 0 < margin.safe_move() < 0.2
