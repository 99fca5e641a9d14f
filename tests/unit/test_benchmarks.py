"""The benchmarks name parts of ikbr that exist."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_every_stage_that_the_order_path_is_timed_by_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    places = importlib.import_module("order_path").PLACES
    missing = [f"{owner.__name__}.{name}" for _, owner, name in places if name not in vars(owner)]
    assert len(places) > 20
    assert not missing


def soaked(**last: int) -> dict[str, dict[str, float]]:
    soak = importlib.import_module("soak")
    first = soak.Sample("2026-03-02", "20:00", 60_000_000, 20, 3, 6, 11, 40, 100, 5_000)
    later = first._replace(day="2026-03-06", orders=600)._replace(**last)
    noise = first._replace(hour="09:00", files=900)
    growth: dict[str, dict[str, float]] = soak.growth([noise, first, later])
    return growth


def test_a_soak_finds_what_grows_from_the_end_of_its_first_day_to_that_of_its_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for name, grown in (("files", 3), ("threads", 2), ("tasks", 3), ("futures", 5), ("timers", 9)):
        before = {"files": 20, "threads": 3, "tasks": 6, "futures": 11, "timers": 40}[name]
        found = soaked(**{name: before + grown})
        assert [key for key, one in found.items() if one["grown"] > one["allowed"]] == [name]
    found = soaked(memory=60_000_000 + 500 * 8_192 + 2_000_001)
    assert [key for key, one in found.items() if one["grown"] > one["allowed"]] == ["memory"]
    assert all(one["grown"] <= one["allowed"] for one in soaked().values())


def test_the_load_knows_intents_on_data_that_is_over_age(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    load = importlib.import_module("load")
    second = 1_000_000_000
    sent = {"S00": [0, 5 * second], "S01": [second]}
    (tmp_path / load.INTENTS).write_text(
        f"{second // 1000} S00 BUY\n{3 * second} S01 BUY\n{3 * second} S01 SELL\n"
        f"{5 * second + 7} S00 BUY\n"
    )
    noted = load.intents(SimpleNamespace(triggered=sent), str(tmp_path))
    assert [one.age_ns for one in noted] == [second // 1000, 2 * second, 2 * second, 7]
    assert load.after_waking(noted, second) == {
        "entries_on_over_age_data": 1,
        "exits_on_over_age_data": 1,
        "entries_again_after_s": 2.0,
    }
