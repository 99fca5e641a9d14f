"""The benchmarks name parts of ikbr that exist."""

from __future__ import annotations

import importlib
from pathlib import Path

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
