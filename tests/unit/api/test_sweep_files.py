from pathlib import Path

import pytest

from ikbr.api.sweep_files import results_folder, tape_folder
from ikbr.domain.errors import UsageError


def test_the_tape_is_gone_when_the_sweep_ends(tmp_path: Path) -> None:
    with tape_folder(tmp_path) as folder:
        (folder / "ts.bin").write_bytes(b"1")
    assert list(tmp_path.iterdir()) == []


def test_a_tape_that_a_killed_sweep_left_is_removed_and_one_in_use_is_not(tmp_path: Path) -> None:
    left = tmp_path / ".tape-left"
    left.mkdir()
    (left / "lock").touch()
    with tape_folder(tmp_path) as used, tape_folder(tmp_path) as own:
        assert not left.exists()
        assert used.exists()
        assert own != used


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"), tape_folder(tmp_path / "file"):
        pass


@pytest.mark.parametrize(
    ("name", "folder"),
    [("momentum", "momentum-01234567"), ("a+b", "a+b-01234567"), ("../x y", "x-y-01234567")],
)
def test_the_same_sweep_has_the_same_folder(name: str, folder: str) -> None:
    assert results_folder(None, name, "0123456789") == Path("sweeps", folder).absolute()


def test_a_folder_that_was_given_is_taken(tmp_path: Path) -> None:
    assert results_folder(tmp_path, "momentum", "0123456789") == tmp_path


def test_folders_made_for_the_tape_alone_are_gone_with_it(tmp_path: Path) -> None:
    with tape_folder(tmp_path / "new" / "one"):
        pass
    assert list(tmp_path.iterdir()) == []
    with tape_folder(tmp_path / "new" / "one"):
        (tmp_path / "new" / "results").touch()
    assert [one.name for one in (tmp_path / "new").iterdir()] == ["results"]
