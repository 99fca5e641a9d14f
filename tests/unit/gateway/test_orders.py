import datetime as dt
from typing import Any

import pytest
from tests.unit.gateway.rig import (
    ACCOUNT,
    HOUR,
    OPEN,
    SECOND,
    Client,
    a_world,
    codes,
    names,
    only,
    quote,
    source_of,
    trade,
)

from ikbr.data.memory_source import MemorySource
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.session import Session as TradingDay
from ikbr.domain.tape import CorporateAction
from ikbr.gateway.messages import requests
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.world import World


def started(rows: int = 3, **options: Any) -> tuple[World, Client]:
    world = a_world(**options)
    world.step(rows)
    return world, Client(world)


def statuses(heard: list[Any]) -> list[tuple[int, str]]:
    return [(s["orderId"], s["status"]) for s in only(heard, "orderStatus")]


def test_a_market_order_is_told_in_the_sequence_of_a_real_gateway() -> None:
    _, client = started()
    heard = client.place()
    assert names(heard) == [
        "openOrder", "orderStatus", "execDetails", "openOrder", "orderStatus", "openOrder",
        "commissionReport",
    ]  # fmt: skip
    assert statuses(heard) == [(1, "PreSubmitted"), (1, "Filled")]
    execution = only(heard, "execDetails")[0]
    assert execution["reqId"] == -1
    assert (execution["side"], execution["shares"], execution["price"]) == ("BOT", 100, 100.02)
    assert (execution["cumQty"], execution["avgPrice"]) == (100, 100.02)
    assert execution["time"] == "20260302 09:30:02 US/Eastern"
    report = only(heard, "commissionReport")[0]
    assert report["execId"] == execution["execId"]
    assert (report["commission"], report["realizedPNL"]) == (1.0, None)
    last = only(heard, "openOrder")[-1]
    assert (last["status"], last["commission"]) == ("Filled", 1.0)
    assert last["commissionCurrency"] == "USD"
    ended = only(heard, "orderStatus")[-1]
    assert (ended["filled"], ended["remaining"], ended["avgFillPrice"]) == (100, 0, 100.02)


def test_a_plain_order_comes_back_with_the_values_of_a_real_gateway() -> None:
    _, client = started()
    (order, *_) = only(client.place(displaySize=0), "openOrder")  # as clients say nothing
    expected = {
        "strike": 0, "right": "?", "lmtPrice": 0.0, "auxPrice": 0.0, "openClose": "", "ocaType": 3,
        "displaySize": None, "scaleInitLevelSize": None, "volatilityType": 0,
        "deltaNeutralOrderType": "None", "deltaNeutralOpenClose": "?", "referencePriceType": 0,
        "clearingIntent": "IB", "adjustedOrderType": "None", "initMarginBefore": None,
        "triggerPrice": None, "lmtPriceOffset": None, "dontUseAutoPriceForHedge": True,
        "cashQty": 0.0, "account": ACCOUNT, "tif": "DAY",
    }  # fmt: skip
    assert {name: order[name] for name in expected} == expected
    assert order["sharesAllocation"] == f"{order['permId']}.0/{ACCOUNT}/100"


def test_a_closing_fill_realises_its_profit_after_its_fees() -> None:
    world, client = started()
    client.place()
    world.step(5)
    client.heard()
    heard = client.place(action="SELL")
    assert only(heard, "commissionReport")[0]["realizedPNL"] == pytest.approx(
        100 * (101.00 - 100.02) - only(heard, "commissionReport")[0]["commission"]
    )


def test_a_resting_limit_order_works_and_fills_when_its_price_comes() -> None:
    world, client = started()
    heard = client.place(orderType="LMT", lmtPrice=99.95)
    assert statuses(heard) == [(1, "PreSubmitted"), (1, "Submitted")]
    world.step(2)
    assert client.heard() == []
    world.step(4)
    heard = client.heard()
    assert statuses(heard) == [(1, "Filled")]
    assert only(heard, "execDetails")[0]["price"] <= 99.95


