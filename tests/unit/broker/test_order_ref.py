"""The note on an order names it for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.broker.order_ref import OrderRef, read_ref, write_ref


@given(st.integers(0, 2**62), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_strategy_name_comes_back(order_id: int, strategy: str) -> None:
    text = write_ref(order_id, strategy)
    assert read_ref(text) == OrderRef(order_id, strategy)
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize("text", ["", "ikbr", "ikbr:7", "ikbr:x:a", "ikbr:-7:a", "other:7:a"])
def test_a_note_that_is_none_of_ours_is_nobody(text: str) -> None:
    assert read_ref(text) is None
