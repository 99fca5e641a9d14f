"""A result says in one line what came of it."""

from __future__ import annotations

from tests.unit.backtest.results import make_result


def test_a_result_shows_itself_in_a_line() -> None:
    shown = repr(make_result())
    assert shown.startswith("BacktestResult(")
    assert "net P&L" in shown
    assert len(shown) < 300