def test_an_order_is_changed_by_its_own_id() -> None:
    _, client = started()
    client.place(orderId=1, orderType="LMT", lmtPrice=90)
    heard = client.place(orderId=1, orderType="LMT", lmtPrice=90.5, totalQuantity=50)
    assert only(heard, "openOrder")[-1]["lmtPrice"] == 90.5
    assert only(heard, "orderStatus")[-1]["remaining"] == 50
    assert codes(heard) == []
    heard = client.place(orderId=1, orderType="LMT", lmtPrice=200.0, totalQuantity=50)
    assert statuses(heard)[-1] == (1, "Filled")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"action": "SELL", "orderType": "LMT", "lmtPrice": 90}, 105),
        ({"orderType": "MKT"}, 105),
        ({"symbol": "KO", "orderType": "LMT", "lmtPrice": 40}, 105),
        ({"orderType": "LMT", "lmtPrice": 90.005}, 110),
        ({"orderType": "LMT", "lmtPrice": 90, "totalQuantity": 0}, 434),
    ],
)
def test_a_change_that_does_not_fit_is_refused_and_the_order_stays(
    values: dict[str, Any], code: int
) -> None:
    _, client = started()
    client.place(orderId=1, orderType="LMT", lmtPrice=90)
    assert codes(client.place(orderId=1, **values)) == [code]
    (order,) = only(client.ask(requests.REQ_OPEN_ORDERS), "openOrder")
    assert (order["lmtPrice"], order["totalQuantity"], order["action"]) == (90.0, 100, "BUY")


def test_ended_orders_cannot_be_changed() -> None:
    _, client = started()
    client.place(orderId=1)
    assert codes(client.place(orderId=1)) == [104]
    client.place(orderId=2, orderType="LMT", lmtPrice=90)
    client.ask(requests.CANCEL_ORDER, orderId=2)
    assert codes(client.place(orderId=2, orderType="LMT", lmtPrice=90)) == [103]


def test_order_ids_only_grow_and_outlive_their_connection() -> None:
    world, client = started()
    client.place(orderId=10)
    assert codes(client.place(orderId=9)) == [103]
    client.session.close()
    again = Client(world)
    assert only(again.greeting, "nextValidId") == [{"orderId": 11}]
    other = Client(world, 2)
    assert only(other.greeting, "nextValidId") == [{"orderId": 1}]
    assert codes(other.place(orderId=9)) == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"symbol": "NONE"}, 200),
        ({"symbol": ""}, 200),
        ({"orderType": "LMT", "lmtPrice": 99.995}, 110),
        ({"orderType": "LMT"}, 321),
        ({"totalQuantity": 0}, 434),
        ({"totalQuantity": 1.5}, 10243),
        ({"totalQuantity": 1_000_000}, 201),
        ({"action": "HOLD"}, 321),
        ({"orderType": "REL"}, 387),
        ({"tif": "AUC"}, 387),
        ({"account": "DU9"}, 435),
        ({"parentId": 77}, 201),
        ({"algoStrategy": "Vwap"}, 439),
        ({"algoStrategy": "Adaptive"}, 321),
        ({"whatIf": True, "transmit": False}, 413),
        ({"minQty": 5}, 387),
        ({"orderType": "MIDPRICE", "exchange": "NYSE"}, 387),
        ({"tif": "GTD", "goodTillDate": "soon"}, 321),
    ],
)
def test_what_cannot_be_ordered_is_refused_with_the_real_code(
    values: dict[str, Any], code: int
) -> None:
    _, client = started()
    heard = client.place(**values)
    assert codes(heard) == [code]
    assert only(heard, "error")[0]["id"] == 1
    assert only(client.ask(requests.REQ_ALL_OPEN_ORDERS), "openOrder") == []


def test_a_rejected_order_becomes_inactive_and_then_its_reason_is_told() -> None:
    _, client = started()
    heard = client.place(totalQuantity=1_000_000)
    assert names(heard) == ["openOrder", "orderStatus", "error"]
    assert statuses(heard) == [(1, "Inactive")]
    assert "available funds" in only(heard, "error")[0]["text"]


def test_adaptive_orders_work_and_cannot_be_changed() -> None:
    _, client = started()
    adaptive = {"algoStrategy": "Adaptive",
                "algoParams": [{"tag": "adaptivePriority", "value": "Normal"}],
                "orderType": "LMT"}  # fmt: skip
    heard = client.place(orderId=1, lmtPrice=90, **adaptive)
    assert only(heard, "openOrder")[0]["algoParams"] == adaptive["algoParams"]
    assert codes(client.place(orderId=1, lmtPrice=91, **adaptive)) == [440]


