"""The journal explorer reads journals of live sessions, also while they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from dash_rig import people, served

from ikbr.domain.errors import UsageError
from ikbr.domain.events import Alert
from ikbr.journal.session_journal import SessionJournal
from ikbr.journal.session_opening import open_session
from ikbr.ops.dashboard.journals import MOST, Journals

NAME = "paper-DU1-7"


def written(folder: Path, count: int) -> SessionJournal:
    journal = open_session(folder / NAME, "2026-03-02", meta={})
    for number in range(count):
        journal.append(
            "alert", 1_000 + number, Alert(1_000 + number, "info", "test", f"no {number}")
        )
    journal.append("split", 5_000, ("SPY", 2, 1))
    journal.commit()
    return journal


def test_a_journal_is_read_while_the_bot_writes(tmp_path: Path) -> None:
    journals = Journals(tmp_path)
    with written(tmp_path, 10) as journal:
        [summary] = journals.summaries()
        assert (summary.name, summary.account, summary.records) == (NAME, "DU1", 11)
        assert (summary.first_ns, summary.last_ns, summary.verified) == (1_000, 5_000, True)
        journal.append("alert", 6_000, Alert(6_000, "warning", "test", "later"))
        journal.commit()
        assert journals.summaries()[0].records == 12
        records, following = journals.page(NAME, after=0, limit=5, kind="", text="")
        assert ([one["seq"] for one in records], following) == ([1, 2, 3, 4, 5], 5)
        assert records[0]["data"]["message"] == "no 0"
        assert "message=no 0" in records[0]["summary"]
        records, following = journals.page(NAME, after=5, limit=MOST, kind="", text="")
        assert ([one["seq"] for one in records], following) == (list(range(6, 13)), None)


def test_records_are_found_by_kind_and_text_and_from_the_end(tmp_path: Path) -> None:
    journals = Journals(tmp_path)
    written(tmp_path, 30).close()

    def found(**asked: object) -> list[int]:
        wanted = {"after": 0, "limit": 100, "kind": "", "text": ""} | asked
        return [one["seq"] for one in journals.page(NAME, **wanted)[0]]  # type: ignore[arg-type]

    assert found(kind="split") == [31]
    assert found(text="NO 2") == [3, *range(21, 31)]
    assert found(after=-1, limit=2) == [30, 31]
    assert found(kind="fill") == []
    assert len(found(limit=-5)) == 1


def test_a_journal_that_was_changed_is_told(tmp_path: Path) -> None:
    written(tmp_path, 30).close()
    [segment] = sorted((tmp_path / NAME).glob("*.journal")) or sorted(
        one for one in (tmp_path / NAME).iterdir() if b"no 7" in one.read_bytes()
    )
    segment.write_bytes(segment.read_bytes().replace(b"no 7", b"no 8", 1))
    [summary] = Journals(tmp_path).summaries()
    assert summary.verified is False
    assert summary.message


@pytest.mark.parametrize("name", ["", "..", "../x", "locks", "paper-nobody-1", "/etc", "x" * 500])
def test_only_journals_of_the_folder_are_given(tmp_path: Path, name: str) -> None:
    written(tmp_path, 1).close()
    (tmp_path / "locks").mkdir()
    with pytest.raises(UsageError, match="there is no journal"):
        Journals(tmp_path).page(name, after=0, limit=1, kind="", text="")


def test_a_page_is_asked_for_in_whole_numbers(tmp_path: Path) -> None:
    written(tmp_path, 3).close()
    with served(tmp_path, passwords=people()) as dashboard:
        reader = dashboard.browser("bob")
        assert reader.ask("GET", "/api/journals")[1][0]["name"] == NAME
        status, told, _ = reader.ask("GET", f"/api/journals/{NAME}?limit=2")
        assert (status, len(told["records"]), told["next"]) == (200, 2, 2)
        assert reader.ask("GET", f"/api/journals/{NAME}?after=x")[0] == 400
        assert reader.ask("GET", "/api/journals/nobody")[0] == 409
        assert reader.ask("GET", "/api/journals/..%2f..%2fetc")[0] in (404, 409)


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert Journals(tmp_path / "nowhere").summaries() == []
