"""The report of a backtest: one HTML file that works offline."""

from ikbr.backtest.report.report import write_report

__all__ = ["write_report"]
