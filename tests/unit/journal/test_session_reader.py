from __future__ import annotations

import random

import pytest
from tests.unit.journal.session_rig import CLOSING, FOLDER, begin, intent, update

from ikbr.domain.errors import UsageError
from ikbr.journal.anchor import HEAD
from ikbr.journal.session_reader import SessionVerdict, verify_session
from ikbr.journal.simulated_files import SimulatedFiles

Contents = dict[str, bytes]


def whole() -> Contents:
    """Two closed sessions, the first of two segments."""
    files = SimulatedFiles()
    with begin(files) as journal:
        intent(journal, 1)
        update(journal, 1)
        journal.rotate("b")
        intent(journal, 2, CLOSING)
    with begin(files, "c") as journal:
        update(journal, 2)
        update(journal, 1)
    return {name: files.read(f"{FOLDER}/{name}") for name in files.names(FOLDER)}


def judge(contents: Contents) -> SessionVerdict:
    files = SimulatedFiles()
    for name, data in contents.items():
        files.write_at(files.create(f"{FOLDER}/{name}"), data, 0)
    return verify_session(FOLDER, files)


def test_two_sessions_that_ended_are_sound() -> None:
    assert judge(whole()).message == "sound: 5 records in 3 segments, closed."


def test_every_changed_byte_of_every_file_is_detected() -> None:
    contents, rng = whole(), random.Random(3)
    for name, data in contents.items():
        for at in range(len(data)):
            changed = bytearray(data)
            changed[at] ^= 1 << rng.randrange(8)
            assert judge({**contents, name: bytes(changed)}).tampered, (name, at)


def test_every_cut_of_every_file_is_detected() -> None:
    contents = whole()
    for name, data in contents.items():
        for at in range(len(data)):
            assert judge({**contents, name: data[:at]}).tampered, (name, at)


def test_lines_deleted_doubled_or_exchanged_are_detected() -> None:
    contents = whole()
    for name, data in contents.items():
        lines = data.splitlines(keepends=True)
        for i in range(len(lines)):
            for j in range(len(lines)):
                swapped = list(lines)
                swapped[i], swapped[j] = swapped[j], swapped[i]
                edits = [swapped] if i < j else []
                if i == j:
                    edits = [lines[:i] + lines[i + 1 :], lines[: i + 1] + lines[i:]]
                for edited in edits:
                    assert judge({**contents, name: b"".join(edited)}).tampered, (name, i, j)


def test_files_deleted_exchanged_or_put_back_from_earlier_are_detected() -> None:
    contents = whole()
    names = sorted(contents)
    for name in names:
        assert judge({n: d for n, d in contents.items() if n != name}).tampered, name
        for other in names:
            if name < other:
                exchanged = {**contents, name: contents[other], other: contents[name]}
                assert judge(exchanged).tampered, (name, other)
    files = SimulatedFiles()
    with begin(files) as journal:
        intent(journal, 1)
    earlier = files.read(f"{FOLDER}/{HEAD}")
    with begin(files, "later") as journal:
        intent(journal, 2)
    now = {name: files.read(f"{FOLDER}/{name}") for name in files.names(FOLDER)}
    shorter = {n: d for n, d in now.items() if "later" not in n}
    assert judge(shorter).tampered
    # Who puts back all files at once has a journal that was sound then: keep the hash elsewhere.
    assert not judge({**shorter, HEAD: earlier}).tampered


def test_a_folder_without_segments_is_no_journal() -> None:
    with pytest.raises(UsageError, match="folder /journal holds no journal"):
        verify_session(FOLDER, SimulatedFiles())
