import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import ContractError
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill, Side
from ikbr.domain.portfolio import Portfolio

SAP = Instrument(symbol="SAP", currency="EUR")
INSTRUMENTS = {
    i.symbol: i for i in (*(parse_contract(t) for t in ("SPY", "ES 202612 CME", "EUR.USD")), SAP)
}
SYMBOLS = sorted(INSTRUMENTS)


def fill(symbol="SPY", side=Side.BUY, quantity=100, price=1_000_000, fee=0):
    return Fill(1, 1, "s", symbol, side, quantity, price, 0, fee, price / 10_000)


def books(capital=1_000_000 * MICRO, **more):
    return Portfolio(INSTRUMENTS, capital, **more)


EVENTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("fill"),
            st.sampled_from(SYMBOLS),
            st.sampled_from(Side),
            st.integers(1, 1000),
            st.integers(1, 2_000_000),
            st.integers(-1_000_000, 5_000_000),
        ),
        st.tuples(st.just("mark"), st.sampled_from(SYMBOLS), st.integers(1, 2_000_000)),
        st.tuples(st.just("cash"), st.integers(-(10**12), 10**12), st.sampled_from(["USD", "EUR"])),
        st.tuples(st.just("fx"), st.floats(0.5, 2.0)),
    ),
    max_size=30,
)


@given(EVENTS)
def test_equity_is_cash_and_marked_positions_after_every_event(events):
    portfolio = books(fx={"EUR": 1.1})
    cash = {"USD": 1_000_000 * MICRO, "EUR": 0}
    quantity = dict.fromkeys(SYMBOLS, 0)
    for event in events:
        if event[0] == "fill":
            _, symbol, side, size, price, fee = event
            portfolio.apply_fill(fill(symbol, side, size, price, fee))
            unit = INSTRUMENTS[symbol].unit_value_micro
            cash[INSTRUMENTS[symbol].currency] -= side * size * price * unit + fee
            quantity[symbol] += side * size
        elif event[0] == "mark":
            portfolio.mark(event[1], event[2])
        elif event[0] == "cash":
            portfolio.add_cash(event[1], event[2])
            cash[event[2]] += event[1]
        else:
            portfolio.set_fx("EUR", event[1])
        rate = {"USD": MICRO, "EUR": portfolio.fx_micro["EUR"]}
        expected = sum(amount * rate[c] // MICRO for c, amount in cash.items())
        for symbol, position in portfolio.positions.items():
            value = quantity[symbol] * position.mark_units * position.unit_value_micro
            expected += value * rate[position.instrument.currency] // MICRO
            assert portfolio.quantity(symbol) == quantity[symbol]
        assert portfolio.equity_micro() == expected
        assert portfolio.equity == expected / MICRO


@given(EVENTS)
def test_equity_is_capital_and_profit_less_fees(events):
    portfolio = books()
    for event in events:
        if event[0] == "fill" and event[1] in ("SPY", "ES 202612 CME"):
            portfolio.apply_fill(fill(*event[1:]))
        elif event[0] == "mark":
            portfolio.mark(event[1], event[2])
    profit = sum(
        p.realised_micro + p.unrealised_micro - p.fees_micro for p in portfolio.positions.values()
    )
    assert portfolio.equity_micro() == 1_000_000 * MICRO + profit


def test_a_purchase_moves_cash_into_a_position_and_pays_its_fee():
    portfolio = books()
    assert portfolio.apply_fill(fill(fee=1_500_000)) == 0
    assert portfolio.cash == 1_000_000 - 10_000 - 1.5
    assert portfolio.position("SPY").fees_micro == 1_500_000
    assert portfolio.position("SPY").mark_units == 1_000_000
    assert portfolio.gross_micro() == 10_000 * MICRO


def test_a_fill_gives_the_profit_that_it_realises():
    portfolio = books()
    portfolio.apply_fill(fill())
    assert portfolio.apply_fill(fill(side=Side.SELL, price=1_010_000)) == 100 * MICRO
    assert portfolio.gross_micro() == 0
    assert portfolio.equity == 1_000_100


def test_a_mark_that_was_set_is_kept_by_the_next_fill():
    portfolio = books()
    portfolio.apply_fill(fill())
    portfolio.mark("SPY", 1_020_000)
    portfolio.apply_fill(fill(price=1_030_000))
    assert portfolio.position("SPY").mark_units == 1_020_000


def test_the_mark_of_what_was_never_held_is_not_kept():
    portfolio = books()
    portfolio.mark("SPY", 1_020_000)
    assert portfolio.positions == {}
    assert portfolio.quantity("SPY") == 0


def test_a_foreign_position_is_valued_at_the_exchange_rate():
    portfolio = books(fx={"EUR": 1.2})
    portfolio.apply_fill(fill("SAP", quantity=10))
    portfolio.mark("SAP", 1_100_000)
    assert portfolio.cash_micro["EUR"] == -1_000 * MICRO
    assert portfolio.equity == 1_000_000 + 100 * 1.2


def test_a_currency_without_a_rate_is_an_error_that_says_how_to_give_one():
    portfolio = books()
    portfolio.apply_fill(fill("SAP"))
    with pytest.raises(ContractError, match="--fx EUR=RATE"):
        portfolio.equity_micro()


@pytest.mark.parametrize("rate", [0.0, 1e-9, -1.0, float("nan"), float("inf")])
def test_an_exchange_rate_is_a_number_above_zero(rate):
    with pytest.raises(ContractError, match="exchange rate EUR/USD"):
        books(fx={"EUR": rate})


def test_the_base_currency_is_always_worth_one():
    portfolio = books(fx={"USD": 3.0})
    assert portfolio.rate_micro("USD") == MICRO


def test_cash_without_a_currency_is_in_the_base_currency():
    portfolio = books()
    portfolio.add_cash(-5 * MICRO)
    portfolio.add_cash(7 * MICRO, "USD")
    assert portfolio.cash == 1_000_002
