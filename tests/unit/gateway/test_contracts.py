from typing import Any

import pytest
from tests.unit.gateway.rig import Client, codes, names, only, quote, source_of

from ikbr.gateway.messages import requests
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.world import World

SYMBOLS = ("SPY", "AAPL@NASDAQ", "EUR.USD", "ES 202612 CME", "SPY   261218C00600000")


def a_client() -> Client:
    source = source_of([quote(1, 100.0, 100.02)], SYMBOLS)
    return Client(World(source, GatewayOptions()))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}, ["SPY"]),
        ({"symbol": "SPY", "secType": "STK", "primaryExchange": "ARCA"}, ["SPY"]),
        ({"symbol": "SPY", "secType": "STK", "exchange": "ARCA"}, ["SPY"]),
        ({"symbol": "AAPL", "exchange": "NASDAQ"}, ["AAPL"]),
        ({"symbol": "EUR", "secType": "CASH", "exchange": "IDEALPRO"}, ["EUR.USD"]),
        ({"localSymbol": "ESZ6", "secType": "FUT"}, ["ESZ6"]),
        ({"symbol": "ES", "secType": "FUT", "lastTradeDateOrContractMonth": "202612"}, ["ESZ6"]),
        ({"symbol": "SPY", "secType": "OPT", "strike": 600.0, "right": "C"},
         ["SPY   261218C00600000"]),
        ({"symbol": "SPY"}, ["SPY", "SPY   261218C00600000"]),
        ({"symbol": "SPY", "secType": "OPT", "right": "PUT"}, []),
        ({"symbol": "SPY", "currency": "EUR"}, []),
        ({"symbol": "ES", "lastTradeDateOrContractMonth": "202703"}, []),
        ({"secType": "STK"}, []),
        ({"conId": 1}, []),
    ],
)  # fmt: skip
def test_contracts_are_found_by_what_is_said_of_them(
    asked: dict[str, Any], found: list[str]
) -> None:
    heard = a_client().ask(requests.REQ_CONTRACT_DETAILS, reqId=1, **asked)
    assert [one["localSymbol"] for one in only(heard, "contractData")] == found
    if found:
        assert names(heard)[-1] == "contractDataEnd"
    else:
        assert codes(heard) == [200]


def test_a_contract_is_found_again_by_its_number() -> None:
    client = a_client()
    first = only(client.ask(requests.REQ_CONTRACT_DETAILS, reqId=1, symbol="ES"), "contractData")
    number = first[0]["conId"]
    assert number > 0
    again = client.ask(requests.REQ_CONTRACT_DETAILS, reqId=1, conId=number)
    assert only(again, "contractData") == first
    assert (first[0]["multiplier"], first[0]["minTick"]) == ("50", 0.25)
    assert first[0]["lastTradeDateOrContractMonth"] == "20261231"


def test_hours_rules_and_zone_are_told() -> None:
    client = a_client()
    (spy,) = only(
        client.ask(requests.REQ_CONTRACT_DETAILS, reqId=1, symbol="SPY", secType="STK"),
        "contractData",
    )
    assert spy["timeZoneId"] == "US/Eastern"
    assert spy["liquidHours"] == "20260302:0930-20260302:1600"
    rules = spy["marketRuleIds"].split(",")
    assert len(rules) == len(spy["validExchanges"].split(","))
    (rule,) = only(client.ask(requests.REQ_MARKET_RULE, ruleId=int(rules[0])), "marketRule")
    assert rule["increments"] == [
        {"lowEdge": 0.0, "increment": 0.0001},
        {"lowEdge": 1.0, "increment": 0.01},
    ]
    assert codes(client.ask(requests.REQ_MARKET_RULE, ruleId=9999)) == [321]


def test_symbols_are_searched_by_how_they_begin() -> None:
    client = a_client()
    heard = client.ask(requests.REQ_MATCHING_SYMBOLS, reqId=1, pattern="sp")
    (answer,) = only(heard, "symbolSamples")
    assert [one["symbol"] for one in answer["samples"]] == ["SPY", "SPY"]
    heard = client.ask(requests.REQ_MATCHING_SYMBOLS, reqId=1, pattern="")
    (answer,) = only(heard, "symbolSamples")
    assert answer["samples"] == []


def test_an_ambiguous_contract_cannot_be_ordered() -> None:
    client = a_client()
    heard = client.place(secType="", exchange="", currency="")
    assert codes(heard) == [200]
    assert "ambiguous" in only(heard, "error")[0]["text"]
