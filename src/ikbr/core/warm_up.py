"""Warming up: strategies see past bars before the first tick, so that they start with a view."""

from __future__ import annotations

from collections.abc import Sequence

from ikbr.core.bars import BarSpec
from ikbr.core.ports import History
from ikbr.core.trader import Trader
from ikbr.domain.errors import InvariantError
from ikbr.domain.events import Bar
from ikbr.strategies.answers import decisions
from ikbr.strategies.running import FAULTS, Running


def warm_up(
    trader: Trader, history: History | None, before_ns: int, data_bars: str = ""
) -> list[str]:
    """Show strategies the past bars that they ask for; what they answer is dropped.

    Bars of several symbols come in order of their ends; at equal ends in the order of the
    strategy's symbols.

    Args:
        trader: Whose strategies; they were told of the start.
        history: Gives the past; None where there is none.
        before_ns: Nothing that ended later is shown, ns UTC: the first open or the first data.
        data_bars: Length of the bars of the data ("1min"), for strategies that name no bars of
            their own; "" on ticks.

    Returns:
        A sentence for every strategy that got fewer bars than it asked for.

    Raises:
        InvariantError: When the history gives a bar that ended later.
    """
    notes = []
    for running in trader.manager.running:
        if running.enabled and running.strategy.warmup > 0:
            notes += _warm_up(trader, running, history, before_ns, data_bars)
    return notes


def _warm_up(
    trader: Trader, running: Running, history: History | None, before_ns: int, data_bars: str
) -> list[str]:
    wanted, own = running.strategy.warmup, running.strategy.bars
    text = own[0] if own else data_bars
    asks = f"{running.name} asks for {wanted} past bars"
    if not text:
        return [f"{asks} but names no `bars`: it got none."]
    if own and not BarSpec(text).by_time:
        return [f"{asks} of {text}, and only bars by time can be had: it got none."]
    if history is None:
        return [f"{asks} of {text}, and the data of this run has no past: it got none."]
    notes: list[str] = []
    found: list[Bar] = []
    for symbol in running.symbols:
        bars = _past(history, symbol, text, before_ns, wanted)
        found += bars
        if len(bars) < wanted:
            notes.append(f"{asks} of {text}; {len(bars)} of {symbol} are held.")
    for bar in sorted(found, key=lambda bar: bar.end_ns):
        if running.enabled:
            _show(trader, running, bar)
    return notes


def _past(history: History, symbol: str, text: str, before_ns: int, wanted: int) -> Sequence[Bar]:
    bars = history.bars(symbol, text, before_ns, wanted)
    if bars and bars[-1].end_ns > before_ns:
        raise InvariantError(
            f"past bars of {symbol} end at {bars[-1].end_ns}, after {before_ns}; a history may "
            f"give nothing that the run has still to show."
        )
    return bars


def _show(trader: Trader, running: Running, bar: Bar) -> None:
    try:
        # A generator does its work only when it is run to its end.
        decisions(running.on_bar(bar), f"{type(running.strategy).__name__}.on_bar")
    except FAULTS as error:  # a person's code may raise anything
        trader.disable(running, error)
