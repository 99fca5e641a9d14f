"""The page of a sweep."""

from ikbr.backtest.optimise.swept import Swept


def render_sweep(swept: Swept) -> str:
    """Render the report."""
    return ""
