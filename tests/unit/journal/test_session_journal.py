from __future__ import annotations

import errno
import os
import time

import pytest
from tests.unit.journal.session_rig import CLOSING, FOLDER, begin, intent, intents, kinds, update

from ikbr.domain.errors import JournalError, NotDurableError, UsageError
from ikbr.domain.events import Decision
from ikbr.domain.order import OrderRequest, Side
from ikbr.journal import segment_writer
from ikbr.journal.reader import read_header, read_records, verify
from ikbr.journal.segments import previous_of, segment_names
from ikbr.journal.session_opening import open_session
from ikbr.journal.session_reader import verify_session
from ikbr.journal.simulated_files import SimulatedFiles


def test_a_record_is_with_the_operating_system_when_append_returns(tmp_path) -> None:
    journal = open_session(tmp_path / "j", "2026-03-02", commit_s=0)
    before = os.path.getsize(tmp_path / "j" / journal.segment)
    intent(journal, 7)
    data = (tmp_path / "j" / journal.segment).read_bytes()
    assert b'"b":[7,"m",{"symbol":"SPY"' in data[before:]
    assert data.endswith(b"}\n")
    journal.close()


def test_one_append_is_one_write_and_no_sync() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    files.calls.clear()
    for order_id in range(1, 11):
        intent(journal, order_id)
    assert files.calls == {"write_at": 10}
    assert journal.lag(15).records == 10
    assert journal.lag(15).age_ns == 14
    assert journal.commit()
    assert files.calls["sync"] == 1
    assert journal.lag(99) == (0, 0, 0)
    assert journal.commit()
    assert files.calls["sync"] == 1  # nothing new, nothing to do


def test_the_thread_commits_by_itself_and_ends_with_the_journal(tmp_path) -> None:
    journal = open_session(tmp_path, "2026-03-02", commit_s=0.002)
    intent(journal, 1)
    until = time.monotonic() + 10
    while journal.lag(1).records and time.monotonic() < until:
        time.sleep(0.002)
    assert journal.lag(1).records == 0
    journal.close()
    journal.close()
    assert verify_session(str(tmp_path)).message == "sound: 1 records in 1 segments, closed."
    with pytest.raises(JournalError, match="is closed; nothing can be added"):
        intent(journal, 2)
    assert not journal.commit()


def test_before_send_syncs_each_intent_and_nothing_else() -> None:
    files = SimulatedFiles()
    journal = begin(files, before_send=True)
    files.calls.clear()
    intent(journal, 1)
    update(journal, 1)
    intent(journal, 2)
    assert files.calls["sync"] == 2
    assert journal.lag(2).records == 0


def test_segments_follow_each_other_and_each_is_a_journal_of_its_own(tmp_path) -> None:
    with open_session(tmp_path, "2026-03-02", meta={"run": 1}) as journal:
        intent(journal, 1)
        journal.rotate("2026-03-03")
        intent(journal, 2)
    with open_session(tmp_path, "2026-03-03") as journal:
        intent(journal, 3)
        assert journal.repair is None
    names = segment_names(str(tmp_path))
    assert names == ["000001-2026-03-02.journal", "000002-2026-03-03.journal",
                     "000003-2026-03-03.journal"]  # fmt: skip
    assert [verify(tmp_path / name).closed for name in names] == [True] * 3
    headers = [read_header(tmp_path / name) for name in names]
    assert headers[0].meta["meta"] == {"run": 1}
    before = [previous_of(header) for header in headers]
    assert [b.name for b in before if b] == ["", *names[:2]]
    assert verify_session(str(tmp_path)).message == "sound: 3 records in 3 segments, closed."
    assert [record.body[0] for record in read_records(tmp_path)] == [1, 2, 3]


def test_two_sessions_never_share_a_folder(tmp_path) -> None:
    journal = open_session(tmp_path, "2026-03-02")
    with pytest.raises(JournalError, match="is in use by another process"):
        open_session(tmp_path, "2026-03-02")
    journal.close()
    open_session(tmp_path, "2026-03-02").close()


@pytest.mark.parametrize("label", ["", "a/b", "../x", ".hidden", "é", "a" * 65, "a\n"])
def test_a_label_has_to_make_a_file_name(tmp_path, label) -> None:
    with pytest.raises(UsageError, match="makes no file name"):
        open_session(tmp_path / "j", label)
    assert not (tmp_path / "j").exists()