def test_an_adaptive_order_works_in_regular_hours_only_and_its_client_is_told_so() -> None:
    world, client = started(2)
    world.advance_to(OPEN + 6 * HOUR + HOUR // 2)
    adaptive = {"algoStrategy": "Adaptive",
                "algoParams": [{"tag": "adaptivePriority", "value": "Normal"}]}  # fmt: skip
    heard = client.place(outsideRth=True, **adaptive)
    assert codes(heard) == [2109, 399]
    assert only(heard, "execDetails") == []


@pytest.mark.parametrize(
    ("change", "code"), [({"ocaGroup": "h"}, 10326), ({"ocaType": 2}, 10327), ({"lmtPrice": 91}, 0)]
)
def test_the_group_of_an_order_and_how_it_works_cannot_be_changed(
    change: dict[str, Any], code: int
) -> None:
    _, client = started()
    order = {"orderId": 1, "orderType": "LMT", "lmtPrice": 90, "ocaGroup": "g", "ocaType": 1}
    client.place(**order)
    assert codes(client.place(**order | change)) == [code][: bool(code)]


def test_a_cancelled_order_is_told_so_with_202() -> None:
    _, client = started()
    client.place(orderType="LMT", lmtPrice=90)
    heard = client.ask(requests.CANCEL_ORDER, orderId=1)
    assert statuses(heard) == [(1, "Cancelled")]
    assert names(heard)[-1] == "error"
    assert codes(heard) == [202]


def test_what_cannot_be_cancelled_is_refused() -> None:
    _, client = started()
    assert codes(client.ask(requests.CANCEL_ORDER, orderId=5)) == [10147]
    client.place(orderId=6)
    assert codes(client.ask(requests.CANCEL_ORDER, orderId=6)) == [161]


def test_only_the_own_orders_can_be_cancelled_but_a_global_cancel_hits_all() -> None:
    world, first = started()
    second = Client(world, 2)
    first.place(orderType="LMT", lmtPrice=90)
    assert codes(second.ask(requests.CANCEL_ORDER, orderId=1)) == [10147]
    assert second.ask(requests.REQ_GLOBAL_CANCEL) == []
    assert statuses(first.heard()) == [(1, "Cancelled")]


def test_a_bracket_is_let_go_as_a_whole_and_its_exits_follow_the_parent() -> None:
    world, client = started()
    sell = {"action": "SELL", "parentId": 1}
    assert client.place(orderId=1, orderType="LMT", lmtPrice=99.95, transmit=False) == []
    assert client.place(orderId=2, orderType="LMT", lmtPrice=101, transmit=False, **sell) == []
    heard = client.place(orderId=3, orderType="STP", auxPrice=95, **sell)
    assert statuses(heard) == [
        (1, "PreSubmitted"), (2, "PreSubmitted"), (3, "PreSubmitted"), (1, "Submitted"),
    ]  # fmt: skip
    assert [s["whyHeld"] for s in only(heard, "orderStatus")] == ["", "child", "child", ""]
    world.step(4)
    assert (1, "Filled") in statuses(heard := client.heard())
    assert (2, "Submitted") in statuses(heard)
    world.step(2)
    heard = client.heard()
    assert {(2, "Filled"), (3, "Cancelled")} <= set(statuses(heard))
    assert codes(heard) == [202]
    assert only(heard, "orderStatus")[0]["parentId"] == 1


def test_orders_that_were_not_let_go_can_be_cancelled_and_are_not_listed() -> None:
    _, client = started()
    client.place(orderId=1, orderType="LMT", lmtPrice=99.95, transmit=False)
    assert names(client.ask(requests.REQ_OPEN_ORDERS)) == ["openOrderEnd"]
    heard = client.ask(requests.CANCEL_ORDER, orderId=1)
    assert codes(heard) == [202]
    assert statuses(heard) == [(1, "Cancelled")]


def test_of_an_oca_group_one_fills_and_the_others_end() -> None:
    world, client = started()
    client.place(orderType="LMT", lmtPrice=99.95, ocaGroup="g", ocaType=1)
    client.place(orderType="LMT", lmtPrice=90, ocaGroup="g", ocaType=1)
    world.step(4)
    heard = client.heard()
    assert statuses(heard) == [(1, "Filled"), (2, "Cancelled")]


@pytest.mark.parametrize(("oca_type", "reduces"), [(0, False), (1, False), (2, True), (3, True)])
def test_the_type_of_an_oca_group_says_whether_a_part_shrinks_the_others(
    oca_type: int, reduces: bool
) -> None:
    world, client = started()
    client.place(orderType="LMT", lmtPrice=90.0, ocaGroup="g", ocaType=oca_type)
    [wo] = world.desk.orders.of()
    assert wo.request.oca_reduces is reduces


def test_what_if_answers_with_margin_and_places_nothing() -> None:
    _, client = started()
    (order,) = only(heard := client.place(whatIf=True), "openOrder")
    assert names(heard) == ["openOrder"]
    assert order["whatIf"]
    assert order["initMarginChange"] == pytest.approx(5001.0)
    assert order["commission"] == 1.0
    assert order["initMarginBefore"] == 0.0
    assert codes(client.place(whatIf=True, totalQuantity=1_000_000)) == [201]
    assert only(client.ask(requests.REQ_ALL_OPEN_ORDERS), "openOrder") == []
    assert codes(client.place(orderId=1)) == []


def test_what_if_with_the_id_of_a_working_order_leaves_it_as_it_is() -> None:
    _, client = started()
    client.place(orderId=1, orderType="LMT", lmtPrice=90)
    heard = client.place(orderId=1, orderType="LMT", lmtPrice=91, whatIf=True)
    assert only(heard, "openOrder")[0]["whatIf"]
    (order,) = only(client.ask(requests.REQ_OPEN_ORDERS), "openOrder")
    assert order["lmtPrice"] == 90.0


def test_a_read_only_gateway_takes_no_orders() -> None:
    _, client = started(read_only=True)
    assert codes(client.place()) == [321]
    assert codes(client.ask(requests.CANCEL_ORDER, orderId=1)) == [321]
    assert codes(client.ask(requests.REQ_GLOBAL_CANCEL)) == [321]


def test_open_orders_are_listed_for_oneself_or_for_all() -> None:
    world, first = started()
    second = Client(world, 2)
    first.place(orderType="LMT", lmtPrice=90)
    second.place(orderType="LMT", lmtPrice=91)
    (own,) = only(first.ask(requests.REQ_OPEN_ORDERS), "openOrder")
    assert own["lmtPrice"] == 90.0
    heard = first.ask(requests.REQ_ALL_OPEN_ORDERS)
    assert [(o["clientId"], o["lmtPrice"]) for o in only(heard, "openOrder")] == [(1, 90), (2, 91)]
    assert names(heard)[-1] == "openOrderEnd"


def test_only_client_zero_may_bind_orders() -> None:
    world, client = started()
    assert codes(client.ask(requests.REQ_AUTO_OPEN_ORDERS, bind=True)) == [327]
    zero = Client(world, 0)
    assert zero.ask(requests.REQ_AUTO_OPEN_ORDERS, bind=True) == []


def test_orders_live_on_while_their_client_is_away() -> None:
    world, client = started()
    client.place(orderType="LMT", lmtPrice=99.95)
    client.session.close()
    world.step(4)
    again = Client(world)
    (order,) = only(again.ask(requests.REQ_COMPLETED_ORDERS, apiOnly=True), "completedOrder")
    assert (order["status"], order["filledQuantity"], order["totalQuantity"]) == ("Filled", 100, 0)
    assert order["completedStatus"] == "Filled Size: 100"
    assert order["completedTime"] == "20260302 09:30:05 US/Eastern"
    heard = again.ask(requests.REQ_EXECUTIONS, reqId=8)
    assert names(heard) == ["execDetails", "commissionReport", "execDetailsEnd"]
    assert only(heard, "execDetails")[0]["reqId"] == 8


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 2),
        ({"symbol": "SPY"}, 2),
        ({"symbol": "KO"}, 0),
        ({"side": "BUY"}, 1),
        ({"side": "SLD"}, 1),
        ({"clientId": 1}, 2),
        ({"clientId": 2}, 0),
        ({"account": ACCOUNT}, 2),
        ({"account": "DU9"}, 0),
        ({"time": "20260302 09:30:04 US/Eastern"}, 1),
    ],
)
def test_executions_can_be_filtered(wanted: dict[str, Any], count: int) -> None:
    world, client = started()
    client.place()
    world.step(2)
    client.place(action="SELL")
    heard = client.ask(requests.REQ_EXECUTIONS, reqId=8, **wanted)
    assert len(only(heard, "execDetails")) == count


