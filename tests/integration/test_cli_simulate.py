"""`ikbr simulate` says what came of seeds, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from ikbr.cli.simulate import command
from ikbr.domain.errors import UsageError
from ikbr.simulate import play
from ikbr.simulate.invariants import ALWAYS


def run(path: Path, **options: Any) -> Any:
    values = {"seeds": 2, "first_seed": 0, "jobs": 1, "seed": None, "trace": False}
    command(**(values | {"crash_matrix": False, "json": path} | options))  # type: ignore[arg-type]
    return json.loads(path.read_text())


def test_a_campaign_is_told_with_its_coverage(tmp_path: Path) -> None:
    told = run(tmp_path / "told.json")
    assert (told["seeds"], told["violations"], told["failed"]) == (2, [], 0)
    assert told["seeds_per_second"] > 0
    assert sum(told["coverage"].values()) > 0
    assert told["missing"]


def test_one_seed_is_told_with_the_hash_of_its_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(tmp_path / "told.json", seed=3, trace=True)
    assert len(told["trace_hash"]) == 64
    assert f"trace_hash {told['trace_hash']}" in capsys.readouterr().out


def test_a_seed_that_breaks_something_ends_with_its_story_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_orders(witness: Any) -> Any:
        if witness.seen:
            yield "there is an order"

    monkeypatch.setattr(play, "ALWAYS", (*ALWAYS, no_orders))
    with pytest.raises(typer.Exit) as ended:
        run(tmp_path / "told.json", seeds=1)
    assert ended.value.exit_code == 1
    assert "VIOLATION of no_orders: there is an order" in capsys.readouterr().err
    [violation] = json.loads((tmp_path / "told.json").read_text())["violations"]
    assert violation["invariant"] == "no_orders"


def test_no_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--seeds 0"):
        run(tmp_path / "told.json", seeds=0)
    assert not (tmp_path / "told.json").exists()