def test_a_folder_that_cannot_be_used_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(JournalError, match="file cannot be used: "):
        open_session(tmp_path / "file", "2026-03-02")


def test_a_rehearsed_record_changes_nothing(tmp_path) -> None:
    journal = open_session(tmp_path, "2026-03-02", commit_s=0)
    intent(journal, 1)
    path = tmp_path / journal.segment
    before, lag = path.read_bytes(), journal.lag(9)
    journal.rehearse("intent", 2, (2, "m", CLOSING, 0))
    assert (path.read_bytes(), journal.lag(9)) == (before, lag)
    intent(journal, 3)
    journal.close()
    journal.rehearse("intent", 4, (4, "m", CLOSING, 0))
    assert verify_session(str(tmp_path)).message == "sound: 2 records in 1 segments, closed."


def test_a_disk_that_refuses_a_rehearsal_is_no_news() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    files.failures["write_at"] = [errno.EIO]
    journal.rehearse("intent", 2, (2, "m", CLOSING, 0))
    assert journal.durable
    intent(journal, 1)
    journal.close()
    assert kinds(files) == ["intent"]


DECISION = Decision(2, "m", "SPY", "BUY", 99.5, "why", 10)


def test_a_decision_is_written_together_with_its_intent() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    files.calls.clear()
    journal.append("decision", 2, DECISION)
    assert files.calls == {}
    intent(journal, 1)
    assert files.calls == {"write_at": 1}
    files.kill()
    assert kinds(files) == ["decision", "intent"]


def test_a_decision_that_nothing_follows_is_written_by_the_next_commit_or_the_end() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    journal.append("decision", 2, DECISION)
    assert journal.lag(3).records == 1
    assert journal.commit()
    assert kinds(files) == ["decision"]
    journal.append("decision", 4, DECISION)
    journal.close()
    assert kinds(files) == ["decision", "decision"]
    assert verify_session(FOLDER, files).closed


def test_a_decision_says_nothing_about_a_disk_that_refuses() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    files.failures["write_at"] = [errno.ENOSPC] * 3
    update(journal, 1)
    journal.append("decision", 2, DECISION)
    assert not journal.durable
    with pytest.raises(NotDurableError):
        intent(journal, 1)
    intent(journal, 2, CLOSING)
    journal.close()
    assert kinds(files) == ["update", "decision", "intent"]


def test_a_full_disk_refuses_what_opens_and_takes_what_closes() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    intent(journal, 1)
    files.failures["write_at"] = [errno.ENOSPC] * 6
    with pytest.raises(NotDurableError, match=r"a write failed \(No space left on device\); no"):
        intent(journal, 2)
    assert not journal.durable
    intent(journal, 3, CLOSING)
    intent(journal, 4, OrderRequest("SPY", Side.SELL, 10), parent_id=1)
    update(journal, 1)
    journal.append("cancel", 1, 1)
    assert (journal.lag(9).records, journal.lost) == (5, 0)
    with pytest.raises(NotDurableError):
        intent(journal, 5)
    intent(journal, 6)  # there is room again: what waited goes first
    assert journal.durable
    journal.close()
    assert intents(files) == [1, 3, 4, 6]
    assert kinds(files)[1:-1] == ["intent", "intent", "update", "cancel"]
    assert verify_session(FOLDER, files).closed


def test_a_commit_writes_what_waited_without_another_record() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    files.failures["write_at"] = [errno.ENOSPC, errno.ENOSPC]
    update(journal, 1)
    assert not journal.commit()
    assert "a write failed" in journal.failure
    assert journal.commit()
    assert journal.failure == ""
    files.kill()
    assert kinds(files) == ["update"]


def test_a_write_that_was_taken_in_part_is_gone_over() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    intent(journal, 1)
    files._of(journal._segment.handle).reserved = 0
    files.capacity = sum(f.space for f in files._files.values()) + 40
    with pytest.raises(NotDurableError):
        intent(journal, 2)
    files.capacity = 1 << 30
    update(journal, 1)
    journal.close()
    assert kinds(files) == ["intent", "update"]
    assert verify_session(FOLDER, files).closed


