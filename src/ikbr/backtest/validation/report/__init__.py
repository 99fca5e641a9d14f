"""The report of a walk-forward: one HTML file that works offline."""

from ikbr.backtest.validation.report.page import render_walk

__all__ = ["render_walk"]
