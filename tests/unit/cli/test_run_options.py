"""The options that several commands share."""

from __future__ import annotations

import datetime as dt
import inspect
from typing import Annotated, Any

import pytest
import typer

from ikbr.cli.backtest import command as backtest
from ikbr.cli.run_options import OUTPUTS, request_of, with_run_options
from ikbr.domain.errors import UsageError


def test_a_command_takes_the_options_of_a_run_and_its_own() -> None:
    @with_run_options(leave_out=("seed",))
    def command(
        cuts: Annotated[int, typer.Option(help="Cuts.")] = 3, days: int = 9, **run: Any
    ) -> None:
        """Do something."""

    found = inspect.signature(command).parameters
    of_run = set(inspect.signature(backtest).parameters) - set(OUTPUTS) - {"seed"}
    assert set(found) == of_run | {"cuts"}
    assert found["days"].default == 9


def test_the_options_become_a_request() -> None:
    request = request_of(
        {
            "strategy": None,
            "symbols": "SPY,KO",
            "param": ["lookback=5"],
            "start": "2026-03-02",
            "set_": ["risk.max_position_pct=0.2"],
            "fx": ["EUR=1.1"],
            "days": 3,
            "json": "-",
        }
    )
    assert request.strategy == ["momentum"]
    assert list(request.symbols) == ["SPY", "KO"]
    assert request.params == {"lookback": "5"}
    assert (request.start, request.days) == (dt.date(2026, 3, 2), 3)
    assert request.settings == {"risk.max_position_pct": "0.2"}
    assert request.fx == {"EUR": 1.1}
    assert request.quantity == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [({"quantity": 0}, "quantity 0"), ({"set_": ["x"]}, "section.key=value")],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        request_of(options)
