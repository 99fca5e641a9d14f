"""Heat maps and profiles of the report."""

from __future__ import annotations

from dataclasses import dataclass

from ikbr.backtest.optimise.show import figure
from ikbr.backtest.report.header import Fact
from ikbr.backtest.report.wording import NOTHING, percent
from ikbr.backtest.validation.stability import Heat
from ikbr.backtest.validation.walked import Walked

STEPS = 5

TEXT_COLUMNS = 14
"""Columns up to which cells show their numbers."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Show one score.

    Attributes:
        text: In words.
        shade: Name of its colour.
        top: Whether the best is here.
        title: What it is, for the pointer.
    """

    text: str
    shade: str
    top: bool
    title: str


@dataclass(frozen=True, slots=True)
class Map:
    """Show the objective over two parameters.

    Attributes:
        x, y: Their names.
        xs: Values across.
        rows: Values down, each with its cells.
        dense: Whether only colours are shown.
        note: What a cell is.
    """

    x: str
    y: str
    xs: tuple[str, ...]
    rows: list[tuple[str, list[Cell]]]
    dense: bool
    note: str


class Scores:
    """Write and colour scores as the objective's own figure."""

    def __init__(self, walked: Walked) -> None:
        """Take the range of all scores."""
        self._name = walked.objective.name
        self._sign = 1.0 if walked.objective.maximise else -1.0
        judgement = walked.judgement
        maps = judgement.maps if judgement is not None else ()
        profiles = judgement.profiles.values() if judgement is not None else ()
        known = [s for heat in maps for row in heat.scores for s in row if s is not None]
        known += [score for one in profiles for _, score in one if score is not None]
        self._low, self._high = min(known, default=0.0), max(known, default=0.0)

    def text(self, score: float | None) -> str:
        """Write a score."""
        return NOTHING if score is None else figure(self._name, self._sign * score)

    def shade(self, score: float | None) -> str:
        """Colour it: around zero where there are losses, else from worst to best."""
        if score is None:
            return ""
        if self._low < 0.0 and (self._high > 0.0 or self._sign > 0.0):
            largest = max(-self._low, self._high)
            step = round(STEPS * abs(score) / largest)
            return f"{'up' if score > 0 else 'down'}-{step}" if step else ""
        width = self._high - self._low
        return f"up-{1 + round((STEPS - 1) * (score - self._low) / width)}" if width else ""


def maps_of(walked: Walked) -> list[Map]:
    """Draw the maps of parameter stability.

    Args:
        walked: What the walk gave.

    Returns:
        One for each pair of parameters that was looked at.
    """
    judgement = walked.judgement
    scores = Scores(walked)
    return [_map(heat, scores) for heat in judgement.maps] if judgement is not None else []


def profiles_of(walked: Walked) -> list[Map]:
    """Draw the mean objective by each parameter alone, as a map of one row."""
    if walked.judgement is None:
        return []
    scores = Scores(walked)
    name = walked.objective.name
    return [
        Map(
            key,
            name,
            tuple(value for value, _ in line),
            [("mean", [Cell(scores.text(s), scores.shade(s), False, f"{key}={v}: "
                            f"{scores.text(s)}") for v, s in line])],
            len(line) > TEXT_COLUMNS,
            "",
        )
        for key, line in walked.judgement.profiles.items()
    ]  # fmt: skip


def around_facts(walked: Walked) -> list[Fact]:
    """Say what lies around the best."""
    judgement = walked.judgement
    if judgement is None or judgement.neighbourhood is None:
        return []
    around, scores = judgement.neighbourhood, Scores(walked)
    return [
        Fact(f"Best {judgement.objective}", scores.text(around.best)),
        Fact("Mean of its neighbours", scores.text(around.mean), f"{around.count:,} of them"),
        Fact("Worst neighbour", scores.text(around.worst)),
        Fact("Drop from the best to the mean", percent(around.drop, 0)),
        Fact("Neighbours without a figure", f"{around.unknown:,}"),
    ]


def _map(heat: Heat, scores: Scores) -> Map:
    note = "Each cell is the mean over the other parameters." if heat.pooled else ""
    rows = [
        (
            heat.ys[row],
            [
                Cell(
                    scores.text(score),
                    scores.shade(score),
                    heat.best == (row, column),
                    f"{heat.x}={heat.xs[column]}, {heat.y}={heat.ys[row]}: {scores.text(score)}",
                )
                for column, score in enumerate(line)
            ],
        )
        for row, line in enumerate(heat.scores)
    ]
    return Map(heat.x, heat.y, heat.xs, rows, len(heat.xs) > TEXT_COLUMNS, note)
