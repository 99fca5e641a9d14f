from __future__ import annotations

import datetime as dt
import math
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ikbr.domain.amendment import Amendment
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import JournalError, UsageError
from ikbr.domain.events import Alert, Decision, Refusal, Refused
from ikbr.domain.instrument import Instrument
from ikbr.domain.latency import OrderLatency
from ikbr.domain.lifecycle import TRANSITIONS, OrderEvent, OrderState, OrderUpdate
from ikbr.domain.order import Fill, Order, OrderRequest, OrderType, Side
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session import Session
from ikbr.domain.session_events import (
    Baseline,
    Callback,
    ConnectionState,
    JournalRepair,
    OperatorAction,
    RiskState,
    SessionStart,
    SessionStop,
    WireSend,
)
from ikbr.journal.checkpoints import checkpoint_of, state_at
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.journal.reader import read_header, read_records, verify
from ikbr.journal.records import KINDS, instruments_of
from ikbr.journal.replay import replay
from ikbr.journal.writer import FileJournal, to_bytes

SPY = Instrument(symbol="SPY")
OPTION = parse_contract("SPY   261218C00600000")
REQUEST = OrderRequest("SPY", Side.BUY, 10, OrderType.LIMIT, limit_price=99.5, reason="é\n")
FILL = Fill(1, 1, "m", "SPY", Side.BUY, 10, 995_000, 5, 1_000_000, 99.5)
SETTINGS = {"instruments": [SPY, OPTION], "capital_micro": 10**11, "base": "USD", "fx": {}}

ENTRIES: list[tuple[str, int, Any]] = [
    ("settings", 0, SETTINGS),
    ("session", 1, Session(dt.date(2026, 1, 5), 1, 2)),
    ("decision", 2, Decision(2, "m", "SPY", "BUY", float("nan"), "why", 10)),
    ("refusal", 2, Refusal(2, "m", REQUEST, Refused("position", 1.0, 2.5, "too much", 3))),
    ("intent", 3, (1, "m", REQUEST, 0)),
    ("sent", 3, (1,)),
    ("modify", 4, (1, OrderRequest("SPY", Side.BUY, 20))),
    ("cancel", 4, 1),
    ("update", 5, OrderUpdate(1, OrderEvent.ACK, 5, 399, "held")),
    ("fill", 5, FILL),
    ("cash", 6, {"currency": "USD", "amount_micro": -5, "why": "borrow"}),
    ("split", 7, ("SPY", 2, 1)),
    ("fx", 8, ("JPY", 0.0067)),
    ("mark", 9, ("SPY", 500_000)),
    ("alert", 9, Alert(9, "warning", "bus", "look")),
]
EVERY_KIND: list[tuple[str, int, Any]] = [
    *ENTRIES,
    ("amendment", 9, Amendment(9, FILL, msgspec.structs.replace(FILL, quantity=0))),
]

SESSION_ENTRIES: list[tuple[str, int, Any]] = [
    ("start", 1, SessionStart("paper", "DU1", 7, "0.1", 42, "abc")),
    ("baseline", 1, Baseline("SPY", -5, 10, "held before")),
    ("connection", 1, ConnectionState("ready", 1102, "back")),
    ("wire", 2, WireSend("placeOrder", 42, {"lmtPrice": 99.5, "tif": "DAY"})),
    ("callback", 3, Callback("orderStatus", 42, {"filled": 0, "status": "Submitted"})),
    ("risk", 4, RiskState(10, 9, "2026-01-05", (Refused("kill", 0.0, 1.0, "by hand"),), {"n": 1})),
    ("operator", 5, OperatorAction("kill", "command line", "news", {"all": True})),
    ("repair", 6, JournalRepair(12, "x.torn-1", "it has no end")),
    ("latency", 6, OrderLatency(42, 5, 6, 7, 8, 9, 1_000, -1)),
    ("stop", 7, SessionStop("evening", 1, {"SPY": 10})),
]


