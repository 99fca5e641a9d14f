"""A comparison as a page: one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from ikbr.backtest.compare.comparison import Comparison
from ikbr.backtest.compare.wording import cause_rows, difference_rows, side_rows, verdict
from ikbr.backtest.report.report import environment, page_assets
from ikbr.backtest.report.wording import Words
from ikbr.data.atomic import Replacing
from ikbr.domain.errors import UsageError

PACKAGE = "ikbr.backtest.compare"


def render_comparison(comparison: Comparison, name: str, words: Words) -> str:
    """Make the page.

    Args:
        comparison: What to show.
        name: Of the session.
        words: Writes numbers and times.
    """
    template = environment(PACKAGE).get_template("comparison.html.j2")
    return template.render(
        name=name,
        comparison=comparison,
        words=words,
        verdict=verdict(comparison, words),
        sides=side_rows(comparison, words),
        causes=cause_rows(comparison, words),
        differences=difference_rows(comparison, words),
        style=page_assets()["style"],
    )


def write_comparison(comparison: Comparison, name: str, words: Words, path: Path) -> None:
    """Write the page.

    Raises:
        UsageError: When the file cannot be written.
    """
    page = render_comparison(comparison, name, words)
    try:
        with Replacing(path) as temporary:
            temporary.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(
            f"report '{path}' cannot be written ({error.strerror or error}); name another file."
        ) from None
