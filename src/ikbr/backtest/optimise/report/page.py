"""The page of a sweep: gather what it shows, fill the template, embed everything."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ikbr.backtest.explain.facts import count
from ikbr.backtest.optimise.console import assigned
from ikbr.backtest.optimise.report.heat_map import heat_maps
from ikbr.backtest.optimise.show import figure, parameter
from ikbr.backtest.report.header import Fact
from ikbr.backtest.report.identity import grouped
from ikbr.backtest.report.tables import Cell, Column, Table
from ikbr.backtest.report.wording import NOTHING, Words, duration, setting, tone

if TYPE_CHECKING:
    from jinja2 import Environment

    from ikbr.backtest.optimise.swept import Swept
    from ikbr.backtest.optimise.trial import Outcome

ROWS = 1_000
"""Most runs in the table; the Parquet file has them all."""

DOTS = 2_000
"""Most points of the course; beyond that every n-th run is drawn."""

FIGURES = (
    "net_pnl",
    "sharpe",
    "max_drawdown",
    "fill_count",
    "trips",
    "win_rate",
    "profit_factor",
    "commission",
)


@dataclass(frozen=True, slots=True)
class Course:
    """Draw the objective run by run, in a box of 1000 by 200.

    Attributes:
        dots: Every run.
        line: The best so far.
        zero: Height of zero; None when it is outside.
        first, last: First value and best of all, in words.
        first_number, last_number: Numbers of the first and last run drawn.
    """

    dots: list[tuple[float, float]]
    line: str
    zero: float | None
    first: str
    last: str
    first_number: int
    last_number: int


def render_sweep(swept: Swept) -> str:
    """Render the report of a sweep.

    Args:
        swept: The sweep.

    Returns:
        One HTML page that needs nothing else; all text of people or strategies is escaped.
    """
    words = Words(str(swept.settings.get("base", "USD")))
    template = _environment().get_template("sweep.html.j2")
    return template.render(
        swept=swept,
        best=assigned(swept.best) if swept.best else "",
        facts=_facts(swept, words),
        tiles=_tiles(swept, words),
        maps=heat_maps(swept),
        table=_table(swept, words),
        course=_course(swept, words),
        settings=grouped(swept.settings),
        assets=_assets(),
    )


def _facts(swept: Swept, words: Words) -> list[Fact]:
    first, last = swept.dates
    rule, fees = setting(swept.settings, "fill"), setting(swept.settings, "fees")
    latency = setting(swept.settings, "latency_ms")
    return [
        Fact("Dates", f"{first}" if first == last else f"{first} – {last}"),
        Fact("Capital", words.money(swept.capital)),
        Fact("Data", swept.resolution, count(swept.events, "event")),
        Fact("Fill rule", str(rule or NOTHING)),
        Fact("Latency", NOTHING if latency is None else f"{float(latency):g} ms"),
        Fact("Fees", str(fees or NOTHING)),
        Fact("Chosen by", swept.sampler),
        Fact("Ran in", ", ".join(swept.paths) or NOTHING, swept.why_engine),
    ]


def _tiles(swept: Swept, words: Words) -> list[Fact]:
    name, best = swept.objective.name, swept.best
    direction = "most is best" if swept.objective.maximise else "least is best"
    known = [v for one in swept.outcomes if (v := one.figure(name)) is not None]
    known.sort()
    middle = known[len(known) // 2] if known else None
    value = best.figure(name) if best else None
    gains = sum((one.figure("net_pnl") or 0) > 0 for one in swept.outcomes)
    earned = best.figure("net_pnl") if best else None
    total = len(swept.outcomes)
    spent = sum(one.seconds for one in swept.outcomes)
    share = f"of {count(total, 'run')}"
    return [
        Fact(f"Best {name}", figure(name, value, words), direction, _tone(name, value)),
        Fact("Its net P&L", words.money(earned, signed=True), "after all costs", tone(earned)),
        Fact(f"Median {name}", figure(name, middle, words), share, _tone(name, middle)),
        Fact("Profitable", f"{gains:,}", share),
        Fact("Runs", f"{total:,}", _failures(swept, duration(spent))),
    ]


def _failures(swept: Swept, spent: str) -> str:
    failed = f", {len(swept.failed):,} failed" if swept.failed else ""
    return f"{spent} of computing{failed}"


def _tone(name: str, value: float | None) -> str:
    return tone(value) if name in ("net_pnl", "sharpe", "sortino", "total_return") else ""


def _table(swept: Swept, words: Words) -> Table:
    names = list(dict.fromkeys((swept.objective.name, *FIGURES)))
    columns = [
        Column("Run", numeric=True),
        *(Column(name, numeric=True) for name in swept.grid.names),
        *(Column(name, numeric=True) for name in names),
        Column("Failure"),
    ]
    if not swept.failed:
        columns.pop()
    ranked = swept.ranked
    rows = [_row(swept, one, names, words) for one in ranked[:ROWS]]
    return Table(tuple(columns), rows, len(ranked))


def _row(swept: Swept, one: Outcome, names: list[str], words: Words) -> list[Cell]:
    cells = [Cell(f"{one.number}", sort=one.number)]
    for name in swept.grid.names:
        value = one.parameters.get(name)
        sort = value if isinstance(value, int | float) else None
        cells.append(Cell(parameter(value), sort=sort))
    for name in names:
        known = one.figure(name)
        cells.append(Cell(figure(name, known, words), _tone(name, known), sort=known))
    return [*cells, Cell(one.error)] if swept.failed else cells


def _course(swept: Swept, words: Words) -> Course | None:
    name, objective = swept.objective.name, swept.objective
    known = [(one.number, v) for one in swept.outcomes if (v := one.figure(name)) is not None]
    if not known:
        return None
    so_far: list[float] = []
    for _, value in known:
        standing = so_far[-1] if so_far else value
        so_far.append(max(value, standing) if objective.maximise else min(value, standing))
    low, high = min(v for _, v in known), max(v for _, v in known)
    first, last = known[0][0], known[-1][0]

    def x(number: int) -> float:
        return round(5 + 990 * (number - first) / max(1, last - first), 1)

    def y(value: float) -> float:
        return round(195 - 190 * (value - low) / ((high - low) or 1), 1)

    step = -(-len(known) // DOTS)
    drawn = list(zip(known, so_far, strict=True))[::step]
    line = [f"{x(first)},{y(so_far[0])}"]
    # Steps, not slopes: between two runs nothing was better.
    for (number, _), best in [*drawn, (known[-1], so_far[-1])]:
        line += [f"{x(number)},{line[-1].partition(',')[2]}", f"{x(number)},{y(best)}"]
    return Course(
        dots=[(x(number), y(value)) for (number, value), _ in drawn],
        line=" ".join(line),
        zero=y(0.0) if low < 0 < high else None,
        first=figure(name, known[0][1], words),
        last=figure(name, so_far[-1], words),
        first_number=first,
        last_number=last,
    )


@cache
def _assets() -> dict[str, str]:
    """Read what is embedded, and fingerprint the script: the page runs no other."""
    own = files("ikbr.backtest.optimise.report").joinpath("assets")
    shared = files("ikbr.backtest.report").joinpath("assets")
    script = own.joinpath("sweep.js").read_text(encoding="utf-8").strip()
    style = shared.joinpath("report.css").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return {
        "script": script,
        "style": style + "\n" + own.joinpath("sweep.css").read_text(encoding="utf-8").strip(),
        "allowed": f"'sha256-{digest}'",
    }


@cache
def _environment() -> Environment:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    loaders: list[Any] = [
        PackageLoader("ikbr.backtest.optimise.report"),
        PackageLoader("ikbr.backtest.report"),
    ]
    return Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
