"""A checkpoint stands for all that lies before it."""

from __future__ import annotations

import random

import pytest
from tests.unit.core.rig import Puppet, Rig
from tests.unit.journal.session_rig import FOLDER, begin, intent, kinds, update
from tests.unit.journal.test_recovery import SYMBOLS, Twofold, act, check, draw

from ikbr.domain.errors import JournalError
from ikbr.domain.events import Refused
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import Fill, Side
from ikbr.domain.session_events import ConnectionState, OperatorAction, RiskState, SessionStart
from ikbr.journal.checkpoints import KEPT_NS, checkpoint_of, state_at
from ikbr.journal.replay import State, recall_session, replay
from ikbr.journal.session_journal import SessionJournal
from ikbr.journal.session_opening import continue_session
from ikbr.journal.session_reader import read_session, verify_session
from ikbr.journal.simulated_files import SimulatedFiles

START = SessionStart("paper", "DU1", 7, "0.1", 1)
SETTINGS = {"instruments": [Instrument(symbol="SPY")], "capital_micro": 10**11}


class Counted(SimulatedFiles):
    """Count which segments are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read_names: list[str] = []

    def read(self, path: str) -> bytes:
        self.read_names.append(path.rsplit("/", 1)[-1])
        return super().read(path)


def go_on(files: SimulatedFiles, label: str = "day") -> tuple[SessionJournal, State | None]:
    return continue_session(FOLDER, label, files=files, commit_s=0, max_lag_s=1e6)


def whole(files: SimulatedFiles) -> State:
    return replay(record for _, record in read_session(FOLDER, files))


def some_sessions(files: SimulatedFiles, count: int) -> None:
    """Hold sessions, each with an order that is filled and one that works."""
    for n in range(count):
        journal, past = go_on(files, f"day-{n}")
        assert (past is None) is (n == 0)
        journal.append("start", n, START)
        if n == 0:
            journal.append("settings", n, SETTINGS)
        intent(journal, 2 * n + 1)
        intent(journal, 2 * n + 2)
        update(journal, 2 * n + 2)
        fill = Fill(n, 2 * n + 1, "m", "SPY", Side.BUY, 10, 1_000_000, n, 100, 100.0)
        journal.append("fill", n, fill)
        journal.close()


@pytest.mark.parametrize("seed", range(40))
def test_what_is_recalled_is_what_the_running_pipeline_knows_over_several_lives(seed: int) -> None:
    rng = random.Random(seed)
    files = SimulatedFiles()
    live, past = go_on(files)
    assert past is None
    journal = Twofold(live)
    rig = Rig(Puppet(short=True), Puppet(short=True), symbols=SYMBOLS, journal=journal, start=False)
    instruments = list(rig.data.instruments.values())
    journal.append("settings", 0, {"instruments": instruments, "capital_micro": 10**6 * MICRO})
    journal.append("start", 0, START)
    rig.trader.start()
    for _ in range(4):
        for _ in range(rng.randrange(20)):
            act(rig, *draw(rng))
        files.kill()
        journal.live, past = go_on(files)
        assert past is not None
        check(rig, past)
    check(rig, recall_session(FOLDER, files))
    check(rig, whole(files))
    assert not verify_session(FOLDER, files).tampered


def test_every_part_of_a_state_comes_back() -> None:
    state = State({"SPY": Instrument(symbol="SPY")})
    state.apply("settings", 1, SETTINGS)
    state.apply("start", 2, START)
    state.apply("connection", 3, ConnectionState("ready", 1102, "back"))
    state.apply(
        "risk", 4, RiskState(5, 4, "2026-03-02", (Refused("kill", 0.0, 1.0, "x"),), {"n": 1})
    )
    state.apply("operator", 5, OperatorAction("tighten", fields={"limits": {"max_runs": 3}}))
    state.apply("operator", 6, OperatorAction("kill", reason="news"))
    state.apply("fx", 7, ("JPY", 0.0067))
    back = state_at(checkpoint_of(state))
    assert back.settings["capital_micro"] == 10**11
    for name in ("risk", "kill", "tightened", "connection", "start", "stop", "last_ns", "counts",
                 "next_order_id", "baseline", "instruments", "replaced"):  # fmt: skip
        assert getattr(back, name) == getattr(state, name), name
    assert back.portfolio.fx_micro == state.portfolio.fx_micro
    assert back.snapshot() == state.snapshot()


def test_opening_reads_only_the_segments_since_the_newest_checkpoint() -> None:
    files = Counted()
    some_sessions(files, 5)
    files.read_names.clear()
    journal, past = go_on(files)
    assert {name for name in files.read_names if name != "HEAD"} <= {
        "000005-day-4.journal", "000006-day.journal",
    }  # fmt: skip
    assert past is not None
    assert len(past.open_orders) == 5
    assert past.portfolio.quantity("SPY") == 50
    journal.close()
    assert kinds(files).count("checkpoint") == 5
    assert whole(files).snapshot() == recall_session(FOLDER, files).snapshot()


def test_a_crash_before_the_checkpoint_was_written_leads_back_to_the_one_before() -> None:
    files = SimulatedFiles()
    some_sessions(files, 3)
    begin(files, "crashed", max_lag_s=1e6)
    files.kill()
    _, past = go_on(files)
    assert past is not None
    assert past.portfolio.quantity("SPY") == 30


def test_segments_before_the_newest_checkpoint_may_be_put_elsewhere() -> None:
    files = SimulatedFiles()
    some_sessions(files, 4)
    for name in ("000001-day-0.journal", "000002-day-1.journal"):
        files.remove(f"{FOLDER}/{name}")
    journal, past = go_on(files)
    assert past is not None
    assert past.portfolio.quantity("SPY") == 40
    assert journal.segment.startswith("000005-")
    journal.close()
    assert verify_session(FOLDER, files).tampered


@pytest.mark.parametrize("at", [60, 700])
def test_what_is_read_is_checked(at: int) -> None:
    files = SimulatedFiles()
    some_sessions(files, 3)
    files.flip(f"{FOLDER}/000003-day-2.journal", at, 1)
    with pytest.raises(JournalError, match="was changed"):
        go_on(files)


def test_what_ended_long_ago_is_forgotten_but_its_position_and_open_orders_are_not() -> None:
    files = SimulatedFiles()
    some_sessions(files, 2)
    journal, _ = go_on(files)
    journal.append("update", KEPT_NS + 10, OrderUpdate(2, OrderEvent.ACK_PRE, KEPT_NS + 10))
    journal.close()
    journal, past = go_on(files)
    assert past is not None
    assert len(past.orders) == 4
    journal.close()
    late = recall_session(FOLDER, files)
    assert list(late.orders) == [2, 4]
    assert late.fills == {}
    assert late.portfolio.quantity("SPY") == 20
    assert late.next_order_id == 5
