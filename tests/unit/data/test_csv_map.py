from __future__ import annotations

import pytest

from ikbr.data.csv_map import complete_map, guess_kind, parse_map
from ikbr.domain.errors import DataError


@pytest.mark.parametrize("text", ["ts", "=x", "ts=", "a=b,c"])
def test_a_map_that_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="FIELD=COLUMN"):
        parse_map([text])


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (["t", "Bid", "Ask", "Last"], "quote"),
        (["t", "o", "h", "l", "c"], "bar"),
        (["t", "px"], "print"),
        (["t", "colour"], None),
    ],
)
def test_a_kind_is_told_from_the_header(header: list[str], kind: str | None) -> None:
    assert guess_kind(header, {}) == kind


def test_a_column_is_used_once() -> None:
    found = complete_map("print", ["Date", "Close", "Volume", "Price"], {"price": ("Close",)})
    assert found == {"price": ("Close",), "ts": ("Date",), "size": ("Volume",)}
