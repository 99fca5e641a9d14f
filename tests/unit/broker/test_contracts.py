"""Instruments become contracts that IB finds, and come back as they were."""

from __future__ import annotations

import pytest
from ib_async import Contract

from ikbr.broker.contracts import ContractTable, contract_text, to_contract, to_instrument
from ikbr.domain.contracts import FUTURES, parse_contract
from ikbr.domain.errors import ContractError

TEXTS = [
    "SPY",
    "AAPL@NASDAQ",
    "BRK B",
    "EUR.USD",
    "USD.JPY",
    "SPY   261218C00600000",
    "SPXW  260102P04200500",
    *(f"{root} 202612 {spec[0]}" for root, spec in FUTURES.items()),
    "ES 20261218 CME",
]


@pytest.mark.parametrize("text", TEXTS)
def test_an_instrument_comes_back_from_its_contract_unchanged(text: str) -> None:
    instrument = parse_contract(text)
    assert to_instrument(to_contract(instrument)) == instrument


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AAPL@NASDAQ", {"secType": "STK", "symbol": "AAPL", "primaryExchange": "NASDAQ"}),
        ("BRK B", {"symbol": "BRK B", "exchange": "SMART", "currency": "USD"}),
        ("EUR.USD", {"secType": "CASH", "symbol": "EUR", "exchange": "IDEALPRO"}),
        ("USD.JPY", {"symbol": "USD", "currency": "JPY"}),
        ("ES 202612 CME", {"symbol": "ES", "multiplier": "50", "exchange": "CME"}),
        ("SPY   261218C00600000", {"symbol": "SPY", "strike": 600.0, "right": "C"}),
        ("SPY   261218C00600000", {"lastTradeDateOrContractMonth": "20261218"}),
    ],
)
def test_a_contract_has_the_fields_that_ib_searches_by(text: str, expected: dict[str, str]) -> None:
    contract = to_contract(parse_contract(text))
    assert {name: getattr(contract, name) for name in expected} == expected


def test_a_class_of_security_that_is_not_traded_is_named() -> None:
    with pytest.raises(ContractError, match="'BOND' is not traded"):
        contract_text(Contract(secType="BOND", symbol="X"))


@pytest.mark.parametrize("text", TEXTS)
def test_a_table_finds_what_it_was_made_with(text: str) -> None:
    instrument = parse_contract(text)
    table = ContractTable([instrument, parse_contract("QQQ")])
    assert table.find(to_contract(instrument)) is instrument


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        # IB fills in what it was not asked for: other exchanges, no exchange, right "?".
        (Contract(secType="STK", symbol="SPY", currency="USD", exchange="ARCA", right="?"), "SPY"),
        (Contract(secType="STK", symbol="SPY", currency="USD", right="0"), None),
        (Contract(secType="STK", symbol="SPY", currency="EUR"), None),
        # The last day of this future lies in the month before its own.
        (
            Contract(
                secType="FUT",
                symbol="CL",
                currency="USD",
                conId=7,
                lastTradeDateOrContractMonth="20261119",
            ),
            "CL 202612 NYMEX",
        ),
        (
            Contract(
                secType="FUT",
                symbol="CL",
                currency="USD",
                lastTradeDateOrContractMonth="20261119",
            ),
            None,
        ),
    ],
)
def test_a_table_reads_the_contracts_of_answers(answer: Contract, found: str | None) -> None:
    table = ContractTable([parse_contract("SPY"), parse_contract("CL 202612 NYMEX")])
    table.learn("CL 202612 NYMEX", 7)
    instrument = table.find(answer)
    assert (instrument.symbol if instrument else None) == found


def test_a_learned_number_travels_with_the_contract() -> None:
    spy = parse_contract("SPY")
    table = ContractTable([spy])
    assert table.contract(spy).conId == 0
    table.learn("SPY", 756733)
    assert table.contract(spy).conId == 756733


def test_one_number_is_not_given_to_two_symbols() -> None:
    table = ContractTable([parse_contract("SPY"), parse_contract("QQQ")])
    table.learn("SPY", 7)
    table.learn("SPY", 7)
    with pytest.raises(ContractError, match="contract id 7 of QQQ belongs to SPY"):
        table.learn("QQQ", 7)
    with pytest.raises(ContractError, match="IBM is not among"):
        table.learn("IBM", 8)


def test_two_instruments_that_are_one_contract_are_refused() -> None:
    with pytest.raises(ContractError, match="one contract at IB"):
        ContractTable([parse_contract("AAPL"), parse_contract("AAPL@NASDAQ")])
