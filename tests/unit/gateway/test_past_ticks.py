"""Ticks of the days before the tape, asked for over the wire."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.gateway.rig import OPEN, SECOND, Client, only, quote, source_of, trade

from ikbr.data import columns as col
from ikbr.data.catalog import Catalog
from ikbr.data.history import CatalogHistory
from ikbr.data.synthetic import make_synthetic
from ikbr.data.tape_source import CatalogSource
from ikbr.domain.contracts import parse_contract
from ikbr.gateway.messages import requests
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.world import World

DAY = 86_400 * SECOND
SPY = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}
NAMES = {"TRADES": "historicalTicksLast", "BID_ASK": "historicalTicksBidAsk",
         "MIDPOINT": "historicalTicks"}  # fmt: skip
THURSDAY, FRIDAY = OPEN - 4 * DAY, OPEN - 3 * DAY


def write(catalog: Catalog, kind: str, opened: int, at: list[int], **more: list[int]) -> None:
    instrument = parse_contract("SPY")
    day = dt.datetime.fromtimestamp(opened // SECOND, dt.UTC).date()
    arrays = {"ts_ns": [opened + second * SECOND for second in at], **more}
    columns = col.make_columns(kind, {k: np.array(v) for k, v in arrays.items()})
    catalog.write(instrument, kind, day, columns, source="test")


@pytest.fixture
def archive(tmp_path: Path) -> CatalogHistory:
    """Hold a Thursday and a Friday; Friday's first print comes before the open."""
    catalog, scale = Catalog(tmp_path), parse_contract("SPY").price_scale
    for opened, at, price in ((THURSDAY, [5, 6, 7], 90), (FRIDAY, [-600, 5, 6], 95)):
        units = [(price + n) * scale for n in range(3)]
        write(catalog, "print", opened, at, price=units, size=[10, 20, 30], flags=[0] * 3)
        bids = [price * scale] * 3
        write(catalog, "quote", opened, [1, 2, 3], bid=bids, ask=[b + scale for b in bids],
              bid_size=[100, 200, 200], ask_size=[100, 100, 100])  # fmt: skip
    return CatalogHistory(catalog)


@pytest.fixture
def client(archive: CatalogHistory) -> Client:
    """Speak to a gateway that has played some of Monday."""
    rows = [quote(1, 100.0, 100.02), trade(2, 100.01), trade(3, 100.02), trade(9, 200.0)]
    world = World(source_of(rows), GatewayOptions(), history=archive)
    world.step(3)
    return Client(world)


def ask(client: Client, show: str = "TRADES", **values: Any) -> list[dict[str, Any]]:
    usual = {"reqId": 3, "count": 1000, "whatToShow": show, "useRTH": True}
    heard = client.ask(requests.REQ_HISTORICAL_TICKS, **(usual | values), **SPY)
    (answer,) = only(heard, NAMES[show])
    assert answer["done"]
    ticks: list[dict[str, Any]] = answer["ticks"]
    assert [one["time"] for one in ticks] == sorted(one["time"] for one in ticks)
    return ticks