def test_a_wrong_time_in_a_filter_is_refused() -> None:
    _, client = started()
    assert codes(client.ask(requests.REQ_EXECUTIONS, reqId=8, time="noon")) == [321]


def test_an_order_outside_regular_hours_is_held_with_399() -> None:
    world = World(source_of([quote(-5, 99, 100), quote(1, 100.0, 100.02)]))
    world.step(1)
    client = Client(world)
    heard = client.place(orderType="LMT", lmtPrice=101)
    assert codes(heard) == [399]
    assert statuses(heard) == [(1, "PreSubmitted")]
    world.step(1)
    assert statuses(client.heard())[-1] == (1, "Filled")


def test_a_day_order_ends_with_the_day_and_a_dated_one_at_its_time() -> None:
    world, client = started()
    client.place(orderType="LMT", lmtPrice=90)
    client.place(
        orderType="LMT", lmtPrice=90, tif="GTD", goodTillDate="20260302 09:31:00 US/Eastern"
    )
    world.advance_to(OPEN + 60 * SECOND)
    assert statuses(client.heard()) == [(2, "Cancelled")]
    world.advance_to(OPEN + 7 * HOUR)
    assert statuses(client.heard()) == [(1, "Cancelled")]


def test_with_several_accounts_one_must_be_named() -> None:
    _, client = started(accounts={"DU1": 1e6, "DU2": 1e6})
    assert codes(client.place()) == [435]
    heard = client.place(account="DU2")
    assert only(heard, "execDetails")[0]["account"] == "DU2"


