"""The tape of a session in its file: whole, torn, damaged, and on a disk that refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ikbr.data.session_tape import FLUSH_NS, FLUSH_ROWS, MAGIC, SessionTape, TapeWriter
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import DataError
from ikbr.domain.tape import NO_PRICE, Kind

SPY, KO = parse_contract("SPY"), parse_contract("KO")
Row = tuple[int, int, int, int, int, int, int, int, int]


def row(number: int, ts: int | None = None) -> Row:
    kind = int(Kind.PRINT if number % 3 == 0 else Kind.QUOTE)
    size = number if number % 3 == 0 else 0
    ts = number if ts is None else ts
    return (ts, number % 2, kind, 1_000 + number, 1_002 + number, NO_PRICE, number, 7, size)


def write(path: Path, rows: list[Row]) -> TapeWriter:
    writer = TapeWriter(path)
    for one in rows:
        writer.append(*one)
    return writer


def read(path: Path) -> SessionTape:
    return SessionTape(path, (SPY, KO), ())


def rows_of(tape: SessionTape) -> list[Row]:
    names = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")
    return [
        row
        for piece in tape.chunks()
        for row in zip(*(getattr(piece, name).tolist() for name in names), strict=True)
    ]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    rows = [row(number) for number in range(3 * FLUSH_ROWS + 17)]
    write(tmp_path / "t", rows).close()
    tape = read(tmp_path / "t")
    assert rows_of(tape) == rows
    assert tape.torn == 0
    assert tape.has_quotes
    assert tape.instruments == (SPY, KO)


def test_a_death_of_the_process_loses_no_more_than_waits(tmp_path: Path) -> None:
    rows = [row(number) for number in range(2 * FLUSH_ROWS + 5)]
    writer = write(tmp_path / "t", rows)
    assert rows_of(read(tmp_path / "t")) == rows[: 2 * FLUSH_ROWS]
    assert (writer.rows, writer.written) == (len(rows), 2 * FLUSH_ROWS)
    writer.close()
    assert rows_of(read(tmp_path / "t")) == rows


def test_a_row_waits_for_a_second_at_most(tmp_path: Path) -> None:
    writer = write(tmp_path / "t", [row(0, 0), row(1, FLUSH_NS - 1)])
    assert writer.written == 0
    writer.append(*row(2, FLUSH_NS))
    assert writer.written == 3
    writer.close()


@pytest.mark.parametrize("cut", [1, 11, 12, 13, 41, 300])
def test_a_frame_that_is_torn_is_left_out(tmp_path: Path, cut: int) -> None:
    writer = write(tmp_path / "t", [row(number) for number in range(10)])
    writer.flush()
    for number in range(10, 20):
        writer.append(*row(number))
    writer.close()
    os.truncate(tmp_path / "t", (tmp_path / "t").stat().st_size - cut)
    tape = read(tmp_path / "t")
    assert len(tape) == 10
    assert tape.torn == 12 + 10 * 40 - cut


def test_every_flip_of_a_byte_is_detected(tmp_path: Path) -> None:
    write(tmp_path / "t", [row(number) for number in range(4)]).close()
    whole = (tmp_path / "t").read_bytes()
    for place in range(len(MAGIC) + 4, len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 0x10
        (tmp_path / "t").write_bytes(broken)
        assert not is_taken_whole(tmp_path / "t")


def is_taken_whole(path: Path) -> bool:
    """Say whether rows are read as if nothing was wrong; a longer last frame only looks torn."""
    try:
        found = read(path)
    except DataError:
        return False
    return len(found) > 0 or not found.torn


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"ts,bid,ask\n", "no tape of a session"),
        (b"", "no tape of a session"),
    ],
)
def test_what_is_no_tape_is_refused(tmp_path: Path, content: bytes | None, says: str) -> None:
    if content is not None:
        (tmp_path / "t").write_bytes(content)
    with pytest.raises(DataError, match=says):
        read(tmp_path / "t")


def test_rows_of_unknown_instruments_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "t", [row(0), row(1)]).close()
    with pytest.raises(DataError, match="not of one session"):
        SessionTape(tmp_path / "t", (SPY,), ())


def test_a_tape_is_never_written_over(tmp_path: Path) -> None:
    write(tmp_path / "t", [row(0)]).close()
    with pytest.raises(FileExistsError):
        TapeWriter(tmp_path / "t")


def test_a_disk_that_refuses_costs_rows_that_are_counted_and_later_ones_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = write(tmp_path / "t", [row(number) for number in range(5)])
    writer.flush()
    disk = writer._file

    class Full:
        """A disk that takes the first bytes only."""

        def __getattr__(self, name: str) -> object:
            return getattr(disk, name)

        def write(self, data: bytes) -> int:
            return disk.write(data[:20])

    monkeypatch.setattr(writer, "_file", Full())
    writer.append(*row(5))
    writer.flush()
    assert writer.lost == 1
    assert "part" in writer.failure
    monkeypatch.setattr(writer, "_file", disk)
    writer.append(*row(6))
    writer.close()
    assert [ts for ts, *_ in rows_of(read(tmp_path / "t"))] == [0, 1, 2, 3, 4, 6]
