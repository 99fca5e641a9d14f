"""Files that are no UTF-8: whoever reads one says so, or does without it."""

from __future__ import annotations

import datetime as dt
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ikbr.backtest.optimise.store import Identity, Store, read_outcomes
from ikbr.broker.client_lock import last_holder
from ikbr.data import calendars
from ikbr.data.calendars import sessions
from ikbr.data.catalog_meta import read_actions, read_card
from ikbr.data.factor_files import parse_factor_file
from ikbr.domain.errors import IkbrError
from ikbr.live.latch import KillLatch
from ikbr.live.session_record import read_notes, read_record
from ikbr.ops.dashboard.bars import SessionBars
from ikbr.ops.dashboard.passwords import read_passwords
from ikbr.ops.deploy.backup import MANIFEST
from ikbr.ops.deploy.restore import restore
from ikbr.strategies.instances import load_instance

BAD = b"\xff\xfe"


class Reader(NamedTuple):
    """Name a reader, the file that it reads, bytes that stand in it, and what it says of them."""

    read: Callable[[Path], Any]
    file: str
    content: bytes
    says: str


def store(folder: Path) -> Any:
    with Store(folder, Identity("s", "d", "x", "g", "p", "v")) as kept:
        return kept


def restored(folder: Path) -> Any:
    archive = folder / "it.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder / MANIFEST, MANIFEST)
    return restore(archive, folder / "journals", folder / "catalog")


def factors(folder: Path) -> Any:
    return parse_factor_file(folder / "aapl.csv", "AAPL", "America/New_York", lambda *_days: ())


READERS = [
    Reader(store, "sweep.json", b'{"strategy":"%b"}', "is no header of a sweep"),
    Reader(lambda f: read_outcomes(f / "o"), "o", b'{"error":"%b"}\n', "line 1 of .* is damaged"),
    Reader(restored, MANIFEST, b'{"version":"%b"}', "is no archive of ikbr"),
    Reader(lambda f: read_passwords(f / "p"), "p", b'{"%b":{}}', "password file .* is damaged"),
    Reader(SessionBars, "tape/session.json", b'{"instruments":[{"symbol":"%b"}]}', "not recorded"),
    Reader(read_card, "instrument.json", b'{"source":"%b"}', "is broken"),
    Reader(read_actions, "actions.json", b'[{"symbol":"%b"}]', "is broken"),
    Reader(read_record, "session.json", b'{"mode":"%b"}', "is damaged or no record of a session"),
    Reader(read_notes, "notes.jsonl", b'{"type":"Gap","why":"%b"}\n', "line 1 is damaged"),
    Reader(lambda f: load_instance(f / "a.toml"), "a.toml", b"name = '%b'", "cannot be read"),
    Reader(factors, "aapl.csv", b"20250102,1,1,%b\n", "cannot be read"),
]
"""Those that cannot do without what they read."""


def written(folder: Path, one: Reader) -> Path:
    place = folder / one.file
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(one.content % BAD)
    return folder


@pytest.mark.parametrize("one", READERS, ids=lambda one: one.file)
def test_what_is_no_utf_8_is_refused_in_words(tmp_path: Path, one: Reader) -> None:
    written(tmp_path, one)
    with pytest.raises(IkbrError, match=one.says):
        one.read(tmp_path)


def test_a_kept_calendar_that_is_no_utf_8_is_made_again(tmp_path: Path) -> None:
    day = dt.date(2026, 3, 2)
    known = sessions("NYSE", day, day, tmp_path)
    [kept] = (tmp_path / ".calendars").iterdir()
    kept.write_bytes(b'[{"date":"%b"}]' % BAD)
    calendars._year.cache_clear()
    assert sessions("NYSE", day, day, tmp_path) == known


def test_a_latch_that_is_no_utf_8_counts_as_set(tmp_path: Path) -> None:
    path = tmp_path / "killed.json"
    path.write_bytes(b'{"source":"%b"}' % BAD)
    killed = KillLatch(path).read()
    assert killed is not None
    assert "is damaged" in killed.reason


def test_a_lock_that_is_no_utf_8_names_nobody(tmp_path: Path) -> None:
    path = tmp_path / "it.lock"
    path.write_bytes(b"process %b\n" % BAD)
    assert last_holder(path) == 0