def test_two_accounts_can_trade_with_each_other() -> None:
    world, client = started(accounts={"DU1": 1e6, "DU2": 1e6})
    client.place(account="DU1", orderType="LMT", lmtPrice=100.01)
    heard = client.place(account="DU2", action="SELL", orderType="LMT", lmtPrice=100.01)
    assert {e["account"]: e["side"] for e in only(heard, "execDetails")} == {
        "DU1": "BOT",
        "DU2": "SLD",
    }
    assert world.books["DU1"].quantity(0) == 100


def test_with_latency_orders_arrive_later_and_their_word_comes_back_later() -> None:
    model = ExecutionModel(latency_ms=1500, response_latency_ms=1000)
    world = World(
        source_of([quote(1, 100.0, 100.02), quote(3, 101.0, 101.02), trade(9, 101)]),
        GatewayOptions(model=model),
    )
    world.step(1)
    client = Client(world)
    assert client.place() == []
    (order, *_) = only(client.ask(requests.REQ_OPEN_ORDERS), "orderStatus")
    assert order["status"] == "PendingSubmit"
    world.advance_to(OPEN + 3 * SECOND)
    assert client.heard() == []
    world.advance_to(OPEN + 4 * SECOND)
    heard = client.heard()
    assert statuses(heard) == [(1, "PreSubmitted"), (1, "Filled")]
    assert only(heard, "execDetails")[0]["price"] == 100.02


def test_the_broker_liquidates_what_cannot_be_carried_any_more() -> None:
    rows = [quote(1, 100.0, 100.02), quote(61, 50.0, 50.02), quote(130, 50.0, 50.02)]
    world = World(source_of(rows), GatewayOptions(accounts={"DU1": 30_000.0}))
    world.step(1)
    client = Client(world)
    client.place(totalQuantity=500)
    world.step(1)
    assert world.books["DU1"].quantity(0) == 500
    world.step(1)
    assert world.books["DU1"].quantity(0) < 500
    executions = only(client.ask(requests.REQ_EXECUTIONS, reqId=1), "execDetails")
    assert executions[-1]["orderRef"] == "margin liquidation"


