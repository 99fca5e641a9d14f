"""Heat maps of a sweep: the objective over two parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ikbr.backtest.optimise.grid import Dimension
from ikbr.backtest.optimise.show import figure, parameter
from ikbr.backtest.optimise.swept import Swept
from ikbr.backtest.optimise.trial import Outcome

MOST_MAPS = 6
MOST_CELLS = 60
"""Cells along a side; more values share cells."""

TALL = 24
"""Rows of a map that are still easily seen at once."""

TEXT_COLUMNS = 14
"""Columns up to which cells show their numbers."""

STEPS = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """Show the best run of a cell.

    Attributes:
        text: Its objective in words.
        shade: Name of its colour.
        title: Its parameters and objective.
        top: Whether it is the best of all.
    """

    text: str = ""
    shade: str = ""
    title: str = "no run"
    top: bool = False


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Show two parameters.

    Attributes:
        down, across: Their names; `across` is "" when there is only one.
        columns: Values across.
        rows: Values down, each with its cells.
        dense: Whether only colours are shown.
        note: What a reader must know; may be "".
    """

    down: str
    across: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    dense: bool
    note: str


def heat_maps(swept: Swept) -> list[HeatMap]:
    """Draw the maps of all pairs of parameters, the first `MOST_MAPS`.

    Args:
        swept: The sweep.

    Returns:
        The maps; none when no run reaches the objective.
    """
    if swept.best is None:
        return []
    shades = Shades([one.figure(swept.objective.name) for one in swept.outcomes])
    varied = [one for one in swept.grid.dimensions if one.continuous or len(one.values) > 1]
    varied = varied or list(swept.grid.dimensions[:1])
    pairs: list[tuple[Dimension | None, Dimension]] = list(combinations(varied, 2))
    laid = [_laid(down, across) for down, across in pairs or [(None, varied[0])]]
    return [_map(swept, down, across, shades) for down, across in laid[:MOST_MAPS]]


def _laid(down: Dimension | None, across: Dimension) -> tuple[Dimension | None, Dimension]:
    """Lay a long list of values across, where the page is wider than high."""
    if down is not None and len(down.values) > max(TALL, len(across.values)):
        return across, down
    return down, across


class Shades:
    """Choose colours: gains and losses around zero, else from the least to the most."""

    def __init__(self, values: Sequence[float | None]) -> None:
        """Take the values that there are."""
        known = [value for value in values if value is not None]
        self._low, self._high = min(known, default=0.0), max(known, default=0.0)

    def of(self, value: float, maximise: bool) -> str:
        """Name the colour of a value."""
        if self._low < 0 < self._high:
            # Each side has its own scale: a few large losses must not hide where gains are.
            largest = self._high if value > 0 else -self._low
            step = max(1, round(STEPS * abs(value) / largest)) if value else 0
            return f"{'up' if (value > 0) == maximise else 'down'}-{step}" if step else ""
        width = self._high - self._low
        share = (value - self._low) / width if width else 1.0
        return f"h-{1 + round((STEPS - 1) * (share if maximise else 1 - share))}"


class Axis:
    """Sort the values of a parameter into cells."""

    def __init__(self, dimension: Dimension | None, outcomes: Sequence[Outcome]) -> None:
        """Choose the cells: one per value, or equal shares of a long list or a range."""
        self._name = dimension.name if dimension else ""
        values: list[Any] = list(dimension.values) if dimension else [None]
        if dimension is not None and dimension.continuous:
            values = sorted({one.parameters[self._name] for one in outcomes})
        self.shared = len(values) > MOST_CELLS
        size = -(-len(values) // MOST_CELLS) if self.shared else 1
        groups = [values[start : start + size] for start in range(0, len(values), size)]
        self.names = tuple(_name(group) for group in groups) if dimension else ("",)
        self._place = {_key(v): place for place, group in enumerate(groups) for v in group}

    def place(self, outcome: Outcome) -> int | None:
        """Give the cell of a run."""
        return self._place.get(_key(outcome.parameters.get(self._name)))


def _map(swept: Swept, down: Dimension | None, across: Dimension, shades: Shades) -> HeatMap:
    rows, columns = Axis(down, swept.outcomes), Axis(across, swept.outcomes)
    best: dict[tuple[int, int], Outcome] = {}
    for one in swept.outcomes:
        row, column = rows.place(one), columns.place(one)
        if row is None or column is None:
            continue
        if swept.objective.better(one, best.get((row, column))):
            best[row, column] = one
    shown = tuple(
        (name, tuple(_cell(swept, best.get((row, n)), shades) for n in range(len(columns.names))))
        for row, name in enumerate(rows.names)
    )
    others = [one.name for one in swept.grid.dimensions if one is not down and one is not across]
    notes = []
    if any(len(one.values) != 1 for one in swept.grid.dimensions if one.name in others):
        notes.append(f"Each cell shows its best run over {', '.join(others)}.")
    if rows.shared or columns.shared:
        notes.append("Neighbouring values share a cell, which shows the best of them.")
    dense = len(columns.names) > TEXT_COLUMNS
    name = down.name if down else swept.objective.name
    return HeatMap(name, across.name, columns.names, shown, dense, " ".join(notes))


def _cell(swept: Swept, one: Outcome | None, shades: Shades) -> Cell:
    value = one.figure(swept.objective.name) if one is not None else None
    if one is None or value is None:
        return Cell()
    text = figure(swept.objective.name, value)
    words = " ".join(f"{name}={parameter(v)}" for name, v in one.parameters.items())
    shade = shades.of(value, swept.objective.maximise)
    return Cell(text, shade, f"{words}: {text} (run {one.number})", one is swept.best)


def _name(group: Sequence[Any]) -> str:
    if len(group) == 1:
        return parameter(group[0])
    return f"{parameter(group[0])}–{parameter(group[-1])}"


def _key(value: Any) -> str:
    """Tell values apart as they come back from a file: lists for tuples."""
    return parameter(value)
