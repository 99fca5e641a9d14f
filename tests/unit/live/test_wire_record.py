"""The journal gets what went over the wire, and never at the cost of what must be kept."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from pathlib import Path

from ikbr.broker.client import Client
from ikbr.broker.wire_log import WireLog
from ikbr.domain.events import Alert
from ikbr.journal.reader import read_records
from ikbr.journal.session_journal import SessionJournal
from ikbr.journal.session_opening import open_session
from ikbr.journal.simulated_files import SimulatedFiles
from ikbr.live import wire_record
from ikbr.live.wire_record import WireRecord

Scene = Callable[[WireRecord, WireLog], Awaitable[None]]


def played(journal: SessionJournal, scene: Scene) -> None:
    async def run() -> None:
        client = Client().client
        record = WireRecord(client, journal, lambda: 7)
        assert client.log is not None
        await scene(record, client.log)
        assert client.log is None
        journal.close()

    asyncio.run(run())


def test_messages_are_written_by_and_by_and_the_rest_at_the_end(tmp_path: Path) -> None:
    journal = open_session(tmp_path, "day", commit_s=0)

    async def scene(record: WireRecord, log: WireLog) -> None:
        for order_id in range(250):
            log.on_sent(f"3\0{order_id}\0SPY\0")
        before = journal.lag(1).records
        while journal.lag(1).records == before:
            await asyncio.sleep(0.01)
        assert (journal.lag(1).records - before) % wire_record.MOST == 0
        log.on_heard([b"3", b"4", b"Filled"])
        record.close()

    played(journal, scene)
    kept = [record for record in read_records(tmp_path) if record.kind in ("wire", "callback")]
    assert [r.body.order_id for r in kept] == [*range(250), 4]
    assert (kept[0].body.name, kept[0].body.fields) == ("placeOrder", {"fields": ["0", "SPY"]})
    assert (kept[-1].kind, kept[-1].ts_ns) == ("callback", 7)


def test_what_every_list_tells_again_is_kept_once_and_a_status_each_time(tmp_path: Path) -> None:
    journal = open_session(tmp_path, "day", commit_s=0)

    async def scene(record: WireRecord, log: WireLog) -> None:
        for request in (b"-1", b"7", b"8"):
            log.on_heard([b"11", request, b"4", b"SPY", b"0001.01"])
            log.on_heard([b"59", b"1", b"0001.01", b"1.0"])
            log.on_heard([b"3", b"4", b"Filled"])
        log.on_heard([b"11", b"-1", b"4", b"SPY", b"0001.02"])
        record.close()

    played(journal, scene)
    kept = [record.body.name for record in read_records(tmp_path) if record.kind == "callback"]
    assert kept == [
        "execDetails", "commissionReport", "orderStatus", "orderStatus", "orderStatus",
        "execDetails",
    ]  # fmt: skip


def test_what_had_no_room_is_told(tmp_path: Path) -> None:
    journal = open_session(tmp_path, "day", commit_s=0)

    async def scene(record: WireRecord, log: WireLog) -> None:
        log.dropped = 3
        log.on_sent("58\0001\0")
        record.close()

    played(journal, scene)
    kept = [record.body for record in read_records(tmp_path) if record.kind == "wire"]
    assert [(one.name, one.fields.get("messages")) for one in kept] == [
        ("lost", 3),
        ("reqGlobalCancel", None),
    ]


def test_while_the_disk_refuses_the_room_is_left_to_what_must_be_kept() -> None:
    files = SimulatedFiles()
    journal = open_session("/j", "day", commit_s=0, files=files)

    async def scene(record: WireRecord, log: WireLog) -> None:
        files.failures["write_at"] = [errno.ENOSPC]
        journal.append("alert", 1, Alert(1, "info", "test", "words"))
        assert not journal.durable
        log.on_sent("3\x001\x00")
        before = journal.lag(1).records
        while not log.dropped:
            await asyncio.sleep(0.01)
        assert journal.lag(1).records == before
        assert journal.commit()
        record.close()

    played(journal, scene)