def memory(entries=ENTRIES) -> MemoryJournal:
    journal = MemoryJournal()
    for entry in entries:
        journal.append(*entry)
    return journal


def write(path: Path, entries=ENTRIES, *, block=4, meta=None) -> bytes:
    with FileJournal(path, meta or {"run": 1}, block=block) as journal:
        for entry in entries:
            journal.append(*entry)
    return path.read_bytes()


def same(a: Any, b: Any) -> bool:
    return repr(a) == repr(b)  # NaN equals itself here


def test_every_kind_comes_back_with_its_type(tmp_path) -> None:
    path = tmp_path / "deep" / "run.journal"
    known = replay([*EVERY_KIND, *SESSION_ENTRIES])
    entries = [*EVERY_KIND, *SESSION_ENTRIES, ("checkpoint", 8, checkpoint_of(known))]
    write(path, entries)
    records = list(read_records(path))
    assert [(r.kind, r.ts_ns) for r in records] == [(k, t) for k, t, _ in entries]
    assert [r.n for r in records] == list(range(len(entries)))
    assert state_at(records.pop().body).snapshot() == known.snapshot()
    for record, (kind, _, body) in zip(records[1:], entries[1:-1], strict=True):
        assert record.body == body if kind == "cash" else same(record.body, body), kind
    assert instruments_of(records[0].body) == {"SPY": SPY, OPTION.symbol: OPTION}
    assert {r.kind for r in records} == KINDS - {"checkpoint"}
    assert math.isnan(records[2].body.price)


def test_same_records_give_the_same_bytes_in_memory_and_in_a_file(tmp_path) -> None:
    many = ENTRIES * 700  # more than two blocks
    one = write(tmp_path / "a", many, block=4096, meta={"b": 1, "a": 2})
    assert one == write(tmp_path / "b", many, block=4096, meta={"a": 2, "b": 1})
    assert one == to_bytes(memory(many), {"a": 2, "b": 1})
    assert one.count(b'{"seal":') == 3
    assert read_header(tmp_path / "a").meta == {"a": 2, "b": 1}


@pytest.mark.parametrize("count", [0, 1, 4, 5, 8, 15])
def test_a_closed_journal_is_sound(tmp_path, count) -> None:
    verdict = verify(write(tmp_path / "j", ENTRIES[:count]))
    assert (verdict.records, verdict.closed, verdict.tampered) == (count, True, False)
    assert verdict.message == f"sound: {count} records, closed."


def test_every_flip_of_a_byte_is_detected(tmp_path) -> None:
    data = write(tmp_path / "j", ENTRIES * 2, block=7)
    rng = random.Random(7)
    for at in range(len(data)):
        for bit in (1 << rng.randrange(8),):
            flipped = bytearray(data)
            flipped[at] ^= bit
            verdict = verify(bytes(flipped))
            assert verdict.tampered, (at, bit, data[at - 20 : at + 20])
            assert verdict.line >= data[:at].count(b"\n") + 1


def edits(data: bytes) -> list[tuple[str, bytes]]:
    lines = data.splitlines(keepends=True)
    found = []
    for i in range(len(lines)):
        found.append((f"delete {i}", b"".join(lines[:i] + lines[i + 1 :])))
        found.append((f"double {i}", b"".join([*lines[: i + 1], *lines[i:]])))
        found.append((f"blank {i}", b"".join([*lines[:i], b"\n", *lines[i:]])))
        for j in range(i + 1, len(lines)):
            swapped = list(lines)
            swapped[i], swapped[j] = swapped[j], swapped[i]
            found.append((f"swap {i} {j}", b"".join(swapped)))
    return found


def test_deleted_doubled_inserted_and_swapped_lines_are_detected(tmp_path) -> None:
    data = write(tmp_path / "j", ENTRIES, block=4)
    last = data.count(b"\n") - 1
    for what, edited in edits(data):
        verdict = verify(edited)
        if what == f"delete {last}":
            assert (verdict.tampered, verdict.closed, verdict.unsealed) == (False, False, 3)
        else:
            assert verdict.tampered, what


