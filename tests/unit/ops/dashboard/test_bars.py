"""Bars of a session come out of its tape, piece by piece, the same as all at once."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest

from ikbr.data.session_tape import TapeWriter
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import DataError, UsageError
from ikbr.domain.tape import NO_PRICE, Kind
from ikbr.ops.dashboard.bars import SessionBars

OPEN_NS = 1_772_461_800_000_000_000
SECOND = 1_000_000_000
SPY, EUR = parse_contract("SPY"), parse_contract("EUR.USD")


def recorded(folder: Path) -> TapeWriter:
    (folder / "tape").mkdir()
    about = msgspec.json.encode({"instruments": [SPY, EUR], "more": 1})
    (folder / "tape" / "session.json").write_bytes(about)
    return TapeWriter(folder / "tape" / "ticks.bin")


def test_bars_are_the_prints_of_their_time_however_often_one_looks(tmp_path: Path) -> None:
    draw, tape = random.Random(3), recorded(tmp_path)
    often, prints = SessionBars(tmp_path), []
    scale = SPY.price_scale
    for number in range(3_000):
        ts = OPEN_NS + number * SECOND // 5
        kind = draw.choice([Kind.PRINT, Kind.QUOTE])
        price, size = draw.randrange(90, 110), draw.randrange(1, 9) * 100
        last = price * scale if number else NO_PRICE
        tape.append(ts, 0, kind, scale, 2 * scale, last, 100, 100, size)
        if kind is Kind.PRINT and number:
            prints.append((ts // SECOND, float(price), float(size)))
        if number % 700 == 0:
            tape.flush()
            often.bars("SPY", 60)
    tape.close()
    for seconds in (1, 5, 60, 300):
        expected: dict[int, list[float]] = {}
        for ts, price, size in prints:
            start = ts - ts % seconds
            one = expected.setdefault(start, [start, price, price, price, price, 0.0])
            one[2], one[3] = max(one[2], price), min(one[3], price)
            one[4] = price
            one[5] += size
        assert often.bars("SPY", seconds) == list(expected.values())
        assert SessionBars(tmp_path).bars("SPY", seconds) == list(expected.values())


def test_currencies_have_no_prints_and_bars_of_mids(tmp_path: Path) -> None:
    tape = recorded(tmp_path)
    scale = EUR.price_scale
    for number, bid in enumerate((1.1, 1.2, 1.15)):
        units = round(bid * scale)
        tape.append(OPEN_NS + number, 1, Kind.QUOTE, units, units + 2, NO_PRICE, 1, 1, 0)
    tape.append(OPEN_NS + 9, 1, Kind.QUOTE, NO_PRICE, 1, NO_PRICE, 1, 1, 0)
    tape.close()
    tick = 1 / scale
    [bar] = SessionBars(tmp_path).bars("EUR.USD", 60)
    assert bar[1:] == pytest.approx([1.1 + tick, 1.2 + tick, 1.1 + tick, 1.15 + tick, 0.0])


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not recorded"):
        SessionBars(tmp_path)
    recorded(tmp_path).close()
    bars = SessionBars(tmp_path)
    assert bars.bars("SPY", 60) == []
    with pytest.raises(UsageError, match="did you mean 'SPY'"):
        bars.bars("SPX", 60)
    with pytest.raises(UsageError, match="seconds 7 cannot be"):
        bars.bars("SPY", 7)
    file = tmp_path / "tape" / "ticks.bin"
    file.write_bytes(file.read_bytes() + b"nonsense that is long enough to be a frame")
    with pytest.raises(DataError, match="changed or is damaged"):
        bars.bars("SPY", 60)
