"""The page of fill assumptions names tests that exist."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "fills.md"


def test_every_assumption_names_a_test_that_exists():
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))
    written = set()
    for path in HERE.glob("test_*.py"):
        written.update(re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M))
    assert len(named) > 60
    assert named - written == set()