def test_a_journal_that_was_cut_off_is_not_closed_or_torn_and_never_sound(tmp_path) -> None:
    data = write(tmp_path / "j", ENTRIES, block=4)
    for cut in range(len(data)):
        verdict = verify(data[:cut])
        assert not verdict.closed
        if verdict.tampered:
            assert cut <= data.index(b"\n")  # not even a header is left
    # Cut behind the second seal, and one record later.
    lines = data.splitlines(keepends=True)
    at_seal = verify(b"".join(lines[:11]))
    assert at_seal.message == "not closed: 0 records after the last seal."
    later = verify(b"".join(lines[:12]) + lines[12][:9])
    assert later.message == "not closed: 1 records after the last seal, and a torn line."
    assert (later.records, later.unsealed) == (8, 1)


def test_a_block_that_was_taken_out_whole_is_detected(tmp_path) -> None:
    data = write(tmp_path / "j", ENTRIES, block=4)
    lines = data.splitlines(keepends=True)
    verdict = verify(b"".join(lines[:1] + lines[6:]))
    assert verdict.line == 2
    assert verdict.message == "line 2: record 4 stands where 0 is due."


def test_what_was_changed_is_named_by_line(tmp_path) -> None:
    data = write(tmp_path / "j", ENTRIES, block=4)
    lines = data.splitlines(keepends=True)

    def changed(number: int, old: bytes, new: bytes) -> str:
        assert old in lines[number - 1]
        edited = [*lines[: number - 1], lines[number - 1].replace(old, new), *lines[number:]]
        return verify(b"".join(edited)).message

    assert changed(1, b'"run":1', b'"run":2').startswith("line 6: the seal does not fit the 4")
    assert changed(1, b'ikbr_journal":1', b'ikbr_journal":2').startswith("line 1: format 2 is unk")
    assert changed(1, b"ikbr", b"kibr") == "line 1: it is not the header of a journal."
    assert changed(3, b'"t":1', b'"t":2').startswith("line 6: the seal does not fit")
    assert changed(3, b'"t":1', b'"t":x') == "line 3: it is neither a record nor a seal."
    assert changed(6, b'"seal":4', b'"seal":5') == "line 6: the seal counts 5 records, there are 4."
    assert changed(6, b'"prev"', b'"perv"') == "line 6: the seal is broken."
    end = verify(data + b"more\n").message
    assert end == "line 21: something stands behind the final seal."
    assert verify(data + b"more").message == "line 21: it was not written so."
    assert verify(b"").message == "line 1: the header is missing."


def test_reading_needs_a_journal(tmp_path) -> None:
    path = tmp_path / "x"
    with pytest.raises(UsageError, match=r"journal .*x cannot be read: No such file"):
        verify(path)
    path.write_text("hello\n")
    with pytest.raises(UsageError, match="is no journal"):
        list(read_records(path))
    path.write_bytes(to_bytes(memory([])) + b"hello\n")
    with pytest.raises(JournalError, match="line 3: it is neither a record nor a seal"):
        list(read_records(path))
    path.write_bytes(to_bytes(memory([("oder", 0, 1)])))
    with pytest.raises(JournalError, match="record 0: kind 'oder' is unknown"):
        list(read_records(path))
    path.write_bytes(to_bytes(memory([("fill", 0, {"exec_id": "one"})])))
    with pytest.raises(JournalError, match=r"record 0 \(fill\)"):
        list(read_records(path))


def test_an_existing_file_is_never_overwritten(tmp_path) -> None:
    before = write(tmp_path / "j")
    with pytest.raises(JournalError, match="exists and is never overwritten"):
        FileJournal(tmp_path / "j")
    assert (tmp_path / "j").read_bytes() == before
    with pytest.raises(JournalError, match="cannot be made"):
        FileJournal(tmp_path / "j" / "below")


