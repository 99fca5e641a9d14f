"""What IB says of a contract becomes an instrument that prices and money can be counted in."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from ib_async import Contract, ContractDetails, PriceIncrement

from ikbr.broker.contract_details import hours, live_contract, rule_of
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import ContractError

SPY, ES = parse_contract("SPY"), parse_contract("ES 202612 CME")


def details(contract: dict[str, Any] | None = None, **fields: Any) -> ContractDetails:
    known: dict[str, Any] = {
        "contract": Contract(
            **{"conId": 756733, "currency": "USD", "primaryExchange": "ARCA", **(contract or {})}
        ),
        "minTick": 0.01,
        "priceMagnifier": 1,
        "minSize": 1.0,
        "timeZoneId": "US/Eastern",
    }
    return ContractDetails(**{**known, **fields})


def test_the_grid_is_that_of_the_market_rule_and_not_the_smallest_tick() -> None:
    rule = [PriceIncrement(0.0, 0.0001), PriceIncrement(1.0, 0.01)]
    found = live_contract(SPY, details(minTick=0.0001), rule)
    assert found.con_id == 756733
    assert found.instrument.tick_bands == ((0, 1), (10_000, 100))
    assert (found.instrument.price_scale, found.instrument.primary_exchange) == (10_000, "ARCA")


@pytest.mark.parametrize(
    ("rule", "min_tick", "scale", "bands"),
    [
        ([], 0.25, 100, ((0, 25),)),
        ([PriceIncrement(0, 0.05), PriceIncrement(100, 0.25)], 0.05, 100, ((0, 5), (10_000, 25))),
        ([PriceIncrement(0.0, 0.015625)], 0.015625, 1_000_000, ((0, 15_625),)),
    ],
)  # fmt: skip
def test_price_units_are_as_fine_as_the_steps(
    rule: list[PriceIncrement], min_tick: float, scale: int, bands: tuple[tuple[int, int], ...]
) -> None:
    found = live_contract(ES, details({"multiplier": "50"}, minTick=min_tick), rule).instrument
    assert (found.price_scale, found.tick_bands, found.multiplier) == (scale, bands, 50)


@pytest.mark.parametrize(
    ("instrument", "said", "words"),
    [
        (SPY, details({"conId": 0}), "without a contract id"),
        (SPY, details({"currency": "GBP"}, priceMagnifier=100), "1/100 of GBP"),
        (SPY, details(minTick=1e-9), "finer than ikbr counts"),
    ],
)
def test_what_cannot_be_counted_in_is_refused(instrument: Any, said: Any, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        live_contract(instrument, said, [])


def test_hours_are_read_in_the_zone_of_the_exchange() -> None:
    text = "20260302:0930-20260302:1600;20260303:CLOSED;20260304:0930-1300;nonsense"
    first, second = hours(text, "US/Eastern")
    assert first.date == dt.date(2026, 3, 2)
    assert first.open_ns == int(dt.datetime(2026, 3, 2, 14, 30, tzinfo=dt.UTC).timestamp()) * 10**9
    assert second.close_ns - second.open_ns == 3.5 * 3600 * 10**9
    (summer,) = hours("20260601:0930-20260601:1600", "EST (Eastern Standard Time)")
    assert dt.datetime.fromtimestamp(summer.open_ns / 1e9, dt.UTC).hour == 13
    (evening,) = hours("20260301:1700-20260302:1600", "US/Central")
    assert evening.date == dt.date(2026, 3, 2)
    (late,) = hours("20260301:1800-20260301:2400", "UTC")
    assert late.date == dt.date(2026, 3, 2)


def test_the_rule_is_that_of_the_exchange() -> None:
    said = details(validExchanges="SMART,ISLAND", marketRuleIds="26,32")
    assert (rule_of(said, "ISLAND"), rule_of(said, "elsewhere")) == (32, 26)
    assert rule_of(details(), "SMART") == 0
