"""Plain-English findings about a run: what happened, why, and how far to believe it."""

from ikbr.backtest.explain.facts import Finding, RunFacts, Severity
from ikbr.backtest.explain.findings import RULES, explain

__all__ = ["RULES", "Finding", "RunFacts", "Severity", "explain"]