def test_flushing_seals_and_closing_twice_is_harmless(tmp_path) -> None:
    journal = FileJournal(tmp_path / "j")
    journal.flush()
    journal.append(*ENTRIES[0])
    journal.flush()
    verdict = verify(tmp_path / "j")
    assert (verdict.records, verdict.unsealed, verdict.closed) == (1, 0, False)
    journal.close()
    journal.close()
    assert verify(tmp_path / "j").closed
    journal.append(*ENTRIES[0])
    with pytest.raises(JournalError, match="is closed"):
        journal.flush()


def test_a_body_that_goes_on_changing_cannot_be_written(tmp_path) -> None:
    journal = FileJournal(tmp_path / "j")
    journal.append("intent", 0, Order(1, REQUEST, SPY, "m"))
    with pytest.raises(JournalError, match=r"record 0 \(intent\) cannot be written"):
        journal.close()


def test_the_records_in_memory_are_counted() -> None:
    assert len(memory()) == len(ENTRIES)


def test_replay_books_cash_splits_rates_and_marks() -> None:
    state = replay(memory().records)
    portfolio = state.portfolio
    position = portfolio.positions["SPY"]
    assert (position.quantity, position.mark_units) == (20, 500_000)
    assert portfolio.cash_micro == {"USD": 10**11 - 995_000_000 - 1_000_000 - 5}
    assert portfolio.fx_micro["JPY"] == 6_700
    assert state.counts["alert"] == 1
    assert state.last_ns == 9
    order = state.orders[1]
    assert (order.quantity, order.filled, order.message) == (20, 10, "held")
    assert order.cancel_requested
    assert order.state is OrderState.PENDING_CANCEL
    assert state.settings == SETTINGS


def test_a_refused_cancellation_may_be_asked_again_and_odd_words_change_nothing() -> None:
    entries = [
        ("intent", 1, (1, "m", REQUEST, 0)),
        ("cancel", 2, 1),
        ("update", 3, OrderUpdate(1, OrderEvent.CANCEL_REFUSED, 3)),
        ("update", 4, OrderUpdate(1, OrderEvent.SEND, 4, 0, "odd")),
        ("update", 5, OrderUpdate(1, OrderEvent.CANCEL, 5)),
        ("fill", 6, FILL),
        ("fill", 7, Fill(2, 99, "", "SPY", Side.SELL, 4, 10_000, 7, 0, 1.0)),
    ]
    state = replay(entries, {"SPY": SPY})
    order = state.orders[1]
    assert not order.cancel_requested
    assert (state.anomalies, order.message) == (1, "")
    assert (order.state, order.done_ns) == (OrderState.FILLED, 5)
    assert state.portfolio.quantity("SPY") == 6


def test_capital_may_be_given_in_dollars_and_instruments_by_symbol() -> None:
    state = replay([("settings", 0, {"instruments": {"SPY": SPY}, "capital": 100.5})])
    assert state.portfolio.cash_micro == {"USD": 100_500_000}
    assert state.instruments == {"SPY": SPY}
    bare = replay([("settings", 0, {})], {"SPY": SPY})
    assert bare.portfolio.cash_micro == {"USD": 0}


def test_records_that_do_not_fit_together_are_an_error() -> None:
    with pytest.raises(JournalError, match="order 7 before its intent"):
        replay([("cancel", 0, 7)])
    with pytest.raises(JournalError, match="speaks of 'SPY' but does not describe it"):
        replay([("intent", 0, (1, "m", REQUEST, 0))])


