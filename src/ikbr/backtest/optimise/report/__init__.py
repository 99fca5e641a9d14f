"""The report of a sweep: one HTML file that needs nothing else."""

from ikbr.backtest.optimise.report.page import render_sweep

__all__ = ["render_sweep"]
