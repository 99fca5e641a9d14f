import datetime as dt

import pytest

from ikbr.domain.contracts import CURRENCIES, FUTURES, parse_contract
from ikbr.domain.errors import ContractError
from ikbr.domain.instrument import SecType


@pytest.mark.parametrize(
    ("text", "symbol", "exchange"),
    [
        ("AAPL", "AAPL", ""),
        (" aapl ", "AAPL", ""),
        ("AAPL@NASDAQ", "AAPL", "NASDAQ"),
        ("BRK B", "BRK B", ""),
        ("BRK.B", "BRK B", ""),
        ("BRK-B@NYSE", "BRK B", "NYSE"),
    ],
)
def test_a_stock_is_read_as_people_write_it(text, symbol, exchange):
    stock = parse_contract(text)
    assert (stock.symbol, stock.primary_exchange) == (symbol, exchange)
    assert stock.sec_type == SecType.STOCK


@pytest.mark.parametrize(
    ("text", "scale", "min_tick"), [("EUR.USD", 100_000, 0.00005), ("usd.jpy", 1000, 0.005)]
)
def test_a_currency_pair_is_quoted_in_half_pips(text, scale, min_tick):
    pair = parse_contract(text)
    assert pair.sec_type == SecType.FOREX
    assert pair.currency == text[-3:].upper()
    assert (pair.price_scale, pair.min_tick, pair.calendar) == (scale, min_tick, "FX")


@pytest.mark.parametrize(
    ("text", "symbol", "expiry"),
    [
        ("ES 202612 CME", "ES 202612 CME", dt.date(2026, 12, 31)),
        ("ES 202612", "ES 202612 CME", dt.date(2026, 12, 31)),
        ("CL 20260220", "CL 20260220 NYMEX", dt.date(2026, 2, 20)),
    ],
)
def test_a_future_is_named_by_root_month_and_exchange(text, symbol, expiry):
    future = parse_contract(text)
    assert (future.symbol, future.expiry) == (symbol, expiry)


@pytest.mark.parametrize("root", sorted(FUTURES))
def test_every_known_future_can_be_counted_exactly(root):
    future = parse_contract(f"{root} 202612")
    assert future.unit_value_micro > 0
    assert future.increment(0) * future.unit_value_micro > 0


def test_an_option_is_read_from_its_occ_symbol():
    option = parse_contract("SPY261218P00600500")
    assert option.symbol == "SPY   261218P00600500"
    assert (option.right, option.strike, option.multiplier) == ("P", 600.5, 100)
    assert option.expiry == dt.date(2026, 12, 18)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("EUR.USX", "currency 'USX' is unknown"),
        ("EUX.USD", "currency 'EUX' is unknown"),
        ("EUR.EUR", "two currencies"),
        ("EZ 202612", "future 'EZ' is unknown"),
        ("ES 202612 NYMEX", "trades on CME, not on NYMEX"),
        ("ES 202613", "'202613' is not a month"),
        ("ES 20261301", "'20261301' is not a month"),
        ("SPY   261340C00600000", "is not a month"),
        ("", "is not understood"),
        ("12 monkeys!", "is not understood"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(text, words):
    with pytest.raises(ContractError, match=words):
        parse_contract(text)


def test_currencies_are_three_letters():
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)