def test_a_split_cancels_orders_and_multiplies_what_is_held() -> None:
    one = source_of([quote(1, 100.0, 100.02), quote(30 * 3600, 50.0, 50.02)])
    (tape,) = one.chunks()
    days = [*one.sessions, TradingDay(dt.date(2026, 3, 3), OPEN + 24 * HOUR, OPEN + 31 * HOUR)]
    split = CorporateAction("SPY", OPEN + 23 * HOUR, split=2.0)
    world = World(MemorySource(tape, days, [split]), GatewayOptions())
    world.step(1)
    client = Client(world)
    client.place()
    client.place(orderType="LMT", lmtPrice=90, tif="GTC")
    world.step(1)
    heard = client.heard()
    assert statuses(heard) == [(2, "Cancelled")]
    assert world.books[ACCOUNT].quantity(0) == 200
    heard = client.place(action="SELL", totalQuantity=200)
    profit = 200 * 50.0 - 100 * 100.02 - only(heard, "commissionReport")[0]["commission"]
    assert only(heard, "commissionReport")[0]["realizedPNL"] == pytest.approx(profit)


def with_latency(*rows: Any) -> tuple[World, Client]:
    model = ExecutionModel(latency_ms=1000, response_latency_ms=500, queue="none")
    world = World(source_of([quote(1, 100.0, 100.02), *rows]), GatewayOptions(model=model))
    world.step(1)
    return world, Client(world)


def test_a_cancellation_on_its_way_is_told_as_pending() -> None:
    world, client = with_latency()
    client.place(orderType="LMT", lmtPrice=90)
    world.advance_to(OPEN + 3 * SECOND)
    client.heard()
    assert statuses(client.ask(requests.CANCEL_ORDER, orderId=1)) == [(1, "PendingCancel")]
    world.advance_to(OPEN + 5 * SECOND)
    assert statuses(client.heard()) == [(1, "Cancelled")]


def test_an_order_that_fills_before_its_cancellation_arrives_is_filled() -> None:
    world, client = with_latency(quote(4, 89.0, 89.5))
    client.place(orderType="LMT", lmtPrice=90)
    world.advance_to(OPEN + 35 * SECOND // 10)
    client.heard()
    client.ask(requests.CANCEL_ORDER, orderId=1)
    world.advance_to(OPEN + 9 * SECOND)
    heard = client.heard()
    assert statuses(heard) == [(1, "Filled")]
    assert list(world.desk.orders.of()) == []


@pytest.mark.parametrize("quantity", [50, 300])
def test_a_change_that_comes_too_late_leaves_a_filled_order(quantity: int) -> None:
    world, client = with_latency(quote(4, 89.0, 89.5))
    client.place(orderId=1, orderType="LMT", lmtPrice=90)
    world.advance_to(OPEN + 35 * SECOND // 10)
    client.heard()
    client.place(orderId=1, orderType="LMT", lmtPrice=90, totalQuantity=quantity)
    world.advance_to(OPEN + 9 * SECOND)
    heard = client.heard()
    last = only(heard, "orderStatus")[-1]
    assert (last["status"], last["filled"], last["remaining"]) == ("Filled", 100, 0)
    assert list(world.desk.orders.of()) == []
    assert world.books[ACCOUNT].quantity(0) == 100


def test_a_change_arrives_later_and_is_told_then() -> None:
    world, client = with_latency()
    client.place(orderId=1, orderType="LMT", lmtPrice=90)
    world.advance_to(OPEN + 3 * SECOND)
    client.heard()
    assert client.place(orderId=1, orderType="LMT", lmtPrice=91) == []
    assert client.place(orderId=1, orderType="LMT", lmtPrice=91.005) == []
    world.advance_to(OPEN + 6 * SECOND)
    heard = client.heard()
    assert [o["lmtPrice"] for o in only(heard, "openOrder")] == [91.0]
    assert codes(heard) == [110]
    (order,) = only(client.ask(requests.REQ_OPEN_ORDERS), "openOrder")
    assert order["lmtPrice"] == 91.0


def test_sending_an_order_again_unchanged_tells_where_it_stands() -> None:
    _, client = started()
    client.place(orderId=1, orderType="LMT", lmtPrice=90)
    heard = client.place(orderId=1, orderType="LMT", lmtPrice=90)
    assert statuses(heard) == [(1, "Submitted")]


def test_an_order_that_was_held_back_can_be_changed_before_it_is_let_go() -> None:
    _, client = started()
    client.place(orderId=1, orderType="LMT", lmtPrice=90, transmit=False)
    heard = client.place(orderId=1, orderType="LMT", lmtPrice=91)
    assert only(heard, "openOrder")[0]["lmtPrice"] == 91.0
    assert statuses(heard)[-1] == (1, "Submitted")
