"""The ring buffer remembers what a bounded deque would, and shows it without copying."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.core.tick_buffer import TickBuffer

TICKS = st.tuples(st.floats(-1e9, 1e9), st.integers(0, 2**40), st.integers(0, 2**62))
STEPS = st.lists(TICKS | st.lists(TICKS, max_size=25), max_size=25)


@given(st.integers(1, 8), STEPS)
def test_it_remembers_what_a_bounded_deque_does(size: int, steps: list[Any]) -> None:
    buffer, expected = TickBuffer(size), deque[Any](maxlen=size)
    total = 0
    for step in steps:
        many = step if isinstance(step, list) else [step]
        if isinstance(step, list):
            columns = list(zip(*many, strict=True)) or [(), (), ()]
            buffer.add_ticks(
                np.array(columns[0], np.float64),
                np.array(columns[1], np.int64),
                np.array(columns[2], np.int64),
            )
        else:
            buffer.add_tick(*step)
        expected.extend(many)
        total += len(many)
        held = list(zip(buffer.prices, buffer.volumes, buffer.timestamps, strict=True))
        assert held == list(expected)
        assert (len(buffer), buffer.count) == (len(expected), total)


@given(st.integers(1, 6), st.integers(0, 20), st.integers(0, 9))
def test_a_window_is_the_tail_and_a_view(size: int, added: int, n: int) -> None:
    buffer = TickBuffer(size)
    for number in range(added):
        buffer.add_tick(float(number), number, number)
    window = buffer.window(n)
    assert window.tolist() == [float(x) for x in range(added)][-size:][-n:] * (n > 0)
    assert window.base is not None
    assert buffer.window(n).ctypes.data == window.ctypes.data
    assert window.flags.c_contiguous
    assert buffer.window().tolist() == buffer.prices.tolist()


def test_a_cleared_buffer_is_empty_and_usable() -> None:
    buffer = TickBuffer(2)
    for price in (1.0, 2.0, 3.0):
        buffer.add_tick(price, 1, 1)
    buffer.clear()
    assert (len(buffer), buffer.count, buffer.window(5).tolist()) == (0, 0, [])
    buffer.add_tick(9.0, 1, 1)
    assert buffer.prices.tolist() == [9.0]


def test_a_buffer_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="size 0 must be 1 or more"):
        TickBuffer(0)
