"""Journals: changed content is never accepted, whatever the bytes; a torn tail is mended once."""

from __future__ import annotations

from functools import cache

from tests.fuzz.allowed import accepted
from tests.unit.journal.session_rig import FOLDER, begin, intent, update
from tests.unit.journal.test_journal import EVERY_KIND, memory

from ikbr.journal.reader import verify
from ikbr.journal.session_reader import read_session, verify_session
from ikbr.journal.simulated_files import SimulatedFiles
from ikbr.journal.writer import to_bytes


@cache
def whole() -> bytes:
    """Write a journal of one file."""
    return to_bytes(memory(EVERY_KIND))


def _session() -> SimulatedFiles:
    files = SimulatedFiles()
    journal = begin(files)
    for order_id in range(1, 4):
        intent(journal, order_id)
        update(journal, order_id)
    journal.close()
    return files


def changed(data: bytes, original: bytes) -> bytes:
    """Change bytes as the input says: a place, how much of it to cut, and what to put there."""
    if len(data) < 4:
        return original[: -len(data) or None]
    at = int.from_bytes(data[:2], "big") % (len(original) + 1)
    cut = int.from_bytes(data[2:3], "big")
    return original[:at] + data[3:] + original[at + cut :]


def feed(data: bytes) -> None:
    """Take it as a journal, as a change of a journal, and as a change of a live one."""
    assert verify(data).message
    other = changed(data, whole())
    verdict = verify(other)
    assert verdict.message
    if other != whole() and not verdict.tampered:
        # What is sealed was written so; what is not sealed is told to be so.
        assert not verdict.closed
        sealed = other[: other.rfind(b'{"seal":')] if verdict.records else b""
        assert whole().startswith(sealed), "a changed journal was accepted"
    _live(data)


def _live(data: bytes) -> None:
    files = _session()
    names = sorted(name for name in files.names(FOLDER))
    path = f"{FOLDER}/{names[len(data) % len(names)]}"
    before, known = files.read(path), [record for _, record in read_session(FOLDER, files)]
    after = changed(data, before)
    _put(files, path, after)
    verdict = verify_session(FOLDER, files)
    assert verdict.message
    kept = accepted(lambda: [record for _, record in read_session(FOLDER, files)])
    if kept is not None:
        assert kept == known[: len(kept)], "a changed record was read"
    if not verdict.tampered and after != before:
        assert kept is not None
        assert kept == known[: len(kept)]
    journal = accepted(lambda: begin(files))
    if journal is not None:
        journal.close()
        again = [record for _, record in read_session(FOLDER, files)]
        assert [r for r in again if r in known] == known[: len([r for r in again if r in known])]


def _put(files: SimulatedFiles, path: str, data: bytes) -> None:
    handle = files.open(path)
    files.truncate(handle, 0)
    files.write_at(handle, data, 0)
    files.sync(handle)
    files.close(handle)


def seeds() -> list[bytes]:
    """Give a whole journal, and small changes."""
    return [whole()[:600], b"\x00\x50\x01x", b"\x01\x00\x00\n", b"\x00\x00\xff", b"ab"]
