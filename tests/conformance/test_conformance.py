"""The clients of this environment pass every row; the other versions run in `./run conformance`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from conformance import report
from conformance.language import Row, differences, on, row
from conformance.perform import compare
from conformance.tables import TOPICS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8")
CLIENTS = tomllib.loads((HERE / "clients.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8")
OURS = ("ib_async-2_1_0", "ibapi-10_46_1")
ROWS = [(topic.name, one) for topic in TOPICS for one in topic.rows]


def in_page(name: str) -> dict[str, str]:
    """Give the column of a client in the table of the page, by topic."""
    part = PAGE.partition(report.BEGIN)[2].partition(report.END)[0]
    lines = [
        [cell.strip(" *") for cell in line.split("|")[1:-1]] for line in part.split("\n")[1:-1]
    ]
    column = lines[0].index(CLIENTS[name]["title"])
    return {cells[0]: cells[column] for cells in lines[2:]}


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_every_row_passes_and_the_page_says_how_many_there_are(name: str) -> None:
    command = [sys.executable, str(HERE / "run.py"), "--here", "--json", name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout, done.stderr
    results = json.loads(done.stdout)
    assert report.failures(results) == []
    assert done.returncode == 0
    topics = results[name]
    counts = {topic: str(len(rows)) for topic, rows in topics.items()}
    counts["All"] = str(sum(len(rows) for rows in topics.values()))
    assert int(counts["All"]) >= 120
    assert in_page(name) == counts


@pytest.mark.parametrize("name", OURS)
def test_the_clients_of_this_environment_are_those_of_the_list(name: str) -> None:
    for package in CLIENTS[name]["packages"]:
        project, version = package.split("==")
        pattern = re.sub("[-_]", "[-_]", project)
        assert re.search(f"^{pattern}=={re.escape(version)}$", LOCK, re.M | re.I), package


def test_rows_and_topics_have_names_of_their_own() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
    for topic in TOPICS:
        assert len({one.name for one in topic.rows}) == len(topic.rows), topic.name


@pytest.mark.parametrize(("topic", "one"), ROWS, ids=lambda what: getattr(what, "name", ""))
def test_every_row_expects_something(topic: str, one: Row) -> None:
    assert one.steps
    is_setting = all(step.verb in {"cancel", "speak", "ask"} for step in one.steps)
    assert one.told or one.codes or one.silent or one.seen or is_setting, topic
    assert one.family in {"", "ib_async", "ibapi"}


def test_a_row_fails_for_a_wrong_value_a_callback_too_many_and_one_too_few() -> None:
    wanted = row("x", on("position", position=100)).told
    told = ("position", {"position": 100, "avgCost": 1.0})
    assert compare(list(wanted), [told, ("other", {})]) == []
    assert compare(list(wanted), [("position", {"position": 99})]) == [
        "position.position is 99 and not 100"
    ]
    assert len(compare(list(wanted), [told, told])) == 1
    assert len(compare(list(wanted), [])) == 1


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("1", 1),
        (1, "1"),
        (None, 0),
        ([1], [1, 2]),
        ({"a": 1}, {}),
        ({"a": {"b": 1}}, {"a": [1]}),
        (0.1, 0.2),
    ],
)
def test_values_that_differ_are_told(expected: Any, actual: Any) -> None:
    assert len(list(differences(expected, actual, "it"))) == 1


def test_the_table_shows_failures_and_absent_topics(tmp_path: Path) -> None:
    results = {
        OURS[0]: {"One": {"a": [], "b": ["wrong"]}},
        OURS[1]: {"One": {"a": []}, "Two": {"c": []}},
    }
    text = report.table(results, CLIENTS)
    assert "| One | 1 of 2 | 1 |" in text
    assert "| Two | – | 1 |" in text
    assert "| **All** | **1 of 2** | **2** |" in text
    assert len(report.failures(results)) == 1
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    report.write(page, results, CLIENTS)
    written = page.read_text(encoding="utf-8")
    assert written.startswith("before\n")
    assert written.endswith("after\n")
    assert "old" not in written
    assert text in written
