"""`ikbr.walk_forward` and `ikbr.lookahead`."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import pytest

import ikbr
from ikbr.api.sweep_request import SweepRequest
from ikbr.data.synthetic import make_synthetic
from ikbr.domain.errors import UsageError
from ikbr.domain.signal import Action, Signal
from ikbr.domain.ticker import Ticker


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make six days of minute bars."""
    folder = tmp_path_factory.mktemp("doors") / "catalog"
    make_synthetic(folder, symbols=["SPY"], days=6, rows_per_day=600)
    return folder


def test_a_walk_from_python_gives_values_and_files(catalog: Path, tmp_path: Path) -> None:
    found = ikbr.walk_forward(
        "momentum",
        "SPY",
        grid={"lookback": [5, 20], "threshold": [0.0005]},
        in_sample=3,
        out_of_sample=1,
        objective="net_pnl",
        jobs=1,
        results=tmp_path / "mine",
        report=tmp_path / "r.html",
        data=str(catalog),
        resolution="minute",
        fees="none",
    )
    assert len(found.windows) == 3
    assert len(found.stitched.equity) == 3
    assert (tmp_path / "r.html").exists()


def test_look_ahead_from_python(catalog: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = ikbr.lookahead(
        "momentum",
        "SPY",
        cuts=2,
        starts=1,
        params={"lookback": 5, "threshold": 0.0005},
        data=str(catalog),
        resolution="minute",
        fees="none",
        progress=lambda done, total, what: seen.append((done, total)),
    )
    assert found.is_clean
    assert seen[-1] == (found.runs, found.runs)


class Remembers(ikbr.BaseStrategy):
    """Keep prices on the class, where the next run finds them."""

    prices: ClassVar[dict[int, float]] = {}

    def on_market_data(self, ticker: Ticker) -> Signal | None:
        """Act on what the run before has seen of the next minute."""
        self.prices[self.now_ns] = ticker.last
        later = self.prices.get(self.now_ns + 60_000_000_000, 0.0)
        action: Action = "BUY" if self.now_ns // 60_000_000_000 % 7 == 0 else "FLAT"
        return Signal("FLAT" if later > ticker.last else action, ticker.symbol, ticker.last)


def test_what_one_run_leaves_for_the_next_is_told(catalog: Path) -> None:
    found = ikbr.lookahead(
        Remembers, "SPY", cuts=1, data=str(catalog), resolution="minute", fees="none"
    )
    assert not found.repeatable
    assert not found.is_clean


@pytest.mark.parametrize("name", ["walk_forward", "lookahead"])
def test_an_unknown_argument_is_refused_by_name(name: str) -> None:
    more = {"grid": ["a=1"], "in_sample": 1, "out_of_sample": 1} if name == "walk_forward" else {}
    with pytest.raises(UsageError, match=f"{name} has no argument 'dats'"):
        getattr(ikbr, name)("momentum", "SPY", dats=1, **more)


def test_look_ahead_wants_a_catalog() -> None:
    with pytest.raises(UsageError, match="name its folder"):
        ikbr.lookahead("momentum", "SPY", data={"SPY": None})


@pytest.mark.parametrize("door", [ikbr.optimise, ikbr.walk_forward])
def test_whatever_says_how_to_sweep_can_be_said_at_every_door(door: Any) -> None:
    known = inspect.signature(door).parameters
    assert {field.name for field in fields(SweepRequest)} <= set(known)
