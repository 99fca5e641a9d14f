"""What the file of a state bears, and what it refuses."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.gateway.rig import Client, a_world

from ikbr.domain.errors import StateError
from ikbr.domain.execution import ExecutionModel
from ikbr.gateway.state.file import NAME, StateFile
from ikbr.gateway.state.keeper import Keeper
from ikbr.gateway.state.records import Change, State


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[StateFile]:
    with contextlib.closing(StateFile(folder)) as file:
        yield file


def written(folder: Path, changes: int = 3) -> Path:
    """Write a state of some changes; give its file."""
    with opened(folder) as file:
        file.write(Change(1, 0, 1, 0, 0, {1: 5}))
        for n in range(2, changes + 1):
            file.add(Change(n, 0, 1, 0, 0, {1: 5 + n}))
    return folder / NAME


def read(folder: Path) -> list[int]:
    with opened(folder) as file:
        return [change.now_ns for change in file.read()]


def test_changes_come_back_in_their_order(tmp_path: Path) -> None:
    assert read(tmp_path / "new") == []
    written(tmp_path)
    assert read(tmp_path) == [1, 2, 3]


def test_a_line_that_was_not_finished_is_left_out_wherever_it_was_cut(tmp_path: Path) -> None:
    path = written(tmp_path)
    data = path.read_bytes()
    last = data[:-1].rindex(b"\n") + 1
    for cut in range(last, len(data)):
        path.write_bytes(data[:cut])
        assert read(tmp_path) == [1, 2]


@pytest.mark.parametrize("place", [0.2, 0.5, 0.7])
def test_a_byte_that_was_changed_is_found(tmp_path: Path, place: float) -> None:
    path = written(tmp_path)
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        StateError, match=r"gateway.state is damaged in line \d: .*restore the file"
    ):
        read(tmp_path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no gateway state"),
        (b"PK\x03\x04", "is no gateway state"),
        (b"ikbr gateway state 2\n", "is of another version"),
    ],
)
def test_a_foreign_file_is_refused_and_stays_as_it_is(
    tmp_path: Path, data: bytes, words: str
) -> None:
    (tmp_path / NAME).write_bytes(data)
    with pytest.raises(StateError, match=f"{words}; choose another folder"):
        read(tmp_path)
    assert (tmp_path / NAME).read_bytes() == data


def test_two_gateways_cannot_use_one_folder(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(StateError, match="is in use by another gateway"):
        StateFile(tmp_path)
    assert read(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StateError, match="cannot be used"):
        StateFile(tmp_path / "file")


def test_the_file_is_written_anew_before_it_grows_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ikbr.gateway.state.keeper.LARGEST", 20_000)
    with opened(tmp_path) as file:
        world = a_world()
        keeper = Keeper(world, file, State())
        world.step(2)
        client = Client(world)
        sizes = []
        for _ in range(60):
            client.place(orderType="LMT", lmtPrice=90.0)
            sizes.append(file.size)
        assert any(after < before for before, after in itertools.pairwise(sizes))
        keeper.close()
    state = State()
    with opened(tmp_path) as file:
        for change in file.read():
            state.apply(change)
    assert len(state.orders) == 60


def test_what_was_not_written_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: StateFile, _change: Change) -> None:
        raise StateError("the disk is full.")

    with opened(tmp_path) as file:
        world = a_world()
        world.step(2)
        Keeper(world, file, State())
        client = Client(world)
        monkeypatch.setattr(StateFile, "add", full)
        with pytest.raises(StateError, match="the disk is full"):
            client.place()


def test_a_market_with_orders_on_their_way_cannot_be_kept(tmp_path: Path) -> None:
    world = a_world(model=ExecutionModel(latency_ms=5))
    with opened(tmp_path) as file, pytest.raises(StateError, match="--latency-ms 5 do not go"):
        Keeper(world, file, State())
    assert not (tmp_path / NAME).exists()
