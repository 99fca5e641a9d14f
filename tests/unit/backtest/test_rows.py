"""The reference replay: cutting the tape into blocks changes nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.backtest.stage_rig import Row, play, row
from tests.unit.core.rig import Puppet, buy, sell, signal

from ikbr.backtest import rows as replay
from ikbr.domain.tape import Kind

SYMBOLS = ("SPY", "KO", "IBM")
PHASES = (Kind.BAR_OPEN, Kind.BAR_HIGH, Kind.BAR_LOW, Kind.BAR_CLOSE)


def random_bars(seed: int, count: int, symbols: int) -> list[Row]:
    """Write bars of several symbols, interleaved; some are missing, some end at other times."""
    draw = random.Random(seed)
    rows: list[Row] = []
    for minute in range(count):
        for number, symbol in enumerate(SYMBOLS[:symbols]):
            if draw.random() < 0.1:
                continue
            opened = round(100 + draw.uniform(-2, 2), 2)
            close = round(opened + draw.uniform(-1, 1), 2)
            high = round(max(opened, close) + draw.uniform(0, 2), 2)
            low = round(min(opened, close) - draw.uniform(0, 2), 2)
            times = (0, 15, 30, draw.choice((45, 59)))
            for phase, at, price in zip(PHASES, times, (opened, high, low, close), strict=True):
                size = 100 if phase is Kind.BAR_CLOSE else 0
                rows.append(
                    row(minute * 60.0 + at + number / 10, phase, symbol, last=price, size=size)
                )
    return rows


def run(rows: list[Row], symbols: int, seed: int) -> Any:
    """Trade at random moments that depend on the data alone."""
    puppet = Puppet(short=True)

    def act(ticker: Any) -> Any:
        draw = random.Random(seed * 1_000_003 + puppet.count("on_market_data"))
        if draw.random() < 0.8:
            return None
        name, price = ticker.symbol, round(ticker.last, 2)
        return draw.choice((
            signal("BUY", name), signal("SELL", name), signal("FLAT", name),
            buy(10, name, stop_loss=round(price - 1, 2), take_profit=round(price + 1, 2)),
            sell(10, name, stop_loss=round(price + 1, 2), take_profit=round(price - 1, 2)),
        ))  # fmt: skip

    puppet.does["on_market_data"] = act
    result = play(rows, puppet, symbols=SYMBOLS[:symbols], resolution="minute")
    seen = [repr(heard[1:]) for heard in puppet.heard if heard[0] == "on_bar"]
    return repr(list(result.fills)), result.final_equity, [repr(o) for o in result.orders], seen


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 3), st.integers(1, 14))
@settings(max_examples=60, deadline=None)
def test_bars_that_lie_across_blocks_take_the_same_path(
    seed: int, count: int, symbols: int, block: int
) -> None:
    rows = random_bars(seed, count, symbols)
    if not rows:
        return
    whole = run(rows, symbols, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "BLOCK", block)
        assert run(rows, symbols, seed) == whole
