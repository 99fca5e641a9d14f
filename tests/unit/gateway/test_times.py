"""Moments on the wire: what is no moment is refused in words."""

from __future__ import annotations

import pytest

from ikbr.gateway.times import read_end, read_time


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", "'soon' is no time"),
        ("20230230", "day is out of range"),
        ("20231114 25:00:00", "hour must be in"),
        ("99991231", "'99991231' is no time that a clock shows"),
        ("20231114 17:13:20 US/East", "'US/East' is no time zone"),
    ],
)
def test_what_is_no_moment_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_time(text, "UTC")


@pytest.mark.parametrize(("text", "end"), [("", 90), ("19700101-00:00:00", 0), ("20231114", 90)])
def test_an_end_is_never_later_than_now(text: str, end: int) -> None:
    assert read_end(text, "UTC", 90) == end
