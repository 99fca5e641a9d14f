"""Memory and open files that run out."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from tests.unit.live.watch_rig import SECOND, Desk

from ikbr.live import resource_watch
from ikbr.live.resource_watch import ResourceWatch, Usage, memory, open_files


def watched(used: list[int], warn: float = 0.8) -> tuple[Desk, ResourceWatch]:
    """Watch something of which 100 are there; each look takes the next number."""
    desk = Desk("2026-03-02 15:00")
    left = iter(used)
    watch = ResourceWatch(desk.pipeline, warn, (("open files", lambda: Usage(next(left), 100)),))
    return desk, watch


def test_what_runs_out_is_told_of_once_before_it_has_and_again_when_it_is_over() -> None:
    desk, watch = watched([79, 80, 99, 75, 71, 85])
    for told in (0, 1, 1, 1, 2, 3):
        watch.look()
        assert len(desk.told) == told
    assert desk.told[:2] == [
        (
            "critical",
            "open files: 80 of 100 are used (80%): stop and start again at a quiet moment",
        ),
        ("info", "open files: 71 of 100 are used (71%) again"),
    ]


@pytest.mark.parametrize(("warn", "told"), [(0.0, 0), (0.8, 1)])
def test_it_looks_by_itself_unless_it_is_switched_off(
    warn: float, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource_watch, "LOOK_S", 0.01)
    desk, watch = watched([90] * 1_000, warn)

    async def run() -> None:
        watch.begin()
        await asyncio.sleep(0.05)
        watch.stop()

    asyncio.run(run())
    assert len(desk.told) == told


def test_a_limit_that_is_not_known_is_never_reached() -> None:
    assert Usage(5, 0).share == 0.0


def test_files_that_are_opened_are_counted(tmp_path: Path) -> None:
    before = open_files()
    with open(tmp_path / "a", "w"), open(tmp_path / "b", "w"):
        now = open_files()
    assert now.used == before.used + 2
    assert now.limit == before.limit > 0


def test_memory_that_is_taken_is_measured_against_what_is_free() -> None:
    before = memory()
    held = b"x" * (64 << 20)
    now = memory()
    assert now.used - before.used > 32 << 20
    assert 0 < now.share < 1
    del held


def test_a_control_group_bounds_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = memory().used
    group = tmp_path / "memory.max"
    monkeypatch.setattr(resource_watch, "_CGROUP", group)
    group.write_text(f"{used + 1}\n")
    assert memory().limit == used + 1
    group.write_text("max\n")
    assert memory().limit > used + SECOND // os.sysconf("SC_PAGE_SIZE")


def test_where_nothing_can_be_known_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource_watch, "_PROCESS", tmp_path / "none")
    assert memory() == open_files() == Usage(0, 0)
