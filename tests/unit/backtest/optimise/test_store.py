from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from tests.unit.backtest.optimise.rig import outcome, trials

from ikbr.backtest.optimise.errors import SweepError
from ikbr.backtest.optimise.store import OUTCOMES, Identity, Store, read_outcomes
from ikbr.domain.errors import UsageError

IDENTITY = Identity("s", "d", "t", "g", "grid", "1", lag=16)


def filled(folder: Path, count: int) -> None:
    with Store(folder, IDENTITY) as store:
        for trial in trials(count):
            store.add(outcome(trial))


def test_what_was_added_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    filled(tmp_path / "s", 3)
    with Store(tmp_path / "s", IDENTITY) as store:
        assert store.resumed == 3
        assert store.outcomes == {n: outcome(t) for n, t in enumerate(trials(3))}


def test_an_outcome_is_in_the_file_as_soon_as_it_is_added(tmp_path: Path) -> None:
    with Store(tmp_path / "s", IDENTITY) as store:
        store.add(outcome(trials(1)[0]))
        assert len(read_outcomes(tmp_path / "s" / OUTCOMES)) == 1


def test_a_number_is_kept_once(tmp_path: Path) -> None:
    first, again = outcome(trials(1)[0], 1.0), outcome(trials(1)[0], 2.0)
    with Store(tmp_path / "s", IDENTITY) as store:
        store.add(first)
        store.add(again)
    assert read_outcomes(tmp_path / "s" / OUTCOMES) == {0: first}


@pytest.mark.parametrize("cut", [1, 10, 160])
def test_a_line_that_a_kill_cut_short_is_dropped_and_written_anew(tmp_path: Path, cut: int) -> None:
    filled(tmp_path / "s", 3)
    path = tmp_path / "s" / OUTCOMES
    whole = path.read_bytes()
    assert len(whole.splitlines()[-1]) > cut
    path.write_bytes(whole[:-cut])
    with Store(tmp_path / "s", IDENTITY) as store:
        assert sorted(store.outcomes) == [0, 1]
        store.add(outcome(trials(3)[2]))
    assert path.read_bytes() == whole


def test_a_damaged_line_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    filled(tmp_path / "s", 3)
    path = tmp_path / "s" / OUTCOMES
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"{broken}\n" + lines[2])
    before = path.read_bytes()
    with (
        pytest.raises(SweepError, match=r"line 2 of .* is damaged"),
        Store(tmp_path / "s", IDENTITY),
    ):
        pass
    assert path.read_bytes() == before


@pytest.mark.parametrize("part", ["strategy", "data", "settings", "grid", "sampler", "version"])
def test_another_sweep_in_the_folder_is_refused_by_what_differs(tmp_path: Path, part: str) -> None:
    filled(tmp_path / "s", 1)
    other = msgspec.structs.replace(IDENTITY, **{part: "other"})
    with (
        pytest.raises(UsageError, match=f"differs in {part}"),
        Store(tmp_path / "s", other),
    ):
        pass


def test_the_lag_of_the_kept_sweep_holds(tmp_path: Path) -> None:
    filled(tmp_path / "s", 1)
    with Store(tmp_path / "s", msgspec.structs.replace(IDENTITY, lag=4)) as store:
        assert store.identity.lag == 16


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match=r"holds other files \(thesis.txt\)"):
        Store(tmp_path, IDENTITY).__enter__()
    assert [one.name for one in tmp_path.iterdir() if one.name[0] != "."] == ["thesis.txt"]


def test_two_sweeps_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        Store(tmp_path / "s", IDENTITY),
        pytest.raises(UsageError, match="in use by another sweep"),
        Store(tmp_path / "s", IDENTITY),
    ):
        pass


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(UsageError, match="cannot be used"), Store(tmp_path / "f", IDENTITY):
        pass


def test_what_holds_nothing_after_an_error_is_removed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Store(tmp_path / "sweeps" / "s", IDENTITY):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_stays_after_an_error(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "notes.txt").touch()
    with pytest.raises(UsageError, match="other files"), Store(tmp_path / "s", IDENTITY):
        pass
    assert [one.name for one in (tmp_path / "s").iterdir()] == ["notes.txt"]


def test_runs_are_kept_after_an_error(tmp_path: Path) -> None:
    filled(tmp_path / "s", 2)
    with suppress(ZeroDivisionError), Store(tmp_path / "s", IDENTITY) as store:
        store.add(outcome(trials(3)[2]))
        raise ZeroDivisionError
    assert len(read_outcomes(tmp_path / "s" / OUTCOMES)) == 3


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    with Store(tmp_path / "s", IDENTITY) as store:
        with pytest.raises(UsageError, match="in use"), Store(tmp_path / "s", IDENTITY):
            pass
        store.add(outcome(trials(1)[0]))
    assert len(read_outcomes(tmp_path / "s" / OUTCOMES)) == 1
