"""A source over a tape in memory."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from ikbr.data.columns import PrintColumns, QuoteColumns
from ikbr.data.merge import Ticks, merge_ticks
from ikbr.data.tape_source import MemorySource
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session

SESSION = Session(dt.date(2026, 3, 2), 0, 100)
ONE = np.ones(1, np.int64)
PRICE = np.ones(1, np.int32)
NO_FLAG = np.zeros(1, np.uint8)


@pytest.mark.parametrize(
    ("ticks", "has_quotes", "pieces"),
    [
        (Ticks(), False, 0),
        (Ticks(prints=PrintColumns(ONE, PRICE, ONE, NO_FLAG)), False, 1),
        (Ticks(quotes=QuoteColumns(ONE, PRICE, PRICE, PRICE, PRICE)), True, 1),
    ],
)
def test_it_hands_out_the_tape_and_says_what_it_is(
    ticks: Ticks, has_quotes: bool, pieces: int
) -> None:
    tape = merge_ticks([Instrument(symbol="SPY")], [ticks])
    source = MemorySource(tape, [SESSION], synthetic=True)
    assert source.has_quotes is has_quotes
    assert [piece is tape for piece in source.chunks()] == [True] * pieces
    assert source.sessions == (SESSION,)
    assert source.instruments == tape.instruments
    assert (source.synthetic, source.resolution, source.actions) == (True, "tick", ())
