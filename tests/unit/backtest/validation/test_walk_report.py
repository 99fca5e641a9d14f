"""The report, the console and the JSON of a walk-forward."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from rich.console import Console
from tests.unit.backtest.validation.walks import luck, skill, walked

from ikbr.backtest.optimise.objective import Objective
from ikbr.backtest.validation.as_json import walk_to_json
from ikbr.backtest.validation.console import show_walked
from ikbr.backtest.validation.findings import findings_of
from ikbr.backtest.validation.report import render_walk
from ikbr.backtest.validation.walked import Walked


def text_of(page: str) -> str:
    body = page[page.index("<body>") : page.index('<script type="application/json"')]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"whole": False},
        {"broken": (1, 2)},
        {"sessions": 10},
        {"objective": Objective("max_drawdown", maximise=False)},
    ],
)
def test_every_walk_can_be_shown(changes: dict[str, Any]) -> None:
    found = walked(**changes)
    page = text_of(render_walk(found))
    for head in ("Findings", "Equity and drawdown", "Windows", "Luck or skill", "Run"):
        assert head in page
    assert "SYNTHETIC DATA" in page
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b", page)
    json.dumps(walk_to_json(found), allow_nan=False)
    console = Console(record=True, width=120)
    show_walked(found, console, "r.html")
    assert "Out of sample" in console.export_text()


def test_the_numbers_of_the_page_are_those_of_the_walk() -> None:
    found = walked(skill, sessions=80)
    page = text_of(render_walk(found))
    assert found.judgement is not None
    assert found.judgement.overfitting is not None
    assert f"{found.stitched.total_return:+.2%}".replace("%", " %") in page
    assert f"{found.judgement.overfitting.splits:,}" in page
    for one in found.windows:
        assert f"{one.test.first} – {one.test.last}" in page


def test_the_best_is_outlined_once_on_its_map() -> None:
    page = render_walk(walked(skill))
    assert len(re.findall(r'<td class="[^"]*\btop"', page)) == 1
    assert re.search(r'top" title="(lookback=10, threshold=0.2|threshold=0.2, lookback=10):', page)


def test_nothing_is_loaded_and_everything_is_escaped() -> None:
    found = walked(strategy="<script>alert(1)</script>", symbols=("A<b>",))
    page = render_walk(found)
    assert "<script>alert(1)" not in page
    assert "A<b>" not in page
    loads = re.findall(r"(?:src|href)=\"(?!#)([^\"]*)\"", page[: page.index("<script type=")])
    assert loads == ["https://www.tradingview.com/"]
    assert "default-src 'none'" in page


def rules(found: Walked) -> dict[str, str]:
    return {one.rule: one.severity.name for one in findings_of(found)}


def test_findings_tell_luck_from_skill() -> None:
    lucky, able = rules(walked(luck, sessions=120)), rules(walked(skill, sessions=120))
    assert lucky["overfitting"] in ("WARNING", "PROBLEM")
    assert lucky["deflated"] == "WARNING"
    assert "overfitting" not in able
    assert able["deflated"] == "NOTE"
    assert "sessions" not in able
    assert "sessions" in rules(walked())


def test_the_gravest_finding_comes_first() -> None:
    grades = [one.severity for one in findings_of(walked(luck, sessions=120))]
    assert grades == sorted(grades, reverse=True)


def test_windows_that_sat_out_are_a_finding() -> None:
    found = [one for one in findings_of(walked(broken=(2,))) if one.rule == "windows"]
    assert "1 window of" in found[0].text
