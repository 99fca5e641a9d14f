import pytest

from ikbr.domain.contracts import parse_contract
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.live.telemetry.state import exposure_of


def test_positions_in_several_currencies_are_summed_up_in_the_base_currency() -> None:
    instruments = {"SPY": parse_contract("SPY"), "SAP": Instrument(symbol="SAP", currency="EUR")}
    books = Portfolio(instruments, 100_000 * MICRO)
    books.set_fx("EUR", 1.25)
    books.apply_fill(Fill(1, 1, "a", "SPY", Side.BUY, 100, 1_000_000, 0, 0, 100.0))
    books.apply_fill(Fill(1, 2, "b", "SAP", Side.SELL, 10, 2_000_000, 0, 0, 200.0))
    books.mark("SPY", 990_000)
    books.mark("SAP", 1_960_000)

    assert exposure_of(books, 50_000.0) == {
        "cash": 100_000 - 10_000 + 2_000 * 1.25,
        "gross": 9_900 + 1_960 * 1.25,
        "net": 9_900 - 1_960 * 1.25,
        "unrealised": pytest.approx(-100 + 40 * 1.25),
        "leverage": pytest.approx(12_350 / 50_000),
    }
