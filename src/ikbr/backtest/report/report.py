"""Write the report: gather what it shows, fill the templates, embed everything."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ikbr.backtest.report.charts import MARKERS, chart_data
from ikbr.backtest.report.header import run_facts, tiles
from ikbr.backtest.report.identity import grouped, identity, log_lines
from ikbr.backtest.report.results import (
    algorithm_rows,
    all_numbers,
    cost_parts,
    heat_rows,
    month_names,
    part_rows,
)
from ikbr.backtest.report.tables import fill_table, refused_rules, trip_table
from ikbr.backtest.report.wording import Words, words_for
from ikbr.data.atomic import Replacing
from ikbr.domain.errors import UsageError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from jinja2 import Environment

    from ikbr.backtest.result import BacktestResult

LIBRARY = "lightweight-charts"


WHAT = {
    "backtest": "Backtest",
    "paper": "Paper trading",
    "live": "Live trading",
    "shadow": "Shadow session, in which nothing was sent,",
}
"""What the page is about, by mode."""


def write_report(result: BacktestResult, path: Path | str) -> Path:
    """Write the report of a run as one HTML file that needs nothing else.

    Args:
        result: What a backtest gave.
        path: Where to; folders are made, an older report is replaced.

    Returns:
        The path of the report.

    Raises:
        UsageError: When the file cannot be written.
    """
    target = Path(path)
    page = render_report(result)
    try:
        with Replacing(target) as temporary:
            temporary.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(
            f"report {str(target)!r} cannot be written ({error.strerror or error}); "
            "choose another file with --report."
        ) from error
    return target


def render_report(result: BacktestResult) -> str:
    """Make the page.

    Args:
        result: What a backtest gave.

    Returns:
        HTML; whatever comes from people or strategies is escaped in it.
    """
    words = words_for(result.instruments, result.settings)
    charts = chart_data(result, words)
    template = environment().get_template("report.html.j2")
    return template.render(
        result=result,
        what=WHAT[result.mode],
        words=words,
        charts=charts,
        marker_limit=MARKERS,
        chart_json=json_for_script(charts),
        facts=run_facts(result, words),
        tiles=tiles(result, words),
        findings=sorted(result.findings, key=lambda finding: -finding.severity),
        fills=fill_table(result, words),
        refused=refused_rules(result, words),
        settings=grouped(result.settings),
        params=grouped(result.params),
        described=grouped(result.described),
        identity=identity(result),
        log=log_lines(result, words),
        assets=page_assets(),
        **_summary_parts(result, words),
    )


def _summary_parts(result: BacktestResult, words: Words) -> dict[str, Any]:
    summary = result.summary
    if summary is None:
        names = (
            "months", "month_names", "by_symbol", "by_strategy", "by_algorithm", "costs", "numbers"
        )  # fmt: skip
        return {name: [] for name in names} | {"trips": None, "cost_total": ""}
    return {
        "months": heat_rows(summary.monthly),
        "month_names": month_names(summary.monthly),
        "by_symbol": part_rows(summary.by_symbol, words),
        "by_strategy": part_rows(summary.by_strategy, words),
        "by_algorithm": algorithm_rows(summary.by_algorithm, words),
        "costs": cost_parts(summary.costs, words),
        "cost_total": words.money(summary.costs.total),
        "numbers": all_numbers(summary, words),
        "trips": trip_table(summary.round_trips, words),
    }


def json_for_script(value: Any) -> str:
    r"""Write JSON that cannot end the script element it stands in.

    Args:
        value: Plain values.

    Returns:
        JSON without `<`, `>` and `&`.

    >>> json_for_script({"a": "</script>"})
    '{"a":"\\u003c/script\\u003e"}'
    """
    import orjson

    text = orjson.dumps(value).decode()
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


@cache
def page_assets() -> dict[str, str]:
    """Read what pages embed, and fingerprint the scripts: a page runs no others.

    Returns:
        `library`, `script`, `style`, `notice`, `licence`, and `allowed` for the page's policy.
    """
    own, shared = files("ikbr.backtest.report") / "assets", files("ikbr") / "assets"
    scripts = {
        "library": _text(shared, f"{LIBRARY}.standalone.production.js"),
        "script": _text(own, "report.js"),
    }
    allowed = " ".join(f"'sha256-{_digest(text)}'" for text in scripts.values())
    return scripts | {
        "style": _text(own, "report.css"),
        "notice": _text(shared, f"{LIBRARY}.NOTICE.txt"),
        "licence": _text(shared, f"{LIBRARY}.LICENSE.txt"),
        "allowed": allowed,
    }


def _text(folder: Traversable, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8").strip()


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def environment(package: str = "") -> Environment:
    """Give the templates of a page.

    Args:
        package: A package with templates of its own, found before those of this report; "" for
            this report's alone.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    packages = [name for name in (package, "ikbr.backtest.report") if name]
    return Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
