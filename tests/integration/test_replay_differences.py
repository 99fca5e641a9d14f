"""What a session has left is spoilt in one way; the replay finds that way and its money."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from live_rig import SECOND, OnPrints, calm_source, one
from replay_rig import Entry, left_by, recorded_session, replayed, with_rows

from ikbr.api.recorded_session import RecordedSession
from ikbr.backtest.compare.comparison import Comparison
from ikbr.domain.events import Refusal, Refused
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import Fill, OrderRequest, Side
from ikbr.domain.session_events import ConnectionState, OperatorAction
from ikbr.live.operator import Asked, Operator
from ikbr.live.runner import Runner
from ikbr.live.session_record import Ended, Gap

CENT = 10_000
SEEDS = range(3)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> RecordedSession:
    """Leave behind a session that its replay repeats exactly."""
    folder = tmp_path_factory.mktemp("session")
    bots = [
        one(OnPrints(20), "SPY", "KO", name="both", share=0.5),
        one(OnPrints(13, allow_short=False), "SPY", name="long", share=0.5),
    ]
    seen = recorded_session(folder, bots, source=calm_source(900), quantity=100)
    recorded = left_by(folder, seen.journal.records)
    assert replayed(recorded).comparison.same
    return recorded


def chosen(session: RecordedSession, seed: int) -> Fill:
    """Choose a fill in the middle of the session."""
    fills = [body for kind, _, body in session.journal if kind == "fill"]
    return random.Random(seed).choice(fills[2:-2])


def edited(
    session: RecordedSession, edit: Callable[[str, int, Any], list[Entry]]
) -> RecordedSession:
    records = [new for kind, ts_ns, body in session.journal for new in edit(kind, ts_ns, body)]
    return session._replace(journal=records)


def compare(recorded: RecordedSession, cause: str) -> Comparison:
    """Compare; all is of one class, and the money adds up."""
    found = replayed(recorded).comparison
    assert {one.cause for one in found.differences} == {cause}
    assert found.remainder_micro == 0
    explained = sum(one.effect_micro for one in found.differences)
    assert abs(found.difference_micro - explained) < CENT
    return found


def about(order_id: int, kind: str, body: Any) -> bool:
    """Say whether a record is about an order."""
    if kind == "intent":
        return bool(body[0] == order_id)
    return kind in {"update", "fill"} and body.order_id == order_id


@pytest.mark.parametrize("seed", SEEDS)
def test_another_price_is_a_fill_and_costs_what_it_costs(
    session: RecordedSession, seed: int
) -> None:
    fill = chosen(session, seed)
    tick = 100
    worse = msgspec.structs.replace(
        fill, price_units=fill.price_units + fill.side * tick, price=fill.price + fill.side * 0.01
    )
    spoilt = edited(session, lambda k, t, b: [(k, t, worse if k == "fill" and b is fill else b)])
    found = compare(spoilt, "fill")
    [only] = found.differences
    assert only.effect_micro == -fill.quantity * CENT
    assert only.session is not None
    assert only.session.order_id == fill.order_id
    assert f"filled at {worse.price:.6g}" in only.words


@pytest.mark.parametrize("seed", SEEDS)
def test_a_smaller_fill_is_a_fill(session: RecordedSession, seed: int) -> None:
    fill = chosen(session, seed)
    less = msgspec.structs.replace(fill, quantity=fill.quantity - 30)
    spoilt = edited(session, lambda k, t, b: [(k, t, less if k == "fill" and b is fill else b)])
    [only] = compare(spoilt, "fill").differences
    assert only.words == f"filled {less.quantity}, in the replay {fill.quantity}"


@pytest.mark.parametrize("seed", SEEDS)
def test_other_fees_are_a_fee(session: RecordedSession, seed: int) -> None:
    fill = chosen(session, seed)
    dear = msgspec.structs.replace(fill, commission_micro=fill.commission_micro + 1_250_000)
    spoilt = edited(session, lambda k, t, b: [(k, t, dear if k == "fill" and b is fill else b)])
    [only] = compare(spoilt, "fee").differences
    assert only.effect_micro == -1_250_000


@pytest.mark.parametrize("seed", SEEDS)
def test_an_order_that_the_broker_rejected_is_a_reject(session: RecordedSession, seed: int) -> None:
    fill = chosen(session, seed)
    update = OrderUpdate(fill.order_id, OrderEvent.REJECT, fill.ts_ns, 201, "no margin")

    def reject(kind: str, ts_ns: int, body: Any) -> list[Entry]:
        if kind == "fill" and body is fill:
            return [("update", ts_ns, update)]
        return [(kind, ts_ns, body)]

    [only] = compare(edited(session, reject), "reject").differences
    assert "rejected in the session only: no margin" in only.words
    assert only.replay is not None
    assert f"{fill.quantity} at" in only.replay.outcome


@pytest.mark.parametrize("seed", SEEDS)
def test_an_order_that_risk_refused_is_a_reject(session: RecordedSession, seed: int) -> None:
    fill = chosen(session, seed)
    request = OrderRequest(fill.symbol, fill.side, fill.quantity)
    refused = Refused("position", 1.0, 2.0, "too large")

    def refuse(kind: str, ts_ns: int, body: Any) -> list[Entry]:
        if kind == "intent" and body[0] == fill.order_id:
            return [("refusal", ts_ns, Refusal(ts_ns, fill.strategy, request, refused))]
        return [] if about(fill.order_id, kind, body) else [(kind, ts_ns, body)]

    [only] = compare(edited(session, refuse), "reject").differences
    assert only.session is None
    assert only.words == "refused in the session only (position): too large"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("late_ms", [50, -7])
def test_an_order_at_another_time_is_timing(
    session: RecordedSession, seed: int, late_ms: int
) -> None:
    fill = chosen(session, seed)
    moved_ns = late_ms * 1_000_000

    def move(kind: str, ts_ns: int, body: Any) -> list[Entry]:
        mine = about(fill.order_id, kind, body)
        return [(kind, ts_ns + moved_ns if mine else ts_ns, body)]

    [only] = compare(edited(session, move), "timing").differences
    assert f"{abs(late_ms)}.000 ms {'later' if late_ms > 0 else 'earlier'}" in only.words
    assert only.effect_micro == 0


def test_a_fill_at_another_time_is_timing(session: RecordedSession) -> None:
    fill = chosen(session, 1)
    slow = msgspec.structs.replace(fill, ts_ns=fill.ts_ns + 3 * SECOND)
    spoilt = edited(session, lambda k, t, b: [(k, t, slow if k == "fill" and b is fill else b)])
    [only] = compare(spoilt, "timing").differences
    assert only.words == "filled 3,000.000 ms later than in the replay"


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_that_are_missing_are_data(
    session: RecordedSession, seed: int, tmp_path: Path
) -> None:
    fill = chosen(session, seed)

    def drop(columns: dict[str, Any]) -> Any:
        own = (columns["kind"] == 1) & (columns["ts"] <= fill.ts_ns)
        own &= columns["sym"] == [i.symbol for i in session.record.instruments].index(fill.symbol)
        keep = np.ones(len(own), bool)
        keep[np.flatnonzero(own)[-3:]] = False
        return keep

    found = compare(with_rows(session, tmp_path / "ticks.bin", drop), "data")
    assert found.differences[0].words == "3 rows of the tape are missing"


def test_another_quote_at_the_decision_is_data(session: RecordedSession, tmp_path: Path) -> None:
    fill = chosen(session, 2)

    def change(columns: dict[str, Any]) -> None:
        number = [i.symbol for i in session.record.instruments].index(fill.symbol)
        own = (columns["sym"] == number) & (columns["ts"] <= fill.ts_ns)
        row = np.flatnonzero(own)[-1]
        for name in ("bid", "ask"):
            columns[name][row] += 700

    [only] = compare(with_rows(session, tmp_path / "ticks.bin", change), "data").differences
    assert "it saw" in only.words
    assert abs(only.effect_micro) == 7 * CENT * fill.quantity


def test_a_symbol_without_data_is_data(session: RecordedSession) -> None:
    fill = chosen(session, 0)

    def leave_out(kind: str, ts_ns: int, body: Any) -> list[Entry]:
        return [] if about(fill.order_id, kind, body) else [(kind, ts_ns, body)]

    gap = Gap(fill.ts_ns - SECOND, fill.symbol, "no permission")
    spoilt = edited(session, leave_out)._replace(notes=[*session.notes, gap])
    [only] = compare(spoilt, "data").differences
    assert only.words == f"the session had no data of {fill.symbol}"


def test_other_parameters_are_state(session: RecordedSession) -> None:
    both, long = session.record.strategies
    other = msgspec.structs.replace(long, params=long.params | {"allow_short": True})
    record = msgspec.structs.replace(session.record, strategies=(both, other))
    found = compare(session._replace(record=record), "state")
    assert {one.strategy for one in found.differences} == {"long"}
    assert len(found.differences) > 3


def test_an_order_that_only_one_has_does_not_shift_the_others(session: RecordedSession) -> None:
    fill = chosen(session, 1)

    def leave_out(kind: str, ts_ns: int, body: Any) -> list[Entry]:
        return [] if about(fill.order_id, kind, body) else [(kind, ts_ns, body)]

    [only] = compare(edited(session, leave_out), "state").differences
    assert only.session is None
    assert "only the replay decided it" in only.words


@pytest.mark.parametrize(
    ("did", "cause"),
    [
        (OperatorAction("set-parameter", fields={"strategy": "both", "name": "every"}), "person"),
        (OperatorAction("cancel", fields={"order_id": 1, "symbol": "SPY"}), "person"),
        (OperatorAction("flatten", reason="enough"), "person"),
        (OperatorAction("set-parameter", fields={"strategy": "another"}), "state"),
        (OperatorAction("unblock", fields={"symbol": "KO"}), "state"),
    ],
)
def test_what_follows_from_what_a_person_did_is_of_a_person(
    session: RecordedSession, did: OperatorAction, cause: str
) -> None:
    spy = next(
        body for kind, _, body in session.journal
        if kind == "fill" and (body.strategy, body.symbol) == ("both", "SPY")
    )  # fmt: skip

    def act(kind: str, ts_ns: int, body: Any) -> list[Entry]:
        if kind == "intent" and body[0] == spy.order_id:
            return [("operator", ts_ns, did)]
        return [] if about(spy.order_id, kind, body) else [(kind, ts_ns, body)]

    found = compare(edited(session, act), cause)
    [only] = found.differences
    assert (f"after a person's {did.action} at " in only.words) is (cause == "person")
    assert "A person stepped in" in found.notes[0]


@pytest.mark.parametrize(
    ("late_s", "acted_s", "cause"),
    [
        (60, 30, "person"),  # between the two decisions
        (60, -30, "person"),  # before both, which are too far apart for a delay
        (1, -30, "timing"),
        (60, 90, "timing"),
    ],
)
def test_an_order_that_a_person_moved_is_of_a_person(
    session: RecordedSession, late_s: int, acted_s: int, cause: str
) -> None:
    fill = chosen(session, 1)
    did = OperatorAction("flatten", reason="enough")
    acted_ns = fill.ts_ns + acted_s * SECOND

    def move(kind: str, ts_ns: int, body: Any) -> list[Entry]:
        mine = about(fill.order_id, kind, body)
        return [(kind, ts_ns + late_s * SECOND if mine else ts_ns, body)]

    spoilt = edited(session, move)
    more = [("operator", acted_ns, did), ("operator", acted_ns + 1, OperatorAction("resume"))]
    spoilt = spoilt._replace(journal=sorted([*spoilt.journal, *more], key=lambda one: one[1]))
    [only] = compare(spoilt, cause).differences
    assert ("after a person's flatten at " in only.words) is (cause == "person")


def test_a_refusal_by_what_a_person_stopped_is_of_a_person(session: RecordedSession) -> None:
    fill = chosen(session, 0)
    request = OrderRequest(fill.symbol, fill.side, fill.quantity)
    paused = Refused("pause", 0.0, 1.0, "paused by hand: lunch")

    def refuse(kind: str, ts_ns: int, body: Any) -> list[Entry]:
        if kind == "intent" and body[0] == fill.order_id:
            refusal = Refusal(ts_ns, fill.strategy, request, paused)
            return [("operator", ts_ns, OperatorAction("halt")), ("refusal", ts_ns, refusal)]
        return [] if about(fill.order_id, kind, body) else [(kind, ts_ns, body)]

    [only] = compare(edited(session, refuse), "person").differences
    assert "refused in the session only (pause): paused by hand: lunch" in only.words


def test_a_session_that_a_person_flattens_differs_by_that_alone(tmp_path: Path) -> None:
    async def meanwhile(runner: Runner, _server: Any) -> None:
        def begin() -> None:
            assert runner.pipeline is not None
            operator = Operator(runner.pipeline, runner._journal, runner.status)
            at = runner.started_ns + 400 * SECOND
            asked = Asked("flatten", reason="enough")
            runner.pipeline.clock.call_at(at, operator.perform, asked, {"user": "ann"})

        runner.on_begin = begin

    bots = [one(OnPrints(20), "SPY", name="both")]
    options = {"source": calm_source(900), "quantity": 100, "meanwhile": meanwhile}
    seen = recorded_session(tmp_path, bots, **options)
    found = compare(left_by(tmp_path, seen.journal.records), "person")
    assert len(found.differences) > 3
    assert found.replay.orders > found.session.orders


def test_a_lost_link_is_state(session: RecordedSession) -> None:
    fill = chosen(session, 2)

    def lose(kind: str, ts_ns: int, body: Any) -> list[Entry]:
        if kind == "intent" and body[0] == fill.order_id:
            return [("connection", ts_ns, ConnectionState("down", 1100, "no answer"))]
        return [] if about(fill.order_id, kind, body) else [(kind, ts_ns, body)]

    [only] = compare(edited(session, lose), "state").differences
    assert only.words == "the session could not: the link was lost (no answer)"


def test_an_order_of_an_earlier_session_that_fills_is_state(session: RecordedSession) -> None:
    settings = next(body for kind, _, body in session.journal if kind == "settings")
    begin = session.record.begin_ns
    request = OrderRequest("KO", Side.BUY, 10)
    before = [("settings", begin, settings), ("intent", begin, (7_777, "both", request, 0))]
    late = msgspec.structs.replace(
        chosen(session, 0), exec_id=1, order_id=7_777, symbol="KO", side=Side.BUY, quantity=10,
        price_units=1_000_000, price=100.0, ts_ns=begin + 60 * SECOND, commission_micro=1_000_000,
    )  # fmt: skip
    at = next(n for n, (kind, *_) in enumerate(session.journal) if kind == "intent")
    own = [*session.journal[:at], ("fill", late.ts_ns, late), *session.journal[at:]]
    # The books of this session go on with those before it.
    own = [
        (k, t, {n: v for n, v in b.items() if n != "capital_micro"} if k == "settings" else b)
        for k, t, b in own
    ]
    found = compare(session._replace(before=before, journal=own), "state")
    [only] = found.differences
    assert only.effect_micro == found.difference_micro
    assert only.words == "order 7777 was there before the session began"


def test_what_nothing_explains_is_left_as_a_remainder(session: RecordedSession) -> None:
    opened = [n for n, (kind, *_) in enumerate(session.journal) if kind == "cash"]
    kind, ts_ns, body = session.journal[opened[0]]
    more = body | {"amount_micro": body["amount_micro"] + 5_000_000}
    journal = list(session.journal)
    journal[opened[0]] = (kind, ts_ns, more)
    found = replayed(session._replace(journal=journal)).comparison
    assert list(found.differences) == []
    assert found.remainder_micro == 5_000_000
    assert not found.same


def test_cash_that_came_meanwhile_is_state(session: RecordedSession) -> None:
    at = next(n for n, (kind, *_) in enumerate(session.journal) if kind == "fill")
    ts_ns = session.journal[at][1]
    paid = ("cash", ts_ns, {"currency": "USD", "amount_micro": 4_200_000, "why": "dividend"})
    journal = [*session.journal[:at], paid, *session.journal[at:]]
    [only] = compare(session._replace(journal=journal), "state").differences
    assert (only.words, only.effect_micro) == ("dividend", 4_200_000)


def test_a_session_that_was_killed_is_compared_up_to_there(session: RecordedSession) -> None:
    notes = [note for note in session.notes if not isinstance(note, Ended)]
    middle = session.journal[len(session.journal) // 2][1]
    journal = [record for record in session.journal if record[1] <= middle]
    tape = session.tape
    whole, tape._rows = tape._rows, tape._rows[tape.ts <= middle]
    try:
        found = replayed(session._replace(notes=notes, journal=journal)).comparison
    finally:
        tape._rows = whole
    assert found.same
    assert found.session.fills > 5
    assert "did not end by itself" in found.notes[0]


@pytest.mark.parametrize("heard", range(6))
def test_what_was_on_its_way_when_it_was_killed_is_no_difference(
    session: RecordedSession, heard: int
) -> None:
    fill = chosen(session, 1)
    at = next(
        n for n, (kind, _, body) in enumerate(session.journal)
        if kind == "intent" and body[0] == fill.order_id
    )  # fmt: skip
    journal = session.journal[: at + heard]
    notes = [note for note in session.notes if not isinstance(note, Ended)]
    tape = session.tape
    whole, tape._rows = tape._rows, tape._rows[tape.ts <= fill.ts_ns]
    try:
        found = replayed(session._replace(notes=notes, journal=journal)).comparison
    finally:
        tape._rows = whole
    assert found.same
    assert found.session.fills > 2


def test_a_slower_market_shows_in_fills_and_times(session: RecordedSession) -> None:
    found = replayed(session, latency_ms=30_000.0).comparison
    assert {one.cause for one in found.differences} <= {"fill", "timing", "state"}
    assert found.by_cause["fill"][0] > 0
    assert found.remainder_micro == 0
