"""The page for when it does not work names checks that the doctor has."""

from __future__ import annotations

import re
from pathlib import Path

from ikbr.ops.doctor.table import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text(encoding="utf-8")


def named() -> list[str]:
    """Take the checks out of the tables that have a column of them."""
    found = []
    for table in re.findall(r"^\| You see \| It is \| Check \|.*\n(?:\|.*\n)+", PAGE, re.M):
        for row in table.splitlines()[2:]:
            found += re.findall(r"`([^`]+)`", row.split("|")[3])
    return found


def test_every_check_on_the_page_is_one_of_the_doctors() -> None:
    assert set(named()) <= {one.name for one in CHECKS}
    assert len(named()) > 20


def test_what_the_doctor_finds_at_a_gateway_is_on_the_page() -> None:
    about = {one.name for one in CHECKS if one.group in {"ports", "gateway"}}
    assert about - set(named()) <= {"session", "time"}