class Run:
    """Do to orders what an order manager does, and write it down."""

    def __init__(self) -> None:
        self.instruments = {"SPY": SPY, OPTION.symbol: OPTION}
        self.journal = MemoryJournal()
        self.portfolio = Portfolio(self.instruments, 10**11)
        self.orders: dict[int, Order] = {}
        self.now = self.execs = 0
        self.journal.append("settings", 0, SETTINGS)

    def send(self, symbol: str, side: Side, quantity: int) -> None:
        order_id = len(self.orders) + 1
        request = OrderRequest(symbol, side, quantity)
        self.journal.append("intent", self.now, (order_id, "m", request, 0))
        order = Order(order_id, request, self.instruments[symbol], "m", self.now)
        order.state = OrderState.PENDING_SUBMIT
        self.orders[order_id] = order

    def word(self, order: Order, event: OrderEvent) -> None:
        if (order.state, event) in TRANSITIONS:
            self.journal.append("update", self.now, OrderUpdate(order.order_id, event, self.now))
            order.state = TRANSITIONS[order.state, event]

    def fill(self, order: Order, quantity: int, units: int, fee: int) -> None:
        if order.remaining <= 0:
            return
        quantity = min(quantity, order.remaining)
        self.execs += 1
        instrument = order.instrument
        fill = Fill(self.execs, order.order_id, "m", order.symbol, order.side, quantity, units,
                    self.now, fee, units / instrument.price_scale)  # fmt: skip
        self.journal.append("fill", self.now, fill)
        order.filled += quantity
        order.fill_value_units += quantity * units
        event = OrderEvent.PARTIAL_FILL if order.remaining else OrderEvent.FULL_FILL
        order.state = TRANSITIONS[order.state, event]
        self.portfolio.apply_fill(fill)

    def pay(self, amount: int) -> None:
        self.journal.append(
            "cash", self.now, {"currency": "USD", "amount_micro": amount, "why": ""}
        )
        self.portfolio.add_cash(amount)


WORDS = [OrderEvent.ACK, OrderEvent.ACK_PRE, OrderEvent.CANCEL, OrderEvent.REJECT, OrderEvent.LOSE,
         OrderEvent.REQUEST_CANCEL, OrderEvent.CANCEL_REFUSED, OrderEvent.PARK]  # fmt: skip

steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from(["SPY", OPTION.symbol]), st.booleans(),
                  st.integers(1, 500)),
        st.tuples(st.just("word"), st.integers(0, 30), st.sampled_from(WORDS), st.none()),
        st.tuples(st.just("fill"), st.integers(0, 30), st.integers(1, 300),
                  st.tuples(st.integers(1, 10**7), st.integers(-(10**6), 10**7))),
        st.tuples(st.just("pay"), st.integers(-(10**9), 10**9), st.none(), st.none()),
    ),
    max_size=40,
)  # fmt: skip


@settings(deadline=None)
@given(steps)
def test_replay_gives_the_state_of_the_run_that_wrote_it(tmp_path_factory, steps) -> None:
    run = Run()
    for what, one, two, three in steps:
        run.now += 1
        if what == "send":
            run.send(one, Side.BUY if two else Side.SELL, three)
        elif what == "pay":
            run.pay(one)
        elif run.orders:
            order = run.orders[one % len(run.orders) + 1]
            if what == "word":
                run.word(order, two)
            else:
                run.fill(order, two, *three)
    path = tmp_path_factory.mktemp("replay") / "run.journal"
    path.write_bytes(to_bytes(run.journal))
    for state in (replay(run.journal.records), replay(path), replay(list(read_records(path)))):
        assert state.portfolio.cash_micro == run.portfolio.cash_micro
        assert state.portfolio.equity_micro() == run.portfolio.equity_micro()
        books = {
            s: (p.quantity, p.cost_micro, p.realised_micro, p.fees_micro)
            for s, p in sorted(run.portfolio.positions.items())
        }
        assert state.snapshot()["positions"] == books
        assert state.snapshot()["cash_micro"] == run.portfolio.cash_micro
        assert state.snapshot()["orders"] == {
            i: (o.state.value, o.filled, o.fill_value_units, o.quantity)
            for i, o in run.orders.items()
        }