def at(opened: int, seconds: int = 0) -> str:
    moment = dt.datetime.fromtimestamp(opened // SECOND + seconds, dt.UTC)
    return f"{moment:%Y%m%d-%H:%M:%S}"


@pytest.mark.parametrize(
    ("asked", "prices"),
    [
        ({"start": at(THURSDAY)}, [90, 91, 92, 96, 97, 100.01, 100.02]),
        ({"start": at(THURSDAY), "count": 4}, [90, 91, 92, 96]),
        ({"start": at(THURSDAY, 6), "count": 3}, [91, 92, 96]),
        ({"start": at(THURSDAY), "useRTH": False, "count": 5}, [90, 91, 92, 95, 96]),
        ({"start": at(FRIDAY, -7 * 86_400), "count": 1}, [90]),
        ({"start": at(OPEN)}, [100.01, 100.02]),
        ({"end": at(FRIDAY, 6)}, [90, 91, 92, 96]),
        ({"end": at(FRIDAY, 6), "count": 2}, [92, 96]),
        ({"end": at(FRIDAY, 6), "count": 2, "useRTH": False}, [95, 96]),
        ({"end": at(OPEN, 60), "count": 3}, [97, 100.01, 100.02]),
        ({"end": at(THURSDAY)}, []),
    ],
)
def test_prints_of_earlier_days_are_those_next_to_the_time(
    client: Client, asked: dict[str, Any], prices: list[float]
) -> None:
    assert [one["price"] for one in ask(client, **asked)] == prices


def test_quotes_and_middles_of_earlier_days_are_told_where_they_change(client: Client) -> None:
    told = ask(client, "BID_ASK", start=at(THURSDAY))
    shown = [(one["bid"], one["ask"], one["bidSize"]) for one in told]
    assert shown == [(90, 91, 100), (90, 91, 200), (95, 96, 100), (95, 96, 200), (100, 100.02, 300)]
    alone = ask(client, "BID_ASK", start=at(THURSDAY), ignoreSize=True)
    assert [one["bid"] for one in alone] == [90, 95, 100]
    assert [one["price"] for one in ask(client, "MIDPOINT", end=at(OPEN))] == [90.5, 95.5]


def test_a_day_is_read_once_however_many_pieces_are_asked_for(
    client: Client, archive: CatalogHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    true = Catalog.read

    def counted(self: Catalog, symbol: str, kind: str, day: dt.date, **how: Any) -> col.Columns:
        reads.append(kind)
        return true(self, symbol, kind, day, **how)

    monkeypatch.setattr(Catalog, "read", counted)
    for second in range(5, 8):
        assert len(ask(client, start=at(THURSDAY, second), count=1)) == 1
    assert sorted(reads) == ["print", "quote"]


def test_a_gateway_without_an_archive_tells_what_was_played() -> None:
    world = World(source_of([quote(1, 100.0, 100.02), trade(2, 100.01)]), GatewayOptions())
    world.step(2)
    assert [one["price"] for one in ask(Client(world), start=at(THURSDAY))] == [100.01]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("catalog")
    make_synthetic(folder, symbols=["SPY"], days=3, rows_per_day=500)
    return Catalog(folder)


def played_since(catalog: Catalog, since: int) -> Client:
    """Play the days from one of them on to the end; the earlier ones are in the archive."""
    days = catalog.days("SPY", "quote")
    source = CatalogSource(catalog, ("SPY",), catalog.sessions("SPY", days[since], days[-1]))
    world = World(source, GatewayOptions(), history=CatalogHistory(catalog))
    while world.step(100_000):
        pass
    return Client(world)


@pytest.mark.parametrize("show", ["MIDPOINT", "BID", "ASK", "BID_ASK", "TRADES"])
@pytest.mark.parametrize(
    ("size", "duration"),
    [
        ("1 min", "2 D"),
        ("1 hour", "3 D"),
        ("1 day", "3 D"),
        ("5 mins", "86400 S"),
        ("5 mins", "1 W"),
    ],
)
def test_bars_of_days_before_the_tape_are_those_of_days_that_were_played(
    made: Catalog, show: str, size: str, duration: str
) -> None:
    asked = {"barSize": size, "duration": duration, "whatToShow": show, "useRTH": True,
             "formatDate": 2, "reqId": 9, **SPY}  # fmt: skip
    (archived,), (played,) = (
        only(played_since(made, since).ask(requests.REQ_HISTORICAL_DATA, **asked), "historicalData")
        for since in (2, 0)
    )
    assert len(archived["bars"]) > 1
    assert archived["bars"] == played["bars"]


@pytest.mark.parametrize("show", list(NAMES))
def test_ticks_of_days_before_the_tape_are_those_of_days_that_were_played(
    made: Catalog, show: str
) -> None:
    first = made.sessions("SPY", *[made.days("SPY", "print")[0]] * 2)[0].open_ns
    for asked in ({"start": at(first)}, {"end": at(first, 3 * 86_400)}):
        archived, played = (ask(played_since(made, since), show, **asked) for since in (2, 0))
        assert archived == played
        assert len(played) > 300
