"""The market of a simulation: a few minutes of two stocks on two days, new with each seed."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np

from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.session import Session
from ikbr.domain.tape import Kind, Tape

SYMBOLS = ("SPY", "KO")
OPEN_NS = 1_772_461_800_000_000_000
"""2026-03-02, 09:30 in New York."""
SECOND_NS = 1_000_000_000
EVERY_NS = 250_000_000
DAY_NS = 86_400 * SECOND_NS
DAYS = tuple(
    Session(
        dt.date(2026, 3, 2 + n), OPEN_NS + n * DAY_NS, OPEN_NS + n * DAY_NS + 23_400 * SECOND_NS
    )
    for n in range(2)
)

_PRICES = {"ts": np.int64, "sym": np.int16, "kind": np.uint8, "size": np.int64}
_NAMES = ("ts", "sym", "kind", "bid", "ask", "last", "bid_size", "ask_size", "size")


def make_tape(draw: random.Random, seconds: int) -> Tape:
    """Lay out quotes and prints, every quarter of a second one, from the open of each day.

    Args:
        draw: Decides what happens.
        seconds: How long it goes on each day.
    """
    instruments = tuple(parse_contract(symbol) for symbol in SYMBOLS)
    cent = instruments[0].price_scale // 100
    mids = [draw.randrange(5_000, 20_000) * cent for _ in SYMBOLS]
    standing = [[mid - cent, mid + cent, mid, 300, 300] for mid in mids]
    rows: list[tuple[int, ...]] = []
    for day in DAYS:
        first_ns = day.open_ns + SECOND_NS
        for ts_ns in range(first_ns, first_ns + seconds * SECOND_NS, EVERY_NS):
            sym = draw.randrange(len(SYMBOLS))
            own = standing[sym]
            kind, size = int(Kind.QUOTE), 0
            if draw.random() < 0.4:
                kind, size = int(Kind.PRINT), draw.choice((10, 100, 300))
                own[2] = draw.choice(own[:2])
            else:
                move = draw.choice((-3, -2, -1, 1, 2, 3)) * cent
                own[0], own[1] = own[0] + move, own[1] + move
                own[3], own[4] = draw.randrange(1, 9) * 100, draw.randrange(1, 9) * 100
            rows.append((ts_ns, sym, kind, *own, size))
    columns = dict(zip(_NAMES, zip(*rows, strict=True), strict=True))
    arrays: dict[str, Any] = {n: np.array(v, _PRICES.get(n, np.int32)) for n, v in columns.items()}
    return Tape(instruments, **arrays)


def make_source(draw: random.Random, seconds: int) -> MemorySource:
    """Make a market that plays such a tape."""
    return MemorySource(make_tape(draw, seconds), DAYS, synthetic=True)
