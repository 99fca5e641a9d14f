"""LEAN zips: refused, or parsed so that a check tells what cannot be; a small file stays small."""

from __future__ import annotations

import datetime as dt
import io
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from tests.fuzz.allowed import accepted
from tests.fuzz.settings_file import _fast
from tests.fuzz.told import FAR_NS, check_told
from tests.unit.data.lean_samples import FOREX, TICK_PRINT, TICK_QUOTE

from ikbr.data.lean_files import describe, read_member
from ikbr.data.lean_parse import parse
from ikbr.data.quality import check_columns
from ikbr.domain.session import Session

PLACES = (TICK_PRINT, TICK_QUOTE, FOREX, "equity/usa/minute/spy/20131007_trade.zip",
          "equity/usa/minute/spy/20131007_quote.zip", "equity/usa/daily/spy.zip")  # fmt: skip


@cache
def _sessions() -> tuple[Session, ...]:
    from ikbr.data.calendars import sessions

    return tuple(sessions("NYSE", dt.date(2013, 10, 7), dt.date(2013, 10, 9)))


def feed(data: bytes) -> None:
    """Take the first byte as place and way: the rest is a zip, or the csv in one."""
    way, raw = (data[0] if data else 0), data[1:]
    place = PLACES[way % len(PLACES)]
    with tempfile.TemporaryDirectory(dir=_fast()) as folder:
        path = Path(folder) / place
        path.parent.mkdir(parents=True)
        path.write_bytes(raw if way & 0x80 else zipped(raw))
        file = describe(path)
        assert file is not None
        member = accepted(lambda: read_member(path))
    if member is None:
        return
    assert len(member) <= 1100 * max(len(raw), 1) + 1024
    parsed = accepted(lambda: parse(file, member, lambda _first, _last: _sessions()))
    if parsed is None:
        return
    day = file.day or dt.date(2013, 1, 1)
    columns, instrument = parsed.columns, file.instrument
    found = check_columns(instrument, file.kind, day, columns, _sessions(), now_ns=FAR_NS)
    check_told(columns, found)


def zipped(content: bytes, name: str = "one.csv") -> bytes:
    """Pack bytes as the one file of a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def seeds() -> list[bytes]:
    """Give a line or two of each kind, and a whole zip."""
    return [
        b"\x00" + b"34200000,1680000,100,Q,0,0\n34200001,1680100,200,Q,0,0\n",
        b"\x01" + b"34200000,140000,100,0,0,P,0,0\n34200001,0,0,140100,200,P,0,0\n",
        b"\x02" + b"0,1.38,1.3801\n1,1.3801,1.3802\n",
        b"\x03" + b"34200000,1680000,1690000,1670000,1685000,1000\n",
        b"\x05" + b"20131007 00:00,1680000,1690000,1670000,1685000,1000\n",
        b"\x80" + zipped(b"34200000,1680000,100,Q,0,0\n"),
    ]
