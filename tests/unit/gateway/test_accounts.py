from typing import Any

import pytest
from tests.unit.gateway.rig import ACCOUNT, OPEN, SECOND, Client, a_world, codes, names, only

from ikbr.gateway.messages import requests
from ikbr.gateway.world import World


def started(**options: Any) -> tuple[World, Client]:
    world = a_world(**options)
    world.step(3)
    return world, Client(world)


def values_of(heard: list[Any], name: str = "accountValue") -> dict[str, str]:
    key = "tag" if name == "accountSummary" else "key"
    return {one[key]: one["value"] for one in reversed(only(heard, name))}


def test_account_updates_begin_with_everything_and_an_end() -> None:
    _, client = started()
    client.place()
    heard = client.ask(requests.REQ_ACCOUNT_UPDATES, subscribe=True, account=ACCOUNT)
    assert names(heard)[-2:] == ["accountUpdateTime", "accountDownloadEnd"]
    told = values_of(heard)
    # 100 bought at 100.02 for a fee of 1; the mark is the last price, 100.01.
    assert told["NetLiquidation"] == "999998.00"
    assert told["TotalCashValue"] == "989997.00"
    assert told["InitMarginReq"] == "5000.50"
    assert told["BuyingPower"] == f"{4 * (999_998 - 5000.50):.2f}"
    (portfolio,) = only(heard, "portfolioValue")
    assert (portfolio["position"], portfolio["marketPrice"]) == (100, 100.01)
    assert (portfolio["averageCost"], portfolio["unrealizedPNL"]) == (100.02, -1.0)


def test_after_a_fill_only_what_changed_is_told() -> None:
    _, client = started()
    client.ask(requests.REQ_ACCOUNT_UPDATES, subscribe=True)
    heard = client.place()
    assert len(only(heard, "portfolioValue")) == 1
    told = values_of(heard)
    assert "NetLiquidation" in told
    assert "AccountType" not in told
    client.ask(requests.REQ_ACCOUNT_UPDATES, subscribe=False)
    assert only(client.place(), "accountValue") == []


def test_values_are_told_every_three_minutes_as_the_market_moves() -> None:
    world, client = started()
    client.place()
    client.ask(requests.REQ_ACCOUNT_UPDATES, subscribe=True)
    world.advance_to(OPEN + 170 * SECOND)
    assert only(client.heard(), "accountValue") == []
    world.advance_to(OPEN + 190 * SECOND)
    assert values_of(client.heard())["NetLiquidation"] == "1000098.00"


def test_positions_are_told_at_once_and_after_every_fill() -> None:
    _, client = started()
    assert names(client.ask(requests.REQ_POSITIONS)) == ["positionEnd"]
    (position,) = only(client.place(), "position")
    assert (position["symbol"], position["position"], position["avgCost"]) == ("SPY", 100, 100.02)
    (position,) = only(client.place(action="SELL"), "position")
    assert position["position"] == 0
    client.ask(requests.CANCEL_POSITIONS)
    assert only(client.place(), "position") == []


def test_every_client_hears_of_positions() -> None:
    world, client = started()
    watcher = Client(world, 2)
    watcher.ask(requests.REQ_POSITIONS)
    client.place()
    assert only(watcher.heard(), "position")[0]["position"] == 100


def test_summaries_give_the_tags_that_are_asked_for_and_there_are_two_at_most() -> None:
    _, client = started()
    heard = client.ask(
        requests.REQ_ACCOUNT_SUMMARY, reqId=1, group="All", tags="NetLiquidation,$LEDGER:ALL"
    )
    assert names(heard)[-1] == "accountSummaryEnd"
    assert set(values_of(heard, "accountSummary")) == {
        "NetLiquidation", "CashBalance", "ExchangeRate", "AccruedCash",
    }  # fmt: skip
    wanted = {"group": "All", "tags": "NetLiquidation"}
    assert codes(client.ask(requests.REQ_ACCOUNT_SUMMARY, reqId=2, **wanted)) == []
    assert codes(client.ask(requests.REQ_ACCOUNT_SUMMARY, reqId=3, **wanted)) == [322]
    client.ask(requests.CANCEL_ACCOUNT_SUMMARY, reqId=1)
    assert codes(client.ask(requests.REQ_ACCOUNT_SUMMARY, reqId=3, **wanted)) == []
    assert codes(client.ask(requests.REQ_ACCOUNT_SUMMARY, reqId=4, group="Mine")) == [321]


