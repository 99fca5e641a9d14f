"""The page of a walk-forward: gather what it shows, fill the template, embed everything."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from ikbr.backtest.analytics.drawdown import drawdowns
from ikbr.backtest.optimise.show import figure, parameter
from ikbr.backtest.report.charts import packed
from ikbr.backtest.report.header import Fact
from ikbr.backtest.report.identity import grouped
from ikbr.backtest.report.report import environment, json_for_script, page_assets
from ikbr.backtest.report.tables import Cell, Column, Table
from ikbr.backtest.report.wording import NOTHING, Words, number, percent, setting, tone
from ikbr.backtest.validation.console import how_it_ran
from ikbr.backtest.validation.findings import findings_of
from ikbr.backtest.validation.report.belief import logit_histogram, luck_facts
from ikbr.backtest.validation.report.maps import around_facts, maps_of, profiles_of
from ikbr.backtest.validation.walked import Walked, WindowResult

PACKAGE = "ikbr.backtest.validation.report"

LINES = 40
"""Most windows in the drawing of how the sessions were split."""


@dataclass(frozen=True, slots=True)
class Line:
    """Draw one window: where its parts begin and how long they are, percent of all sessions.

    Attributes:
        name: Of the window.
        train, test: Start and length.
        tone: Of the result out of sample.
        title: In words.
    """

    name: str
    train: tuple[float, float]
    test: tuple[float, float]
    tone: str
    title: str


def render_walk(walked: Walked) -> str:
    """Render the report of a walk-forward.

    Args:
        walked: What it gave.

    Returns:
        One HTML page that needs nothing else; all text of people or strategies is escaped.
    """
    words = Words(str(walked.settings.get("base", "USD")))
    charts = _charts(walked, words)
    template = environment(PACKAGE).get_template("walk.html.j2")
    return template.render(
        walked=walked,
        words=words,
        charts=charts,
        chart_json=json_for_script(charts),
        facts=_facts(walked, words),
        tiles=_tiles(walked, words),
        findings=findings_of(walked),
        lines=_lines(walked, words),
        table=_table(walked, words),
        drift=_drift(walked),
        luck=luck_facts(walked.judgement) if walked.judgement else [],
        histogram=logit_histogram(walked.judgement) if walked.judgement else None,
        around=around_facts(walked),
        maps=maps_of(walked),
        profiles=profiles_of(walked),
        settings=grouped(walked.settings),
        ran=how_it_ran(walked),
        assets=page_assets(),
    )


def _facts(walked: Walked, words: Words) -> list[Fact]:
    dates = walked.layout.dates
    rule, fees = setting(walked.settings, "fill"), setting(walked.settings, "fees")
    direction = "more is better" if walked.objective.maximise else "less is better"
    gap = f"{walked.purge} purged" if walked.purge else "no gap"
    return [
        Fact("Dates", f"{dates[0]} – {dates[-1]}", f"{len(dates):,} sessions"),
        Fact("Split", walked.scheme, f"{walked.in_sample} + {walked.out_of_sample}, {gap}"),
        Fact("Objective", walked.objective.name, direction),
        Fact("Trials per window", f"{walked.layout.trials:,}", walked.sampler),
        Fact("Capital", words.money(walked.capital)),
        Fact("Data", walked.resolution),
        Fact("Fill rule", str(rule or NOTHING)),
        Fact("Fees", str(fees or NOTHING)),
    ]


def _tiles(walked: Walked, words: Words) -> list[Fact]:
    stitched, judgement = walked.stitched, walked.judgement
    deflated = judgement.deflated if judgement else None
    overfit = judgement.overfitting if judgement else None
    likely = percent(stitched.probabilistic_sharpe, 0)
    return [
        Fact("Return out of sample", percent(stitched.total_return, signed=True),
             f"{len(stitched.days):,} sessions, compounded", tone(stitched.total_return)),
        Fact("Sharpe out of sample", number(stitched.sharpe), f"above 0 with {likely}",
             tone(stitched.sharpe)),
        Fact("Max drawdown", percent(stitched.max_drawdown), "out of sample"),
        Fact("Efficiency", percent(stitched.efficiency, 0), "profit per session, out over in"),
        Fact("Profitable windows", percent(stitched.profitable, 0),
             f"of {len(walked.windows):,}"),
        Fact("Net P&L out of sample", words.money(stitched.net_pnl, signed=True),
             "windows added up", tone(stitched.net_pnl)),
        Fact("Deflated Sharpe", percent(deflated.deflated if deflated else None, 0),
             "probability of more than luck"),
        Fact("Overfitting", percent(overfit.probability if overfit else None, 0),
             "probability (CSCV)"),
        Fact("Drop around the best", _drop(walked), "mean of its neighbours"),
        Fact("Runs", f"{len(walked.outcomes):,}", f"{walked.made:,} in this session"),
    ]  # fmt: skip


def _drop(walked: Walked) -> str:
    around = walked.judgement.neighbourhood if walked.judgement else None
    return percent(around.drop, 0) if around is not None else NOTHING


def _charts(walked: Walked, words: Words) -> dict[str, Any]:
    """Draw the equity at the end of every session."""
    stitched = walked.stitched
    times = np.array([_evening(day) for day in stitched.days], dtype=np.int64)
    equity = np.array(stitched.equity, dtype=np.float64)
    fallen = -100.0 * drawdowns(np.concatenate(([walked.capital], equity)))[1:]
    return {
        "zone": words.zone,
        "currency": words.currency,
        "capital": round(walked.capital, 2),
        "equity": packed(times, equity, words.zone, 2),
        "drawdown": packed(times, fallen, words.zone, 4),
        "prices": [],
    }


def _evening(day: dt.date) -> int:
    """Give a moment near the end of a day's session, on the same date in every American zone."""
    return int(dt.datetime.combine(day, dt.time(20), dt.UTC).timestamp()) * 1_000_000_000


