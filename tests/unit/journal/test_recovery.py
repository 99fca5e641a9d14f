"""What start-up recovery reads out of a live journal is what the session knew."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.unit.core.rig import Puppet, Rig
from tests.unit.journal.session_rig import FOLDER, begin

from ikbr.domain.errors import JournalError, OrderError
from ikbr.domain.events import Refused
from ikbr.domain.instrument import MICRO
from ikbr.domain.lifecycle import OrderEvent
from ikbr.domain.order import OrderRequest, OrderType, Side
from ikbr.domain.session_events import (
    Baseline,
    ConnectionState,
    OperatorAction,
    RiskState,
    SessionStart,
    SessionStop,
)
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.journal.records import Record
from ikbr.journal.replay import State, replay
from ikbr.journal.session_journal import SessionJournal
from ikbr.journal.session_reader import read_session
from ikbr.journal.simulated_files import SimulatedFiles

E = OrderEvent
SYMBOLS = ("SPY", "KO")
WORDS = (E.ACK, E.ACK_PRE, E.CANCEL, E.REJECT, E.LOSE, E.PARK, E.CANCEL_REFUSED, E.MODIFY)


class Twofold(MemoryJournal):
    """Write into a live journal what is kept in memory."""

    __slots__ = ("live",)

    def __init__(self, live: SessionJournal) -> None:
        super().__init__()
        self.live = live

    def append(self, kind: str, ts_ns: int, body: Any) -> None:
        super().append(kind, ts_ns, body)
        self.live.append(kind, ts_ns, body)


def draw(rng: random.Random) -> tuple[Any, ...]:
    """Choose what happens next; the latest orders see most of it."""
    at = -1 - min(rng.randrange(12), rng.randrange(12))
    match rng.randrange(10):
        case 0 | 1:
            return ("ask", rng.randrange(2), rng.choice(SYMBOLS), rng.choice((1, -1)),
                    rng.randint(1, 300), rng.random() < 0.3)  # fmt: skip
        case 2 | 3:
            return ("fill", at, rng.randint(1, 300), rng.randint(9000, 11000))
        case 4 | 5:
            return ("tell", at, rng.choice(WORDS), rng.choice((0, 104, 161, 201)))
        case 6 | 7:
            return ("modify", at, rng.randint(1, 400))
        case 8:
            return ("cancel", at)
        case _ if rng.random() < 0.1:
            return ("rotate",)
        case _:
            return ("amend", at, rng.randint(0, 300), rng.randrange(99))


def act(rig: Rig, what: str, *args: Any) -> None:
    orders, broker = rig.orders.orders, rig.broker
    if what == "ask":
        number, symbol, side, quantity, protected = args
        rig.quote(symbol)
        request = OrderRequest(
            symbol, Side(side), quantity, OrderType.LIMIT, limit_price=100.0,
            stop_loss=100.0 - 5 * side if protected else None,
        )  # fmt: skip
        rig.say(request, symbol, number=number)
    elif what == "rotate":
        rig.journal.live.rotate("later")
    elif what == "amend":
        if broker.fills:
            at, quantity, fees = args
            known = rig.orders.fills[broker.fills[max(at, -len(broker.fills))].exec_id]
            broker.amend(known, quantity=quantity, commission_micro=fees * MICRO)
    elif broker.orders:
        order = broker.orders[sorted(broker.orders)[max(args[0], -len(broker.orders))]]
        if what == "fill":
            broker.fill(order.order_id, args[1], args[2] / 100, 1.5)
        elif what == "tell":
            broker.tell(order.order_id, args[1], args[2], "words")
        elif what == "modify":
            try:
                rig.orders.modify(order.order_id, quantity=args[1])
            except OrderError:
                assert order.order_id in orders
        else:
            rig.orders.cancel(order.order_id)


def positions(portfolio: Any) -> dict[str, tuple[int, ...]]:
    return {
        symbol: (p.quantity, p.cost_micro, p.realised_micro, p.fees_micro)
        for symbol, p in sorted(portfolio.positions.items())
    }


def orders_of(orders: dict[int, Any]) -> dict[int, tuple[Any, ...]]:
    return {
        i: (o.state, o.request, o.strategy, o.parent_id, o.filled, o.undone, o.fill_value_units,
            o.cancel_requested, o.message, o.created_ns, o.done_ns)
        for i, o in sorted(orders.items())
    }  # fmt: skip


def check(rig: Rig, state: State) -> None:
    assert orders_of(state.orders) == orders_of(rig.orders.orders)
    assert list(state.open_orders) == sorted(rig.orders.working)
    assert state.replaced == rig.orders._changes.before
    assert state.next_order_id == rig.orders.next_id
    assert state.fills.keys() == rig.orders.fills.keys()
    assert [f.quantity for f in state.fills.values()] == [
        f.quantity for f in rig.orders.fills.values()
    ]
    assert positions(state.portfolio) == positions(rig.portfolio)
    assert state.portfolio.cash_micro == rig.portfolio.cash_micro
    for running in rig.trader.manager.running:
        if running.books.positions:
            books = state.books[running.name]
            assert positions(books) == positions(running.books)
            opened = round(1_000_000 * MICRO * running.share)
            assert books.cash_micro["USD"] + opened == running.books.cash_micro["USD"]


@pytest.mark.parametrize("seed", range(150))
def test_replay_gives_what_the_running_pipeline_knows(seed: int) -> None:
    rng = random.Random(seed)
    files = SimulatedFiles()
    journal = Twofold(begin(files, max_lag_s=1e6))
    rig = Rig(Puppet(short=True), Puppet(short=True), symbols=SYMBOLS, journal=journal, start=False)
    settings = {
        "instruments": list(rig.data.instruments.values()),
        "capital_micro": 1_000_000 * MICRO,
    }
    journal.append("settings", 0, settings)
    rig.trader.start()
    for _ in range(rng.randrange(60)):
        act(rig, *draw(rng))
    files.kill()
    records = [record for _, record in read_session(FOLDER, files)]
    for source in (journal.records, records):
        check(rig, replay(source))


def test_a_second_session_goes_on_with_the_books_of_the_first() -> None:
    rig = Rig(start=False)
    settings = {"instruments": list(rig.data.instruments.values()), "capital_micro": 10 * MICRO}
    more = {"instruments": list(Rig(symbols=("KO",)).data.instruments.values())}
    halt = Refused("drawdown", 0.1, 0.2, "too much")
    state = replay(
        [
            ("settings", 1, settings),
            ("start", 1, SessionStart("paper", "DU1", 7, "0.1", 40)),
            ("baseline", 2, Baseline("SPY", -5, -500, "held before")),
            ("connection", 3, ConnectionState("ready")),
            ("risk", 4, RiskState(5, 4, "2026-03-02", (), {"orders": 1})),
            ("operator", 5, OperatorAction("kill", reason="news")),
            ("stop", 6, SessionStop("evening")),
            ("settings", 7, more),
            ("start", 7, SessionStart("paper", "DU1", 7, "0.2", 41)),
            ("intent", 8, (50, "m", OrderRequest("KO", Side.BUY, 10), 0)),
            ("baseline", 9, Baseline("SPY", 2)),
            ("risk", 9, RiskState(6, 4, "2026-03-03", (halt,))),
        ]
    )
    assert state.portfolio.cash_micro == {"USD": 10 * MICRO}
    assert state.portfolio.quantity("SPY") == -3
    assert state.baseline == {"SPY": -3}
    assert (state.next_order_id, list(state.open_orders)) == (51, [50])
    assert state.risk is not None
    assert state.risk.latches == (halt,)
    assert state.kill is not None
    assert state.kill.reason == "news"
    assert (state.stop, state.connection) == (None, None)
    assert state.start is not None
    assert state.start.version == "0.2"
    state.apply("operator", 10, OperatorAction("limits"))
    assert state.kill is not None
    state.apply("operator", 10, OperatorAction("arm"))
    state.apply("stop", 11, SessionStop("night"))
    assert (state.kill, state.stop) == (None, SessionStop("night"))


def test_a_session_that_names_a_capital_opens_its_books_anew() -> None:
    settings = {"instruments": list(Rig().data.instruments.values()), "capital_micro": 10 * MICRO}
    opening = [
        ("settings", 1, settings),
        ("cash", 1, {"currency": "USD", "amount_micro": 5, "why": "opening"}),
        ("baseline", 1, Baseline("SPY", 7, 70, "held when the session began")),
    ]
    state = replay(
        [*opening, ("intent", 2, (1, "m", OrderRequest("SPY", Side.BUY, 1), 0)), *opening]
    )
    assert state.portfolio.cash_micro == {"USD": 10 * MICRO + 5}
    assert state.portfolio.quantity("SPY") == 7
    assert state.baseline == {"SPY": 7}
    assert list(state.open_orders) == [1]


def test_kinds_of_a_newer_version_are_kept_by_reading_and_refused_by_replay() -> None:
    with pytest.raises(JournalError, match="records of kind 'future', which this version cannot"):
        replay([Record(0, 1, "future", {"x": 1})])


def test_what_was_tightened_holds_over_a_crash_and_until_an_orderly_end() -> None:
    state = State()
    start = SessionStart("paper", "DU1", 1, "0")
    state.apply("start", 1, start)
    state.apply("operator", 2, OperatorAction("tighten", fields={"limits": {"max_runs": 5}}))
    state.apply("operator", 3, OperatorAction("tighten", fields={"limits": {"collar_pct": 0.1}}))
    state.apply("start", 4, start)
    assert state.tightened == {"max_runs": 5, "collar_pct": 0.1}
    state.apply("stop", 5, SessionStop("done"))
    assert state.tightened == {}
