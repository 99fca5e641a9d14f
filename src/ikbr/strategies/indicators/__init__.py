"""Indicators that cost the same per update however long their window is.

All share one shape: `update(...)` takes the newest observation and returns the value, `value` is
NaN and `ready` False until enough was seen, `reset()` forgets everything. An observation that is
not a finite number (NaN, infinite) is ignored: it neither moves the window nor counts as seen.
Windowed sums are rebuilt from the window now and then, so that rounding errors cannot add up
over millions of updates.
"""

from ikbr.strategies.indicators.averages import EMA, SMA
from ikbr.strategies.indicators.deviation import Bollinger, RollingStd, ZScore
from ikbr.strategies.indicators.extremes import Highest, Lowest
from ikbr.strategies.indicators.regression import RollingBeta
from ikbr.strategies.indicators.true_range import ATR
from ikbr.strategies.indicators.vwap import VWAP
from ikbr.strategies.indicators.wilder import RSI

__all__ = [
    "ATR",
    "EMA",
    "RSI",
    "SMA",
    "VWAP",
    "Bollinger",
    "Highest",
    "Lowest",
    "RollingBeta",
    "RollingStd",
    "ZScore",
]