def _lines(walked: Walked, words: Words) -> list[Line]:
    whole = len(walked.layout.dates)

    def part(ends: tuple[int, int]) -> tuple[float, float]:
        return round(100 * ends[0] / whole, 2), round(100 * (ends[1] - ends[0]) / whole, 2)

    pairs = zip(walked.layout.windows, walked.windows, strict=True)
    return [
        Line(
            str(window.number),
            part(window.train),
            part(window.test),
            tone(result.test_pnl),
            f"in-sample {result.train.first} to {result.train.last}, out of sample "
            f"{result.test.first} to {result.test.last}: "
            f"{words.money(result.test_pnl, signed=True)}",
        )
        for window, result in list(pairs)[:LINES]
    ]


def _table(walked: Walked, words: Words) -> Table:
    name = walked.objective.name
    columns = [
        Column("Window", numeric=True),
        Column("In-sample"),
        Column("Out of sample"),
        *(Column(one, numeric=True) for one in walked.grid.names),
        Column(f"{name} in", numeric=True),
        Column(f"{name} out", numeric=True),
        Column("P&L in", numeric=True),
        Column("P&L out", numeric=True),
        Column("Efficiency", numeric=True),
        Column("Fills out", numeric=True),
    ]
    if any(one.note for one in walked.windows):
        columns.append(Column("Note"))
    rows = [_row(walked, one, words)[: len(columns)] for one in walked.windows]
    return Table(tuple(columns), rows, len(rows))


def _row(walked: Walked, one: WindowResult, words: Words) -> list[Cell]:
    name, chosen = walked.objective.name, one.parameters or {}
    return [
        Cell(f"{one.number}", sort=one.number),
        Cell(f"{one.train.first} – {one.train.last}"),
        Cell(f"{one.test.first} – {one.test.last}"),
        *(Cell(parameter(chosen[key]) if key in chosen else NOTHING) for key in walked.grid.names),
        Cell(figure(name, one.in_sample, words), sort=one.in_sample),
        Cell(figure(name, one.out_of_sample, words), sort=one.out_of_sample),
        Cell(words.money(one.train_pnl, signed=True), tone(one.train_pnl), one.train_pnl),
        Cell(words.money(one.test_pnl, signed=True), tone(one.test_pnl), one.test_pnl),
        Cell(percent(one.efficiency, 0), sort=one.efficiency),
        Cell(f"{one.fills:,}", sort=one.fills),
        Cell(one.note),
    ]


def _drift(walked: Walked) -> list[tuple[str, str, str, str]]:
    """Give name, choices, changes and mean step of each parameter."""
    found = []
    for one in walked.drift:
        values = " → ".join(parameter(value) for value in one.values)
        changes = f"{one.changes} of {max(len(one.values) - 1, 0)}"
        found.append((one.name, values or NOTHING, changes, percent(one.mean_step, 0)))
    return found
