import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest

from ikbr.backtest.optimise.as_json import sweep_to_json
from ikbr.backtest.optimise.grid import Dimension, Grid
from ikbr.backtest.optimise.objective import Objective
from ikbr.backtest.optimise.report import render_sweep
from ikbr.backtest.optimise.report.heat_map import MOST_CELLS, Shades, heat_maps
from ikbr.backtest.optimise.swept import Swept
from ikbr.backtest.optimise.trial import Outcome

A = Dimension("a", (1, 2, 3))
B = Dimension("b", (0.1, 0.2))
C = Dimension("c", ("x", "<b>"))


def worth(parameters: dict[str, Any]) -> float:
    return float(parameters["a"]) - 2 + (1 if parameters.get("c") == "<b>" else 0)


def swept(*dimensions: Dimension, **more: Any) -> Swept:
    grid = Grid(dimensions)
    outcomes = [
        Outcome(
            number=number,
            parameters=point,
            metrics={"net_pnl": worth(point), "sharpe": worth(point), "fill_count": 3.0},
            session_equity=((dt.date(2026, 3, 2), 100.0 + number),),
        )
        for number, point in enumerate(grid)
    ]
    given: dict[str, Any] = {
        "strategy": "mine", "symbols": ("SPY",), "events": 10, "resolution": "tick",
        "dates": (dt.date(2026, 3, 2), dt.date(2026, 3, 3)), "synthetic": True, "settings": {},
        "capital": 100.0, "grid": grid, "sampler": "grid", "objective": Objective(),
        "outcomes": outcomes, "resumed": 0, "made": len(outcomes), "seconds": 1.0,
        "where": "engine", "why_engine": "", "folder": Path("sweeps/x"),
    }  # fmt: skip
    return Swept(**(given | more))


def test_every_pair_of_parameters_has_a_map() -> None:
    found = heat_maps(swept(A, B, C))
    assert [(one.down, one.across) for one in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found[0].note == "Each cell shows its best run over c."


def test_a_cell_shows_the_best_over_what_is_not_on_the_map() -> None:
    by_b = heat_maps(swept(A, B, C))[0]
    name, cells = by_b.rows[0]
    assert (name, cells[0].text) == ("1", "0.000")
    assert cells[0].title.startswith("a=1 b=0.1 c=<b>: ")


def test_the_best_of_all_is_marked_once_in_each_map() -> None:
    for one in heat_maps(swept(A, B, C)):
        assert sum(cell.top for _, cells in one.rows for cell in cells) == 1


def test_one_parameter_makes_a_row() -> None:
    (only,) = heat_maps(swept(A))
    assert (only.across, only.columns, len(only.rows)) == ("a", ("1", "2", "3"), 1)


def test_many_values_share_cells_and_the_map_says_so() -> None:
    (only,) = heat_maps(swept(Dimension("a", tuple(range(150))), B))
    assert (only.down, only.across) == ("b", "a")
    assert len(only.columns) <= MOST_CELLS
    assert "share a cell" in only.note
    assert only.columns[0] == "0–2"


@pytest.mark.parametrize(
    ("values", "value", "maximise", "shade"),
    [
        ([-2.0, 1.0], -2.0, True, "down-5"),
        ([-2.0, 1.0], 1.0, True, "up-5"),
        ([-2.0, 1.0], 1.0, False, "down-5"),
        ([1.0, 3.0], 3.0, True, "h-5"),
        ([1.0, 3.0], 3.0, False, "h-1"),
        ([1.0, None], 1.0, True, "h-5"),
    ],
)
def test_colours_tell_good_from_bad(
    values: list[float | None], value: float, maximise: bool, shade: str
) -> None:
    assert Shades(values).of(value, maximise) == shade


def test_the_page_is_labelled_escaped_and_needs_nothing_else() -> None:
    page = render_sweep(swept(A, B, C))
    assert "SYNTHETIC DATA" in page
    assert "SYNTHETIC DATA" not in render_sweep(swept(A, B, C, synthetic=False))
    assert "<b>:" not in page
    assert "c=&lt;b&gt;" in page
    assert not re.findall(r"(?:src|href)=\"(?!#)", page)
    assert page.count("<script>") == 1


def test_a_page_without_a_best_says_why() -> None:
    idle = [Outcome(number=0, parameters={"a": 1}, metrics={"fill_count": 0.0})]
    page = render_sweep(swept(A, outcomes=idle))
    assert "no run reaches the objective sharpe: of 1 run, 1 had no fills" in page


def test_the_columns_hold_every_run_and_the_json_the_best_first() -> None:
    one = swept(A, Dimension("sharpe", (1, 2)))
    columns = one.columns()
    assert columns["param.sharpe"] == [1, 2] * 3
    assert columns["sharpe"] == [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]
    told = sweep_to_json(one)
    assert told["best"]["parameters"] == {"a": 3, "sharpe": 1}
    assert [run["number"] for run in told["runs"]] == [4, 5, 2, 3, 0, 1]
    assert list(one.equity_frame().columns) == list(range(6))
