import datetime as dt
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from tests.unit.backtest.optimise.rig import ZIGZAG, engine_job, source
from tests.unit.backtest.stage_rig import SESSION, prints, tape_of

from ikbr.backtest.engine import run_backtest
from ikbr.backtest.optimise.errors import SweepError
from ikbr.backtest.optimise.shared_tape import SharedTape, write_shared
from ikbr.backtest.optimise.trial import Span, Trial
from ikbr.data.memory_source import MemorySource
from ikbr.domain.errors import DataError
from ikbr.domain.tape import NO_PRICE, Tape
from ikbr.journal.memory_journal import MemoryJournal

COLUMNS = [one.name for one in fields(Tape)][1:]


def test_the_shared_tape_is_the_source_piece_by_piece(tmp_path: Path) -> None:
    original = source()
    write_shared(original, tmp_path)
    shared = SharedTape(tmp_path)
    for mine, theirs in zip(shared.chunks(), original.chunks(), strict=True):
        for name in COLUMNS:
            assert getattr(mine, name).dtype == getattr(theirs, name).dtype
            assert (getattr(mine, name) == getattr(theirs, name)).all()
    for name in ("instruments", "sessions", "actions", "synthetic", "has_quotes", "resolution"):
        assert getattr(shared, name) == getattr(original, name)


def test_its_columns_are_mapped_files_not_copies(tmp_path: Path) -> None:
    write_shared(source(), tmp_path)
    (piece,) = SharedTape(tmp_path).chunks()
    for name in COLUMNS:
        base = getattr(piece, name)
        while isinstance(base, np.ndarray) and base.base is not None:
            base = base.base
        assert type(base).__name__ == "mmap", name


def test_what_a_run_writes_to_the_mapping_stays_with_it(tmp_path: Path) -> None:
    write_shared(source(), tmp_path)
    (piece,) = SharedTape(tmp_path).chunks()
    piece.last[:] = 1
    (again,) = SharedTape(tmp_path).chunks()
    assert (again.last != 1).all()


def test_equal_data_has_equal_digests_and_other_data_another(tmp_path: Path) -> None:
    digests = set()
    for number, prices in enumerate((ZIGZAG, ZIGZAG, ZIGZAG[:-1], [*ZIGZAG[:-1], 7.0])):
        folder = tmp_path / str(number)
        folder.mkdir()
        tape = tape_of(prints(*prices))
        digests.add(write_shared(MemorySource(tape, (SESSION,)), folder).digest)
    assert len(digests) == 3


@pytest.mark.parametrize("day", [0, 1])
def test_a_span_is_the_run_of_its_days_alone(tmp_path: Path, day: int) -> None:
    whole = source()
    job = engine_job(tmp_path)
    (tape,) = whole.chunks()
    half = len(tape) // 2
    rows = tape.rows(0, half) if day == 0 else tape.rows(half, len(tape))
    alone = MemorySource(rows, whole.sessions[day : day + 1])
    date = whole.sessions[day].date
    result = run_backtest(alone, job.make({}), job.setup, journal=MemoryJournal())
    assert result.fills
    assert job(Trial(0, {}, Span(date, date))).fill_hash == result.fill_hash


def test_a_span_knows_no_price_from_before_it(tmp_path: Path) -> None:
    whole = source()
    write_shared(whole, tmp_path)
    (tape,) = whole.chunks()
    second = len(tape) // 2
    # The first row of the second day is a quote that still carries yesterday's last price.
    kind = np.fromfile(tmp_path / "kind.bin", np.uint8)
    kind[second] = 0
    kind.tofile(tmp_path / "kind.bin")
    date = whole.sessions[1].date
    (piece,) = SharedTape(tmp_path, Span(date, date)).chunks()
    assert piece.last[0] == NO_PRICE
    assert piece.last[1] != NO_PRICE


def test_a_span_without_sessions_is_refused(tmp_path: Path) -> None:
    write_shared(source(), tmp_path)
    with pytest.raises(DataError, match="no session of the data"):
        SharedTape(tmp_path, Span(dt.date(2001, 1, 1), dt.date(2001, 2, 1)))


def test_a_tape_that_a_worker_cannot_reach_ends_the_sweep_not_the_run(tmp_path: Path) -> None:
    job = engine_job(tmp_path)
    (tmp_path / "tape.json").unlink()
    with pytest.raises(SweepError, match="on a folder that all of them share"):
        job(Trial(0, {}))


def test_a_source_without_rows_is_refused(tmp_path: Path) -> None:
    (tape,) = source().chunks()
    with pytest.raises(DataError, match="hold no rows"):
        write_shared(MemorySource(tape.rows(0, 0), (SESSION,)), tmp_path)
