"""What a session records while it runs, and what a disk that refuses does to it."""

from __future__ import annotations

from contextlib import ExitStack
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from live_rig import LOOSE, OnPrints, calm_source, one, run_session
from replay_rig import left_by, recorded_session, replayed

from ikbr.api.strategy_records import record_strategies, remake
from ikbr.backtest.engine import run_backtest
from ikbr.backtest.result import fill_hash
from ikbr.backtest.stage import Setup
from ikbr.data.session_tape import TapeWriter
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.session_events import SessionStop
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Ticker
from ikbr.journal.memory_journal import MemoryJournal
from ikbr.live.runner import Runner
from ikbr.live.session_record import FOLDER, TICKS, Ended, Stopping, read_notes
from ikbr.live.session_recorder import SessionRecorder
from ikbr.strategies.base_strategy import BaseStrategy
from ikbr.strategies.schedule import Schedule


def test_a_row_is_taken_when_the_orders_of_its_tick_are_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[tuple[str, int]] = []
    take, note = TapeWriter.append, MemoryJournal.append

    def append(self: TapeWriter, ts: int, *values: int) -> None:
        happened.append(("row", ts))
        take(self, ts, *values)

    def record(self: MemoryJournal, kind: str, ts_ns: int, body: Any) -> None:
        if kind == "intent":
            happened.append(("intent", ts_ns))
        note(self, kind, ts_ns, body)

    monkeypatch.setattr(TapeWriter, "append", append)
    monkeypatch.setattr(MemoryJournal, "append", record)
    recorded_session(tmp_path, [one(OnPrints(20), "SPY", "KO")], source=calm_source(600))
    sent = [n for n, (what, _) in enumerate(happened) if what == "intent"]
    assert len(sent) > 5
    for place in sent:
        following = next(one for one in happened[place:] if one[0] == "row")
        assert following[1] == happened[place][1]


def test_all_that_led_to_an_order_is_in_the_file_before_the_next_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind: list[int] = []
    flush = TapeWriter.flush

    def watched(self: TapeWriter) -> None:
        flush(self)
        behind.append(self.rows - self.written)

    monkeypatch.setattr(TapeWriter, "flush", watched)
    seen = recorded_session(tmp_path, [one(OnPrints(20), "SPY", "KO")], source=calm_source(600))
    assert len(behind) >= len(seen.fills) > 5
    assert set(behind) == {0}


def test_the_notes_say_how_it_ended(tmp_path: Path) -> None:
    bots = [one(OnPrints(20), "SPY")]
    seen = recorded_session(tmp_path, bots, source=calm_source(600), until="12:00", flatten=True)
    stopping, ended = read_notes(tmp_path / FOLDER)
    assert isinstance(stopping, Stopping)
    assert (stopping.reason, stopping.flatten) == ("the time to end has come", True)
    assert isinstance(ended, Ended)
    assert ended.lost == 0
    kind, _, body = seen.journal.records[-1]
    assert (kind, type(body)) == ("stop", SessionStop)


def test_a_disk_that_refuses_costs_the_tape_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_session([one(OnPrints(20), "SPY", "KO")], source=calm_source(600))
    flush = TapeWriter.flush

    def refuse(self: TapeWriter) -> None:
        if self.rows > 200:
            self._file.close()
        flush(self)

    monkeypatch.setattr(TapeWriter, "flush", refuse)
    seen = recorded_session(tmp_path, [one(OnPrints(20), "SPY", "KO")], source=calm_source(600))
    assert fill_hash(seen.fills) == fill_hash(whole.fills)
    [told] = [a.message for a in seen.alerts if a.source == "recording"]
    assert told.startswith("rows of the tape are lost: ")
    recorded = left_by(tmp_path, seen.journal.records)
    assert recorded.ended is not None
    assert recorded.ended.lost == recorded.ended.rows - len(recorded.tape) > 100
    found = replayed(recorded).comparison
    assert {one.cause for one in found.differences} == {"data"}


def test_a_disk_that_is_full_at_the_end_costs_the_last_note_and_nothing_else(
    tmp_path: Path,
) -> None:
    async def fill_up(runner: Runner, _server: Any) -> None:
        def begin() -> None:
            assert recorder._notes is not None
            recorder._notes.close()
            recorder._notes = stack.enter_context(FileIO("/dev/full", "w"))

        runner.on_begin = begin

    bots = [one(OnPrints(20), "SPY")]
    recorder = SessionRecorder(tmp_path / FOLDER, record_strategies(bots), lambda: ("", ""))
    with ExitStack() as stack:
        seen = run_session(bots, recorder=recorder, source=calm_source(60), meanwhile=fill_up)
    assert seen.end.orderly
    [told] = [one.message for one in seen.alerts if one.source == "recording"]
    assert told.startswith("a note of the session is lost")


def test_a_folder_that_cannot_be_made_stops_no_session(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    recorder = SessionRecorder(tmp_path / "file" / FOLDER, [], lambda: ("", ""))
    seen = run_session([one(OnPrints(20), "SPY")], source=calm_source(300), recorder=recorder)
    assert seen.end.orderly
    assert seen.fills


class Counting(BaseStrategy):
    """Buy at the n-th row, whatever it is."""

    rows = 0

    def __init__(self, at: int = 5, label: str = "a, b") -> None:
        """Begin."""
        self.at = at
        self.label = label

    def on_market_data(self, ticker: Ticker) -> Signal | None:
        """Count."""
        self.rows += 1
        return Signal("BUY", ticker.symbol, ticker.last) if self.rows == self.at else None


def test_a_strategy_is_made_again_with_all_that_was_set() -> None:
    strategy = Counting(9, label="x=1, y")
    strategy.allow_short, strategy.stop_loss_pct = False, 0.03
    strategy.schedule = Schedule(no_entry_before="open+5m")
    [again], notes = remake(record_strategies([one(strategy, "SPY", name="mine", share=0.25)]))
    assert notes == []
    assert (again.name, again.symbols, again.share) == ("mine", ("SPY",), 0.25)
    assert again.strategy.params == strategy.params
    assert (again.strategy.allow_short, again.strategy.stop_loss_pct) == (False, 0.03)
    assert again.strategy.schedule == strategy.schedule


def test_a_strategy_whose_source_has_changed_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    text = "from ikbr import BaseStrategy\n\nclass Mine(BaseStrategy):\n"
    text += "    def on_market_data(self, ticker):\n        return None\n"
    file.write_text(text, encoding="utf-8")
    from ikbr.strategies.registry import create

    records = record_strategies([one(create(f"{file}:Mine"), "SPY")])
    assert records[0].reference == f"{file}:Mine"
    assert remake(records)[1] == []
    file.write_text(text + "\n# changed\n", encoding="utf-8")
    [note] = remake(records)[1]
    assert "has changed since the session" in note


def test_a_halt_comes_to_strategies_as_in_a_backtest(tmp_path: Path) -> None:
    from test_replay import with_halt

    bots = [one(OnPrints(15), "SPY", "KO")]
    live = recorded_session(tmp_path, bots, source=with_halt(600), limits=LOOSE)
    setup = Setup(capital=1_000_000.0, limits=LOOSE, model=ExecutionModel())
    past = run_backtest(
        with_halt(600), [one(OnPrints(15), "SPY", "KO")], setup, journal=MemoryJournal()
    )
    assert len(past.fills) > 5
    assert fill_hash(live.fills) == past.fill_hash
    tape = left_by(tmp_path, live.journal.records).tape
    assert {7, 8} <= set(tape.column("kind").tolist())
    assert (tmp_path / FOLDER / TICKS).stat().st_size >= 40 * len(tape)
