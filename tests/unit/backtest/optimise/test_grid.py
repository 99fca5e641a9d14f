from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.backtest.optimise.grid import Grid, parse_grid
from ikbr.domain.errors import IkbrError
from ikbr.strategies.coercion import Range
from ikbr.strategies.parameters import describe_parameters


class Sample:
    def __init__(
        self,
        lookback: Annotated[int, Range(2, 500)] = 20,
        threshold: float = 0.1,
        short: bool = False,
        mode: Literal["fast", "slow"] = "fast",
        stop: float | None = None,
        legs: tuple[str, ...] = (),
    ) -> None: ...


KNOWN = {one.name: one for one in describe_parameters(Sample)}


def values_of(given: Any) -> tuple[Any, ...]:
    grid = parse_grid(given, KNOWN)
    return grid.dimensions[0].values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("lookback=5:20:5", (5, 10, 15, 20)),
        ("lookback=5:19:5", (5, 10, 15)),
        ("lookback=3:5", (3, 4, 5)),
        ("lookback=7", (7,)),
        ("lookback= 3 , 9,5:7:1", (3, 9, 5, 6, 7)),
        ("lookback=5,5:6:1", (5, 6)),
        ("threshold=0.1:0.5:0.1", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("threshold=1e-3,2", (0.001, 2.0)),
        ("threshold=-1:1:1", (-1.0, 0.0, 1.0)),
        ("short=true,no", (True, False)),
        ("mode=slow,fast", ("slow", "fast")),
        ("stop=none,0.5:1:0.5", (None, 0.5, 1.0)),
        ("legs=SPY,IVV;KO,PEP", (("SPY", "IVV"), ("KO", "PEP"))),
    ],
)
def test_a_text_names_its_values_in_the_type_of_the_parameter(
    text: str, values: tuple[Any, ...]
) -> None:
    found = values_of([text])
    assert found == values
    assert [type(one) for one in found] == [type(one) for one in values]


def test_python_values_need_no_text() -> None:
    grid = parse_grid(
        {"lookback": range(5, 20, 5), "threshold": "0.1:0.2:0.1", "short": True}, KNOWN
    )
    assert [one.values for one in grid.dimensions] == [(5, 10, 15), (0.1, 0.2), (True,)]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([], "no grid is given"),
        (["lookback"], "NAME=FIRST:LAST:STEP"),
        (["lookback="], "NAME=FIRST:LAST:STEP"),
        (["lokback=5"], "did you mean 'lookback'?"),
        (["lookback=5", "lookback=6"], "given twice"),
        (["lookback=1:9:2"], "lookback = '1' is out of range; it must be from 2 to 500"),
        (["lookback=5:501:1"], "'501' is out of range"),
        (["lookback=5:20:0.5"], "lookback = '5.5' is not a whole number"),
        (["lookback=5:20:0"], "step of more than 0"),
        (["lookback=20:5:5"], "exchange them"),
        (["lookback=5:a:5"], "FIRST:LAST:STEP"),
        (["lookback=1:2:3:4"], "FIRST:LAST:STEP"),
        (["lookback=5:nan:1"], "FIRST:LAST:STEP"),
        (["lookback=5,,6"], "is empty"),
        (["threshold=abc"], "threshold = 'abc' is not a number"),
        (["threshold=0:1e9:1e-9"], "coarser step"),
        (["threshold=0.1:0.2,0.5"], "stands alone"),
        (["mode=fats"], "did you mean 'fast'?"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(texts: list[str], words: str) -> None:
    with pytest.raises(IkbrError) as caught:
        parse_grid(texts, KNOWN)
    assert words in str(caught.value)


def test_a_range_without_a_step_is_continuous_for_floats() -> None:
    (dimension,) = parse_grid(["threshold=0.1:0.5"], KNOWN).dimensions
    assert dimension.continuous
    assert (dimension.low, dimension.high) == (0.1, 0.5)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_every_combination_comes_once_and_the_last_parameter_varies_fastest(
    sizes: list[int],
) -> None:
    names = ("lookback", "threshold", "stop")
    grid = parse_grid(
        {name: list(range(2, 2 + size)) for name, size in zip(names, sizes, strict=False)}, KNOWN
    )
    points = [tuple(point.values()) for point in grid]
    assert len(set(points)) == grid.count == len(points)
    assert points == sorted(points)


def test_a_huge_grid_is_counted_without_being_made() -> None:
    many = tuple(range(100_000))
    grid = Grid(tuple(parse_grid({"threshold": many}, KNOWN).dimensions) * 3)
    assert grid.count == 10**15
