"""Backups of real journals: whole, checked, and put back only where nothing is."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from ikbr.cli.main import execute
from ikbr.domain.errors import StateError
from ikbr.domain.session_events import KILL, OperatorAction
from ikbr.journal.session_journal import SessionJournal
from ikbr.journal.session_opening import open_session
from ikbr.journal.session_reader import verify_session
from ikbr.live.latch import Killed, KillLatch
from ikbr.ops.deploy.backup import back_up
from ikbr.ops.deploy.restore import restore

NAME = "paper-DU1000001-1"


def begin(folder: Path, records: int = 5) -> SessionJournal:
    journal = open_session(folder / "journals" / NAME, "2026-03-02", meta={"mode": "paper"})
    for number in range(records):
        journal.append("operator", number, OperatorAction(KILL, "test", str(number), {}))
    return journal


@pytest.fixture
def place(tmp_path: Path) -> Path:
    begin(tmp_path).close()
    locks = tmp_path / "journals" / "locks"
    locks.mkdir()
    (locks / "client-127.0.0.1-4002-1.lock").write_text("process 1")
    KillLatch(locks / "client-127.0.0.1-4002-1.killed.json").set(Killed(1, "test", "a drill"))
    catalog = tmp_path / "catalog" / "SPY"
    catalog.mkdir(parents=True)
    (catalog / "2026-03-02.parquet").write_bytes(bytes(range(256)) * 100)
    return tmp_path


def made(place: Path, name: str = "ikbr.tar.gz") -> Path:
    archive = place / name
    back_up(place / "journals", place / "catalog", archive, "0.1.0")
    return archive


def test_what_was_backed_up_comes_back_byte_for_byte_and_verifies(
    place: Path, tmp_path: Path
) -> None:
    archive = made(place)
    other = tmp_path / "other"
    other.mkdir()
    manifest = restore(archive, other / "journals", other / "catalog")
    assert archive.stat().st_mode & 0o077 == 0
    assert manifest.journals[NAME].startswith("sound")
    for path in (place / "journals" / NAME).iterdir():
        assert (other / "journals" / NAME / path.name).read_bytes() == path.read_bytes()
    assert verify_session(str(other / "journals" / NAME)).closed
    assert (other / "catalog" / "SPY" / "2026-03-02.parquet").stat().st_size == 25600
    # Who was stopped stays stopped; locks belong to processes that are not there.
    assert KillLatch(other / "journals/locks/client-127.0.0.1-4002-1.killed.json").read()
    assert not list((other / "journals").rglob("*.lock"))


def test_a_journal_that_is_being_written_can_be_backed_up(tmp_path: Path) -> None:
    journal = begin(tmp_path)
    try:
        archive = made(tmp_path)
    finally:
        journal.close()
    other = tmp_path / "other"
    other.mkdir()
    manifest = restore(archive, other / "journals", other / "catalog")
    assert manifest.journals[NAME].startswith("not closed: ")
    assert not verify_session(str(other / "journals" / NAME)).tampered


def segment_of(place: Path) -> Path:
    return next(p for p in (place / "journals" / NAME).iterdir() if p.name != "HEAD")


def test_a_journal_that_was_changed_is_not_backed_up(place: Path) -> None:
    segment = segment_of(place)
    segment.write_bytes(segment.read_bytes().replace(b"test", b"best", 1))
    with pytest.raises(StateError, match="was changed"):
        made(place)
    assert not list(place.glob("*.tar.gz*")) + list(place.glob(".ikbr*"))


def repacked(archive: Path, target: Path, name: str, content: bytes | None) -> Path:
    """Pack an archive anew with one file other than it was, or without it."""
    with tarfile.open(archive) as old, tarfile.open(target, "w:gz") as new:
        for member in old.getmembers():
            file = old.extractfile(member)
            assert file is not None
            data = file.read()
            if member.name.endswith(name):
                if content is None:
                    continue
                data = content
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return target


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("2026-03-02.parquet", b"other", "2026-03-02.parquet is not what was backed up"),
        ("2026-03-02.parquet", None, "2026-03-02.parquet is not what was backed up"),
        ("HEAD", b"x", "HEAD is not what was backed up"),
        ("MANIFEST.json", None, "has no MANIFEST.json"),
        ("MANIFEST.json", b"{}", "has no MANIFEST.json"),
    ],
)
def test_a_damaged_archive_restores_nothing(
    place: Path, name: str, content: bytes | None, words: str
) -> None:
    damaged = repacked(made(place), place / "damaged.tar.gz", name, content)
    other = place / "other"
    other.mkdir()
    with pytest.raises(StateError, match=words):
        restore(damaged, other / "journals", other / "catalog")
    assert list(other.iterdir()) == []


@pytest.mark.parametrize("cut", [10, 1000])
def test_an_archive_that_was_cut_off_restores_nothing(place: Path, cut: int) -> None:
    archive = made(place)
    archive.write_bytes(archive.read_bytes()[:cut])
    other = place / "other"
    other.mkdir()
    with pytest.raises(StateError, match="damaged"):
        restore(archive, other / "journals", other / "catalog")
    assert list(other.iterdir()) == []


def test_an_archive_cannot_write_outside(tmp_path: Path) -> None:
    archive = tmp_path / "evil.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        info = tarfile.TarInfo("../../evil")
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    with pytest.raises(StateError):
        restore(archive, inner / "journals", inner / "catalog")
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "a" / "evil").exists()


def test_nothing_is_restored_over_what_is_there(place: Path) -> None:
    archive = made(place)
    before = segment_of(place).read_bytes()
    with pytest.raises(StateError, match="move it away first"):
        restore(archive, place / "journals", place / "catalog")
    assert segment_of(place).read_bytes() == before


def test_an_archive_is_not_written_over(place: Path) -> None:
    archive = made(place)
    with pytest.raises(StateError, match="is there already"):
        made(place)
    assert archive.exists()


def test_the_commands_back_up_and_restore_by_the_settings(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    assert execute(["deploy", "backup", "a.tar.gz"]) == 0
    assert execute(["deploy", "restore", "a.tar.gz"]) == 2
    (place / "journals").rename(place / "old")
    (place / "catalog").rename(place / "older")
    assert execute(["deploy", "restore", "a.tar.gz"]) == 0
    assert execute(["journal", "verify", f"journals/{NAME}"]) == 0
    assert "sound" in capsys.readouterr().out
