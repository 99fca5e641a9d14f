from __future__ import annotations

import random

import pytest
from tests.unit.journal.session_rig import FOLDER, begin, intent, intents, kinds, update

from ikbr.domain.errors import JournalError
from ikbr.journal.anchor import HEAD, SLOT
from ikbr.journal.session_reader import read_session, verify_session
from ikbr.journal.simulated_files import SimulatedFiles


def crashed(*, committed: int = 3, more: int = 2) -> tuple[SimulatedFiles, str]:
    files = SimulatedFiles()
    journal = begin(files)
    for order_id in range(1, committed + 1):
        intent(journal, order_id)
    journal.commit()
    for order_id in range(committed + 1, committed + more + 1):
        intent(journal, order_id)
    files.kill()
    return files, f"{FOLDER}/{journal.segment}"


def test_a_session_that_was_killed_is_closed_by_the_next_one() -> None:
    files, _ = crashed()
    assert verify_session(FOLDER, files).message == (
        "not closed: 5 records in 1 segments, 5 of them after the last seal."
    )
    journal = begin(files)
    assert journal.repair is not None
    assert journal.repair.cut_bytes == 0
    update(journal, 1)
    journal.close()
    assert kinds(files) == ["intent"] * 5 + ["repair", "update"]
    assert verify_session(FOLDER, files).message == "sound: 7 records in 2 segments, closed."


def test_wherever_the_end_is_torn_behind_the_anchor_all_before_it_stays() -> None:
    files, path = crashed()
    data = files.read(path)
    start = begin_of_unsynced(files, path)
    for cut in range(start, len(data)):
        files, path = crashed()
        del files._find(path).content[cut:]
        whole = data[:cut].count(b"\n") - 1
        torn = cut - data[:cut].rfind(b"\n") - 1
        assert intents(files) == list(range(1, whole + 1))
        assert verify_session(FOLDER, files).torn == torn
        journal = begin(files)
        assert journal.repair is not None
        assert journal.repair.cut_bytes == torn
        if torn:
            kept = files.read(f"{FOLDER}/{journal.repair.kept_in}")
            assert kept == data[cut - torn : cut]
        journal.close()
        assert intents(files) == list(range(1, whole + 1))
        assert verify_session(FOLDER, files).closed


def begin_of_unsynced(files: SimulatedFiles, path: str) -> int:
    return len(files._find(path).on_disk)


def test_every_changed_byte_behind_the_anchor_is_a_torn_end() -> None:
    files, path = crashed()
    data = files.read(path)
    rng = random.Random(5)
    for at in range(begin_of_unsynced(files, path), len(data)):
        files, path = crashed()
        files.flip(path, at, 1 << rng.randrange(8))
        verdict = verify_session(FOLDER, files)
        assert (verdict.tampered, verdict.closed) == (False, False)
        assert verdict.torn > 0
        begin(files).close()
        assert intents(files) == [1, 2, 3, 4][: 3 + (at > data.rindex(b"\n", 0, -1))]


def test_what_had_been_durable_and_is_missing_or_changed_opens_nothing() -> None:
    files, path = crashed()
    data, due = files.read(path), begin_of_unsynced(files, path)
    rng = random.Random(6)
    for at in range(due):
        for damage in ("cut", "flip"):
            files, path = crashed()
            if damage == "cut":
                del files._find(path).content[at:]
            else:
                files.flip(path, at, 1 << rng.randrange(8))
            before = files.read(path)
            assert verify_session(FOLDER, files).tampered, (at, damage, data[at - 9 : at + 9])
            with pytest.raises(JournalError, match="Nothing was opened"):
                begin(files)
            assert files.read(path) == before
            with pytest.raises(JournalError, match="was changed"):
                list(read_session(FOLDER, files))


HEADER = b'{"ikbr_journal":1,"meta":{"segment":3,"label":"2026-03-02"'


def test_a_segment_whose_header_is_not_whole_never_began() -> None:
    for length in range(60):
        files, path = crashed()
        begin(files).close()
        newest = path.replace("000001", "000003")
        handle = files.create(newest)
        files.write_at(handle, HEADER[:length], 0)
        files.kill()
        assert verify_session(FOLDER, files).tampered is False
        journal = begin(files)
        assert journal.segment.startswith("000003")
        assert journal.repair is not None
        assert journal.repair.cut_bytes == min(length, 58)
        journal.close()
        assert verify_session(FOLDER, files).closed


def test_an_anchor_slot_that_was_torn_leaves_the_other_one() -> None:
    for at in range(2 * SLOT):
        files, _ = crashed()
        files.flip(f"{FOLDER}/{HEAD}", at, 1)
        assert not verify_session(FOLDER, files).tampered
        begin(files).close()
        assert intents(files) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("seed", range(200))
def test_after_a_loss_of_power_all_that_was_committed_is_there(seed) -> None:
    rng = random.Random(seed)
    files = SimulatedFiles()
    durable: set[int] = set()
    appended: list[int] = []
    for session in range(3):
        journal = begin(files, f"s{session}")
        for _ in range(rng.randrange(12)):
            order_id = len(appended) + 1
            intent(journal, order_id)
            appended.append(order_id)
            if rng.random() < 0.4:
                assert journal.commit()
                durable = set(appended)
        files.lose_power(rng.randrange)
        found = intents(files)
        assert found == appended[: len(found)]
        assert durable <= set(found)
        appended = found
    begin(files, "end").close()
    assert intents(files) == appended


def test_a_disk_that_lies_about_syncs_is_found_out() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    intent(journal, 1)
    files.lies = True
    for order_id in range(2, 30):
        intent(journal, order_id)
        journal.commit()
    draws = iter([0] * 2_000)  # all of the journal is lost; the anchor is kept
    files.sync(journal._head)
    files._of(journal._head).on_disk = bytes(files._of(journal._head).content)
    files.lose_power(lambda _: next(draws))
    verdict = verify_session(FOLDER, files)
    assert verdict.tampered
    assert "before the end that the anchor knows" in verdict.message
