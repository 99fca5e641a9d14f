"""Large tapes for measuring."""

from __future__ import annotations

import numpy as np
import pytest

from ikbr.domain.tape import Kind, Tape
from ikbr.sim.synthetic import big_tape


@pytest.mark.parametrize("symbols", [1, 3])
def test_a_big_tape_is_a_sound_tape(symbols: int) -> None:
    tape = big_tape(20_000, symbols)
    types = [getattr(tape, name).dtype.name for name in Tape.__slots__[1:]]
    assert types == ["int64", "int16", "uint8"] + ["int32"] * 5 + ["int64"]
    assert len(tape) == 20_000
    assert len(tape.instruments) == symbols
    assert (np.diff(tape.ts) >= 0).all()
    assert (tape.bid < tape.ask).all()
    for number in range(symbols):
        own = tape.sym == number
        printed = tape.kind[own] == Kind.PRINT
        assert 0.45 < printed.mean() < 0.55
        bid, last = tape.bid[own], tape.last[own]
        # Prints leave the quote alone and quotes leave the last price alone.
        assert (np.diff(bid)[printed[1:]] == 0).all()
        assert (np.diff(last)[~printed[1:]] == 0).all()
        at = last[printed] - bid[printed]
        assert set(np.unique(at).tolist()) == {0, 100}
        assert len(np.unique(bid)) > 10
    assert ((tape.size > 0) == (tape.kind == Kind.PRINT)).all()


def test_a_seed_makes_the_same_big_tape_again() -> None:
    one, two, other = big_tape(1_000), big_tape(1_000), big_tape(1_000, seed=8)
    assert (one.bid == two.bid).all()
    assert (one.bid != other.bid).any()


def test_an_empty_big_tape_is_allowed() -> None:
    assert len(big_tape(0)) == 0
