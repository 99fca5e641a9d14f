"""The engine: what a run needs, and what its end leaves behind."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.backtest.stage_rig import play, prints
from tests.unit.core.rig import Puppet

from ikbr.domain.errors import DataError


class Shy(Puppet):
    """Fail when asked about itself."""

    def describe(self) -> Any:
        raise ValueError("no words")


def test_a_strategy_that_cannot_describe_itself_does_not_lose_the_run() -> None:
    result = play(prints(100, 101), Shy())
    assert result.events == 2
    assert result.described == {"s0": {"describe failed": "ValueError: no words"}}


def test_a_source_without_sessions_is_refused_in_a_sentence() -> None:
    with pytest.raises(DataError, match="SPY: the data has no sessions"):
        play(prints(100, 101), Puppet(), sessions=())
