"""What a run was worth, in numbers.

Functions take numpy arrays and return a float, or None where the number is undefined: never NaN
or infinity, so that everything can be written as JSON. `summarise` gathers them all.
"""

from ikbr.backtest.analytics.inputs import SummaryInputs
from ikbr.backtest.analytics.summary import Summary, summarise

__all__ = ["Summary", "SummaryInputs", "summarise"]