def test_a_disk_that_fills_is_noticed_while_records_still_fit() -> None:
    files = SimulatedFiles(capacity=3 * segment_writer.RESERVE // 2)
    journal = begin(files)
    assert journal.commit()
    order_id = 0
    with pytest.raises(NotDurableError, match="the disk is nearly full"):  # noqa: PT012
        while order_id < 20_000:
            order_id += 1
            intent(journal, order_id)
            if order_id % 100 == 0:
                journal.commit()
    calls = files.calls["write_at"]
    for _ in range(1_000):
        update(journal, 1)
    assert files.calls["write_at"] >= calls + 1_000
    assert "a write failed" not in journal.failure
    files.capacity *= 4
    assert journal.commit()
    intent(journal, 99_999)


def test_a_failed_sync_is_never_forgiven() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    intent(journal, 1)
    files.failures["sync"] = [errno.EIO]
    assert not journal.commit()
    assert not journal.commit()
    with pytest.raises(NotDurableError, match="a sync failed, and what it covered may be lost"):
        intent(journal, 2)
    intent(journal, 3, CLOSING)
    update(journal, 1)
    files.kill()
    assert intents(files) == [1, 3]
    begin(files, "next").close()


def test_an_intent_that_was_not_synced_before_its_order_is_recorded_as_never_sent() -> None:
    files = SimulatedFiles()
    journal = begin(files, before_send=True)
    files.failures["sync"] = [errno.EIO]
    with pytest.raises(NotDurableError):
        intent(journal, 1)
    intent(journal, 2, CLOSING)
    files.kill()
    assert kinds(files) == ["intent", "update", "intent"]


def test_a_disk_that_falls_too_far_behind_refuses_what_opens() -> None:
    files = SimulatedFiles()
    journal = begin(files, max_lag_s=1.0)
    second = 1_000_000_000
    for ts_ns in (second, 2 * second):
        journal.append("intent", ts_ns, (1, "m", CLOSING, 0))
    opening = (2, "m", OrderRequest("SPY", Side.BUY, 1), 0)
    with pytest.raises(NotDurableError, match=r"the disk is 1\.5 s behind"):
        journal.append("intent", 2 * second + second // 2, opening)
    journal.commit()
    journal.append("intent", 9 * second, opening)


def test_an_anchor_that_cannot_be_written_counts_as_not_durable() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    intent(journal, 1)
    files.failures["write_at"] = [errno.EIO]
    assert not journal.commit()
    assert "the anchor cannot be written" in journal.failure
    assert journal.commit()
    assert journal.durable


def test_memory_for_what_waits_is_limited(monkeypatch) -> None:
    monkeypatch.setattr(segment_writer, "BACKLOG_LIMIT", 1_000)
    files = SimulatedFiles()
    journal = begin(files)
    files.failures["write_at"] = [errno.ENOSPC] * 100
    for _ in range(100):
        update(journal, 1)
    assert 0 < journal.lost < 100
    kept = 100 - journal.lost
    with pytest.raises(NotDurableError, match="records were lost"):
        intent(journal, 2)
    update(journal, 1)
    journal.close()
    assert kinds(files) == ["update"] * (kept + 1)


def test_a_body_that_cannot_be_encoded_changes_nothing() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    with pytest.raises(JournalError, match=r"record 0 \(wire\) cannot be written"):
        journal.append("wire", 1, object())
    update(journal, 1)
    journal.close()
    assert kinds(files) == ["update"]


def test_a_rotation_that_the_disk_refuses_leaves_the_old_segment_open() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    intent(journal, 1)
    for call in ("create", "reserve"):
        files.failures[call] = [errno.ENOSPC]
        with pytest.raises(JournalError, match="cannot be rotated: No space left"):
            journal.rotate("next")
    intent(journal, 2)
    journal.rotate("next")
    intent(journal, 3)
    journal.close()
    assert intents(files) == [1, 2, 3]
    assert verify_session(FOLDER, files).segments == 2


def test_many_records_are_sealed_block_by_block() -> None:
    files = SimulatedFiles()
    journal = begin(files)
    for _ in range(2 * segment_writer.BLOCK + 5):
        update(journal, 1)
    journal.commit()
    verdict = verify_session(FOLDER, files)
    assert (verdict.records, verdict.unsealed) == (2 * segment_writer.BLOCK, 5)
