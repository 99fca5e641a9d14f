import numpy as np

from ikbr.domain.instrument import Instrument
from ikbr.domain.tape import NO_PRICE, CorporateAction, Kind, Tape


def tape(rows):
    column = np.arange(rows)
    return Tape(
        instruments=(Instrument(symbol="SPY"),),
        ts=column.astype(np.int64),
        sym=np.zeros(rows, np.int16),
        kind=np.full(rows, Kind.QUOTE, np.uint8),
        bid=column.astype(np.int32),
        ask=(column + 1).astype(np.int32),
        last=np.full(rows, NO_PRICE, np.int32),
        bid_size=np.ones(rows, np.int32),
        ask_size=np.ones(rows, np.int32),
        size=np.zeros(rows, np.int64),
    )


def test_a_tape_is_as_long_as_its_columns():
    assert len(tape(7)) == 7
    assert len(tape(0)) == 0


def test_rows_are_cut_out_of_every_column_without_a_copy():
    whole = tape(10)
    part = whole.rows(3, 6)
    assert part.instruments is whole.instruments
    assert part.ts.tolist() == [3, 4, 5]
    assert part.ask.tolist() == [4, 5, 6]
    assert len(part.size) == 3
    assert np.shares_memory(part.bid, whole.bid)


def test_no_price_fits_a_price_column_and_is_no_price():
    assert np.iinfo(np.int32).min == NO_PRICE


def test_kinds_fit_their_column():
    assert [np.uint8(kind) for kind in Kind] == list(range(9))


def test_an_action_does_nothing_unless_told():
    action = CorporateAction("SPY", 5)
    assert (action.split, action.dividend) == (1.0, 0.0)