def test_updates_and_positions_of_several_accounts_come_by_request() -> None:
    world, client = started(accounts={"DU1": 1e6, "DU2": 2e6})
    client.place(account="DU2")
    heard = client.ask(requests.REQ_ACCOUNT_UPDATES_MULTI, reqId=5, account="DU2")
    assert names(heard)[-1] == "accountUpdateMultiEnd"
    assert values_of(heard, "accountUpdateMulti")["NetLiquidation"] == "1999998.00"
    heard = client.ask(requests.REQ_POSITIONS_MULTI, reqId=6)
    assert [(p["account"], p["position"]) for p in only(heard, "positionMulti")] == [("DU2", 100)]
    heard = client.place(account="DU1")
    assert only(heard, "accountUpdateMulti") == []
    assert [p["account"] for p in only(heard, "positionMulti")] == ["DU1"]
    client.ask(requests.CANCEL_POSITIONS_MULTI, reqId=6)
    client.ask(requests.CANCEL_ACCOUNT_UPDATES_MULTI, reqId=5)
    heard = client.place(account="DU2")
    assert only(heard, "positionMulti") == only(heard, "accountUpdateMulti") == []
    assert list(world.books) == ["DU1", "DU2"]


@pytest.mark.parametrize(
    "table",
    [
        requests.REQ_ACCOUNT_UPDATES_MULTI,
        requests.REQ_POSITIONS_MULTI,
        requests.REQ_PNL,
        requests.REQ_PNL_SINGLE,
    ],
)
def test_an_unknown_account_is_refused(table: Any) -> None:
    world, client = started()
    con_id = world.contracts.wire[0]["conId"]
    assert codes(client.ask(table, reqId=5, account="DU9", conId=con_id)) == [321]


def test_the_profit_of_an_unknown_contract_is_refused() -> None:
    _, client = started()
    heard = client.ask(requests.REQ_PNL_SINGLE, reqId=5, account=ACCOUNT, conId=1)
    assert codes(heard) == [200]


def test_profit_is_told_once_a_second_when_it_changed() -> None:
    world, client = started()
    client.place()
    heard = client.ask(requests.REQ_PNL, reqId=7, account=ACCOUNT)
    assert only(heard, "pnl") == [
        {"reqId": 7, "dailyPnL": -2.0, "unrealizedPnL": -1.0, "realizedPnL": -1.0}
    ]
    con_id = world.contracts.wire[0]["conId"]
    single = {"account": ACCOUNT, "conId": con_id}
    (told,) = only(client.ask(requests.REQ_PNL_SINGLE, reqId=8, **single), "pnlSingle")
    assert (told["position"], told["unrealizedPnL"], told["value"]) == (100, -1.0, 10_001.0)
    world.advance_to(OPEN + 5 * SECOND)
    heard = client.heard()
    assert [p["dailyPnL"] for p in only(heard, "pnl")] == [7.0, 8.0]
    assert [p["value"] for p in only(heard, "pnlSingle")] == [10_010.0, 10_011.0]
    assert client.ask(requests.CANCEL_PNL, reqId=7) == []
    assert client.ask(requests.CANCEL_PNL_SINGLE, reqId=8) == []
    assert codes(client.ask(requests.CANCEL_PNL, reqId=7)) == [300]
    world.advance_to(OPEN + 60 * SECOND)
    assert client.heard() == []


def test_equity_is_cash_and_what_is_held() -> None:
    world, client = started()
    for action, quantity in (("BUY", 300), ("SELL", 500), ("BUY", 100)):
        client.place(action=action, totalQuantity=quantity)
        world.step(2)
    heard = client.ask(requests.REQ_ACCOUNT_UPDATES, subscribe=True)
    told = values_of(heard)
    held = sum(p["marketValue"] for p in only(heard, "portfolioValue"))
    assert float(told["NetLiquidation"]) == pytest.approx(float(told["TotalCashValue"]) + held)
    profit = sum(p["realizedPNL"] + p["unrealizedPNL"] for p in only(heard, "portfolioValue"))
    assert float(told["NetLiquidation"]) == pytest.approx(1_000_000 + profit, abs=0.01)


def test_summaries_and_values_by_request_follow_the_market() -> None:
    world, client = started()
    client.place()
    client.ask(requests.REQ_ACCOUNT_SUMMARY, reqId=1, group="All", tags="NetLiquidation")
    client.ask(requests.REQ_ACCOUNT_UPDATES_MULTI, reqId=2, account=ACCOUNT)
    world.advance_to(OPEN + 190 * SECOND)
    heard = client.heard()
    assert values_of(heard, "accountSummary") == {"NetLiquidation": "1000098.00"}
    assert names(heard)[-1] == "accountSummaryEnd"
    assert values_of(heard, "accountUpdateMulti")["NetLiquidation"] == "1000098.00"
    world.advance_to(OPEN + 600 * SECOND)
    assert client.heard() == []


def test_there_is_an_end_to_subscriptions() -> None:
    world, client = started()
    for request_id in range(200):
        assert codes(client.ask(requests.REQ_PNL, reqId=request_id, account=ACCOUNT)) == []
    assert codes(client.ask(requests.REQ_PNL, reqId=200, account=ACCOUNT)) == [322]
    client.session.close()
    world.advance_to(OPEN + 600 * SECOND)
