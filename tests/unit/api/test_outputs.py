"""Files of a run appear whole, or not at all."""

import os
from pathlib import Path

import pytest
from tests.unit.backtest.results import make_result

from ikbr.api.outputs import Outputs
from ikbr.domain.errors import UsageError
from ikbr.journal.reader import verify


@pytest.mark.parametrize("name", ["json", "report", "journal"])
def test_a_file_that_cannot_be_written_is_refused_before_the_run(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, why in (
        (tmp_path / "none" / "x", "does not exist"),
        (tmp_path / "file" / "x", "is not a folder"),
        (tmp_path, "is a folder"),
    ):
        with pytest.raises(UsageError, match=f"^{name} .*{why}"):
            Outputs(**{name: path}).check()
    Outputs(**{name: tmp_path / "x"}).check()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize("name", ["json", "report"])
def test_a_device_is_refused_because_the_finished_file_would_take_its_place(
    name: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path(os.devnull), tmp_path / "pipe"):
        with pytest.raises(UsageError, match="is a device, not a file"):
            Outputs(**{name: path}).check()


@pytest.mark.parametrize("name", ["report", "journal"])
def test_only_the_json_goes_to_stdout(name: str) -> None:
    with pytest.raises(UsageError, match="only the json goes to stdout"):
        Outputs(**{name: Path("-")}).check()


LONG = "x" * 250
"""A name that the folder takes, but not with what a temporary file adds."""


def test_a_json_that_cannot_be_written_is_a_sentence_and_leaves_no_report(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match=r"^json .* cannot be written"):
        Outputs(json=tmp_path / LONG, report=tmp_path / "r.html").write(make_result())
    assert list(tmp_path.iterdir()) == []


def test_without_its_report_no_json_is_left(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^report .* cannot be written"):
        Outputs(json=tmp_path / "j.json", report=tmp_path / LONG).write(make_result())
    assert list(tmp_path.iterdir()) == []
    Outputs(json=tmp_path / "j.json", report=tmp_path / "r.html").write(make_result())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["j.json", "r.html"]


def test_a_journal_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    outputs = Outputs(journal=tmp_path / LONG)
    with (
        pytest.raises(UsageError, match=r"^journal .* cannot be written"),
        outputs.open_journal({}),
    ):
        pass


def test_a_journal_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "j").touch()
    with pytest.raises(UsageError, match="is never overwritten"):
        Outputs(journal=tmp_path / "j").check()


def test_two_outputs_in_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="json and report are both"):
        Outputs(json=tmp_path / "x", report=tmp_path / "x").check()


def test_the_journal_appears_when_the_run_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Outputs(journal=path).open_journal({"data": "x"}) as journal:
        journal.append("mark", 1, ("SPY", 100))
        assert not path.exists()
    assert verify(path).closed


def test_after_a_failure_no_journal_is_left(tmp_path: Path) -> None:
    def fail() -> None:
        with Outputs(journal=tmp_path / "j").open_journal({}) as journal:
            journal.append("mark", 1, ("SPY", 100))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []
