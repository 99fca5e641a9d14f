"""A world that was written down and taken up again is the world that went on."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.rig import (
    ACCOUNT,
    HOUR,
    OPEN,
    ROWS,
    SECOND,
    Client,
    codes,
    only,
    quote,
    source_of,
    trade,
)  # fmt: skip

from ikbr.data.memory_source import MemorySource
from ikbr.domain.errors import StateError
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.session import Session as TradingDay
from ikbr.domain.tape import Tape, TapeSource
from ikbr.gateway.faults.fault import read_fault
from ikbr.gateway.manual import ManualOrder, place_by_hand
from ikbr.gateway.messages import requests
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.state.file import StateFile
from ikbr.gateway.state.keeper import Keeper
from ikbr.gateway.state.records import State
from ikbr.gateway.world import World

DAY = 24 * HOUR
EVERYTHING = {"clientId": 0} | dict.fromkeys(
    ("acctCode", "time", "symbol", "secType", "exchange", "side"), ""
)


@contextlib.contextmanager
def kept(folder: Path, source: TapeSource, **options: Any) -> Iterator[World]:
    """Take a world up from a folder; when it is left, nothing is said to it, as by kill -9."""
    with contextlib.closing(StateFile(folder)) as file:
        state = State()
        for change in file.read():
            state.apply(change)
        world = World(source, GatewayOptions(**options), state=state)
        Keeper(world, file, state)
        yield world


def a_tape(seed: int, rows: int = 400) -> list[Any]:
    rng = random.Random(seed)
    price, seconds, found = 10_000, 0, [quote(0, 100.0, 100.02), quote(0, 50.0, 50.01, sym=1)]
    for _ in range(rows):
        seconds += rng.choice([0, 0, 1, 5])
        price += rng.choice([-3, -1, 0, 1, 3])
        middle = price / 100
        if rng.random() < 0.3:
            found.append(trade(seconds, middle, rng.choice([50, 100])))
        else:
            found.append(quote(seconds, round(middle - 0.01, 2), round(middle + 0.01, 2)))
    return found


def act(rng: random.Random, client: Client, price: float) -> None:
    """Do one of the things that clients do."""
    side = rng.choice(["BUY", "SELL"])
    near = round(price + rng.choice([-0.1, -0.05, 0.0, 0.05, 0.1]), 2)
    next_id = client.session.world.desk.orders.next_id(client.session.client_id)
    common = {"action": side, "totalQuantity": rng.choice([30, 100, 250]), "orderId": next_id}
    tif = rng.choice(["DAY", "GTC"])
    match rng.randrange(8):
        case 0:
            client.place(**common)
        case 1:
            client.place(**common, orderType="LMT", lmtPrice=near, tif=tif)
        case 2:
            client.place(**common, orderType="STP", auxPrice=near, tif=tif)
        case 3:
            client.place(**common, orderType="STP LMT", auxPrice=near, lmtPrice=near, tif=tif)
        case 4:
            other = "SELL" if side == "BUY" else "BUY"
            up, down = round(price + 0.08, 2), round(price - 0.08, 2)
            child = {"action": other, "totalQuantity": common["totalQuantity"],
                     "parentId": next_id}  # fmt: skip
            client.place(**common, orderType="LMT", lmtPrice=near, transmit=False)
            client.place(**child, orderId=next_id + 1, orderType="LMT", transmit=False,
                         lmtPrice=up if other == "SELL" else down)  # fmt: skip
            client.place(**child, orderId=next_id + 2, orderType="STP",
                         auxPrice=down if other == "SELL" else up)  # fmt: skip
        case 5:
            for n in range(2):
                own = {"orderId": next_id + n, "lmtPrice": round(near - 0.05 * n, 2)}
                client.place(**common | own, orderType="LMT", tif="GTC", ocaGroup=f"g{next_id}")
        case 6:
            later = (client.session.world.now_ns - OPEN) // SECOND + 40
            client.place(**common, goodAfterTime=f"20260302 09:{30 + later // 60}:{later % 60:02}"
                         " US/Eastern")  # fmt: skip
        case _:
            for wo in client.session.world.desk.orders.of(client.session.client_id):
                client.ask(requests.CANCEL_ORDER, orderId=wo.order_id)
                break


def seen(world: World) -> dict[str, Any]:
    """Give all that a client can ask for."""
    client = Client(world, 9)
    found = {
        "open": client.ask(requests.REQ_ALL_OPEN_ORDERS),
        "completed": client.ask(requests.REQ_COMPLETED_ORDERS, apiOnly=False),
        "executions": client.ask(requests.REQ_EXECUTIONS, reqId=1, **EVERYTHING),
        "account": client.ask(requests.REQ_ACCOUNT_UPDATES, subscribe=True, account=ACCOUNT),
        "positions": client.ask(requests.REQ_POSITIONS),
        "pnl": world.books[ACCOUNT].pnl(),
        "next": [world.desk.orders.next_id(n) for n in (1, 2)],
        "perm": world.desk.next_perm,
    }
    client.session.close()
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("model", ["plain", "cash", "tiered"])
def test_a_world_killed_again_and_again_is_the_same_as_one_that_went_on(
    seed: int, model: str, tmp_path: Path
) -> None:
    options = {
        "model": {
            "plain": ExecutionModel(),
            "cash": ExecutionModel(account="cash"),
            "tiered": ExecutionModel(fees="ibkr-tiered"),
        }[model]
    }
    source = source_of(a_tape(seed))

    def play(world: World, pieces: int, rng: random.Random) -> dict[str, Any]:
        client = Client(world, 1)
        for _ in range(pieces):
            world.step(5)
            act(rng, client, world.market.last[0] / 10_000 if world.volume[0] else 100.0)
        client.session.close()
        return seen(world)

    rng, other = random.Random(seed), random.Random(seed)
    straight = World(source, GatewayOptions(**options))
    for _ in range(8):
        wanted = play(straight, 10, rng)
        with kept(tmp_path, source, **options) as world:
            found = play(world, 10, other)
        for what, values in wanted.items():
            assert found[what] == values, what
    assert len(only(found["executions"], "execDetails")) > 5
    with kept(tmp_path, source, **options) as world:
        assert seen(world) == wanted


def test_an_order_that_is_filled_in_parts_goes_on_with_its_bill(tmp_path: Path) -> None:
    options = {"model": ExecutionModel(volume_cap=0.2, fees="ibkr-tiered")}
    source = source_of(a_tape(1))
    straight = World(source, GatewayOptions(**options))
    straight.step(2)
    Client(straight).place(totalQuantity=900)
    with kept(tmp_path, source, **options) as world:
        world.step(2)
        Client(world).place(totalQuantity=900)
    parts = set()
    for _ in range(30):
        later = straight.now_ns + 2 * SECOND
        straight.advance_to(later)
        with kept(tmp_path, source, **options) as world:
            world.advance_to(later)
            parts.update(wo.filled for wo in world.desk.orders.of())
            assert seen(world) == seen(straight)
    assert len(parts) > 3
    assert world.books[ACCOUNT].quantity(0) == 900


def test_a_volume_cap_is_not_begun_anew_by_a_restart(tmp_path: Path) -> None:
    options = {"model": ExecutionModel(volume_cap=0.2)}
    with kept(tmp_path, source_of(ROWS), **options) as world:
        world.step(2)
        Client(world).place(totalQuantity=500)
        filled = world.books[ACCOUNT].quantity(0)
    assert 0 < filled < 500
    for _ in range(3):
        with kept(tmp_path, source_of(ROWS), **options) as world:
            assert world.books[ACCOUNT].quantity(0) == filled


def a_week(*dates: int, rows: Any = ROWS) -> MemorySource:
    """Give a market with the same rows every day."""
    (tape,) = source_of(rows).chunks()
    days = [TradingDay(dt.date(2026, 3, n), OPEN + (n - 2) * DAY, OPEN + (n - 2) * DAY + 6 * HOUR)
            for n in dates]  # fmt: skip
    first = Tape(tape.instruments, **{
        name: getattr(tape, name) + ((dates[0] - 2) * DAY if name == "ts" else 0)
        for name in Tape.__dataclass_fields__ if name != "instruments"
    })  # fmt: skip
    return MemorySource(first, days, synthetic=True)


def test_the_next_day_has_the_good_till_cancelled_orders_and_no_executions_of_yesterday(
    tmp_path: Path,
) -> None:
    with kept(tmp_path, a_week(2)) as world:
        world.step(2)
        client = Client(world)
        client.place()
        client.place(orderType="LMT", lmtPrice=90.0)
        client.place(orderType="LMT", lmtPrice=90.0, tif="GTC")
        cash = world.books[ACCOUNT].account.portfolio.cash
    with kept(tmp_path, a_week(3)) as world:
        client = Client(world)
        assert [o["orderId"] for o in only(client.ask(requests.REQ_OPEN_ORDERS), "openOrder")] == [
            3
        ]
        heard = client.ask(requests.REQ_EXECUTIONS, reqId=1, **EVERYTHING)
        assert only(heard, "execDetails") == []
        (position,) = only(client.ask(requests.REQ_POSITIONS), "position")
        assert position["position"] == 100
        assert world.books[ACCOUNT].account.portfolio.cash == cash
        assert codes(client.place(orderId=2)) == [103]
        world.step(2)
        assert world.books[ACCOUNT].pnl()["dailyPnL"] == pytest.approx(0)


def test_an_order_that_ended_while_the_gateway_was_away_ends_once(tmp_path: Path) -> None:
    with kept(tmp_path, a_week(2)) as world:
        world.step(2)
        Client(world).place(orderType="LMT", lmtPrice=90.0)
    for _ in range(2):
        with kept(tmp_path, a_week(3)) as world:
            heard = Client(world).ask(requests.REQ_COMPLETED_ORDERS, apiOnly=False)
            assert [o["status"] for o in only(heard, "completedOrder")] == ["Cancelled"]
    with contextlib.closing(StateFile(tmp_path)) as file:
        state = State()
        for change in file.read():
            state.apply(change)
    assert [(one.done, one.status) for one in state.orders.values()] == [(True, "Cancelled")]


def test_an_order_that_only_seemed_cancelled_is_cancelled_when_the_gateway_begins_again(
    tmp_path: Path,
) -> None:
    with kept(tmp_path, a_week(2)) as world:
        world.step(2)
        client = Client(world)
        client.place(orderType="LMT", lmtPrice=90.0)
        world.faults.add(read_fault({"what": "fill_after_cancel", "seconds": 60}))
        client.ask(requests.CANCEL_ORDER, orderId=1)
        [wo] = world.desk.orders.of()
        assert wo.feigned
    with kept(tmp_path, a_week(2)) as world:
        assert list(world.desk.orders.of()) == []
        heard = Client(world).ask(requests.REQ_COMPLETED_ORDERS, apiOnly=False)
        assert [o["status"] for o in only(heard, "completedOrder")] == ["Cancelled"]


def test_orders_placed_by_hand_and_their_binding_survive(tmp_path: Path) -> None:
    order = ManualOrder(symbol="SPY", action="BUY", quantity=1, type="LMT", limit=90.0)
    with kept(tmp_path, a_week(2)) as world:
        world.step(2)
        perm_ids = [place_by_hand(world, order)]
        zero = Client(world, 0)
        zero.ask(requests.REQ_OPEN_ORDERS)
        perm_ids.append(place_by_hand(world, order))
    with kept(tmp_path, a_week(2)) as world:
        zero = Client(world, 0)
        heard = only(zero.ask(requests.REQ_ALL_OPEN_ORDERS), "openOrder")
        assert [(o["permId"], o["orderId"]) for o in heard] == list(
            zip(perm_ids, [-2, 0], strict=True)
        )
        bound = only(zero.ask(requests.REQ_OPEN_ORDERS), "orderBound")
        assert [o["orderId"] for o in bound] == [-3]


def test_a_bracket_goes_on_where_it_was(tmp_path: Path) -> None:
    with kept(tmp_path, a_week(2)) as world:
        world.step(2)
        client = Client(world)
        client.place(orderId=1, transmit=False)
        child = {"action": "SELL", "parentId": 1}
        client.place(orderId=2, **child, orderType="LMT", lmtPrice=101.0, transmit=False)
        client.place(orderId=3, **child, orderType="STP", auxPrice=99.0)
    with kept(tmp_path, a_week(2)) as world:
        client = Client(world)
        world.step(10)
        ends = [(s["orderId"], s["status"]) for s in only(client.heard(), "orderStatus")]
        assert (2, "Filled") in ends
        assert (3, "Cancelled") in ends
        assert world.books[ACCOUNT].quantity(0) == 0


def test_data_that_ends_before_the_state_is_refused(tmp_path: Path) -> None:
    with kept(tmp_path, a_week(3)) as world:
        world.advance_to(OPEN + DAY + 60 * SECOND)
        world.step()
    with (
        pytest.raises(StateError, match=r"of 20260303 .*data ends on 2026-03-02; give later data"),
        kept(tmp_path, a_week(2)),
    ):
        pass


def test_an_account_that_is_not_named_is_refused(tmp_path: Path) -> None:
    with kept(tmp_path, a_week(2), accounts={"DU1": 1e6, "DU2": 1e6}) as world:
        world.step(1)
    with (
        pytest.raises(StateError, match="holds account DU2, which was not named; add --account"),
        kept(tmp_path, a_week(2), accounts={"DU1": 0.0}),
    ):
        pass
    with kept(tmp_path, a_week(2), accounts={"DU1": 0.0, "DU2": 0.0, "DU3": 5.0}) as world:
        cash = {name: books.account.portfolio.cash for name, books in world.books.items()}
        assert cash == {"DU1": 1e6, "DU2": 1e6, "DU3": 5.0}


def test_a_position_in_what_the_data_has_not_is_refused(tmp_path: Path) -> None:
    with kept(tmp_path, a_week(2)) as world:
        world.step(2)
        Client(world).place(symbol="KO")
    alone = source_of([row for row in ROWS if row[1] == 0], symbols=("SPY",))
    with (
        pytest.raises(StateError, match="holds KO, which is not in the data; add it to --symbols"),
        kept(tmp_path, alone),
    ):
        pass
