"""The machine: disk, memory, the way out, what round trips say."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ikbr.compiled.use import Use
from ikbr.ops.doctor.api_answers import judge_skew
from ikbr.ops.doctor.case import Case, Visit
from ikbr.ops.doctor.docker import Docker
from ikbr.ops.doctor.finding import Level
from ikbr.ops.doctor.latency import is_wireless, verdict, way_out
from ikbr.ops.doctor.machine import (
    GIB,
    check_calendar,
    check_disk,
    judge_compiled,
    judge_disk,
    judge_memory,
)

ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
"""


def test_the_way_out_is_the_default_route_and_wireless_cards_are_known_by_their_folder(
    tmp_path: Path,
) -> None:
    routes = tmp_path / "route"
    routes.write_text(ROUTES)
    (tmp_path / "wlan0" / "phy80211").mkdir(parents=True)
    (tmp_path / "eth0").mkdir()
    assert way_out(routes) == "wlan0"
    assert is_wireless(tmp_path, "wlan0")
    assert not is_wireless(tmp_path, "eth0")
    assert way_out(tmp_path / "nothing") == ""


@pytest.mark.parametrize(
    ("p50_ms", "words", "good"),
    [
        (0.2, "near", True),
        (75.0, "us-east-1", True),
        (180.0, "slower than from the US east coast", False),
        (450.0, "as from Europe", False),
        (900.0, "slower than from Europe", False),
    ],
)
def test_round_trips_are_judged_by_where_they_are_like_from(
    p50_ms: float, words: str, good: bool
) -> None:
    said, is_good = verdict(p50_ms)
    assert words in said
    assert is_good is good


@pytest.mark.parametrize(
    ("free", "level"),
    [(50 * GIB, Level.OK), (2 * GIB, Level.WARNING), (GIB // 4, Level.FAILURE)],
)
def test_a_disk_that_fills_up_is_told_before_it_is_full(free: int, level: Level) -> None:
    assert judge_disk(Path(), free).level is level


def test_little_memory_is_a_warning() -> None:
    assert judge_memory(8 * GIB).level is Level.OK
    assert judge_memory(GIB // 4).level is Level.WARNING


@pytest.mark.parametrize(
    ("skew", "level"),
    [(0.9, Level.OK), (-3.0, Level.WARNING), (30.0, Level.FAILURE)],
)
def test_clocks_that_disagree_are_told(skew: float, level: Level) -> None:
    assert judge_skew(skew).level is level


def test_this_machine_has_a_disk_and_a_calendar(tmp_path: Path) -> None:
    visit = Visit(Case(journals=tmp_path / "a" / "b"), Docker("no-such-docker"))
    [disk] = asyncio.run(check_disk(visit))
    assert str(tmp_path) in disk.seen
    [calendar] = asyncio.run(check_calendar(visit))
    assert "NYSE" in calendar.seen


@pytest.mark.parametrize(
    ("found", "level", "seen"),
    [
        (Use(), Level.OK, "ikbr runs interpreted"),
        (Use(("ikbr.core.desk",)), Level.OK, "ikbr runs compiled (1 modules)"),
        (Use(why_not="their files are gone"), Level.WARNING, "their files are gone"),
    ],
)
def test_compiled_modules_that_are_not_used_are_warned_of(
    found: Use, level: Level, seen: str
) -> None:
    finding = judge_compiled(found)
    assert finding.level is level
    assert seen in finding.seen
