"""Sessions on paper and live: what is made ready before anything is connected."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from ikbr.api.request import Request
from ikbr.api.trade import TradeRequest, prepare_session


def test_two_bots_that_begin_in_the_same_second_have_folders_of_their_own(tmp_path: Path) -> None:
    run = Request(symbols=("SPY",), settings={"session.dir": str(tmp_path)})
    now = dt.datetime(2026, 3, 2, 14, 30, tzinfo=dt.UTC)
    request = TradeRequest(mode="paper", run=run)
    folders = [prepare_session(request, now).folder.name for _ in range(3)]
    name = "2026-03-02T143000-paper"
    assert folders == [name, f"{name}-2", f"{name}-3"]
