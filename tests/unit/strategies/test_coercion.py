import datetime as dt
from typing import Any, Literal

import numpy as np
import pytest

from ikbr.domain.errors import StrategyError
from ikbr.strategies.coercion import Range, coerce, type_name


@pytest.mark.parametrize(
    ("value", "kind", "result"),
    [
        ("20", int, 20),
        (np.int64(3), int, 3),
        ("1e-3", float, 0.001),
        (2, float, 2.0),
        ("on", bool, True),
        ("No", bool, False),
        (0, bool, False),
        (True, bool, True),
        ("x", str, "x"),
        ("2", Literal[1, 2], 2),
        ("none", int | None, None),
        (None, int | None, None),
        ("4", int | None, 4),
        ("abc", int | str, "abc"),
        ("1, 2", tuple[int, ...], (1, 2)),
        ([1, 2], tuple[int, ...], (1, 2)),
        ("1.5, 2", list[float], [1.5, 2.0]),
        ([], list[float], []),
        ((1, 2), list[int], [1, 2]),
        ({"a": 1}, dict[str, int], {"a": 1}),
        (dt.date(2024, 1, 2), dt.date, dt.date(2024, 1, 2)),
        (object, Any, object),
    ],
)
def test_what_fits_is_taken(value, kind, result):
    got = coerce("field", value, kind)
    assert (got, type(got)) == (result, type(result))


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ("2.5", int, "a whole number"),
        (2.0, int, "a whole number"),
        (True, int, "a whole number"),
        ("nan", float, "not a number"),
        ("inf", float, "not a number"),
        (False, float, "not a number"),
        (None, float, "not a number"),
        ("maybe", bool, "true or false"),
        (3, str, "not str"),
        ("3", dt.date, "not date"),
        ("c", Literal["a", "b"], "choose from: a, b"),
        ("x", int | None, "a whole number"),
        (3, tuple[int, ...], "list of int"),
        (3, list[int], "list of int"),
        ("1,x", list[int], "a whole number"),
        ("3", dict[str, int], "not dict"),
        ("1,x", tuple[int, ...], "a whole number"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(value, kind, message):
    with pytest.raises(StrategyError, match=message) as caught:
        coerce("field", value, kind)
    assert str(caught.value).startswith("field = ")


@pytest.mark.parametrize(
    ("bounds", "value", "message"),
    [
        (Range(2, 5), 6, r"from 2 to 5 \(nearest: 5\)"),
        (Range(2), 1, r"2 or more \(nearest: 2\)"),
        (Range(high=5), 6, r"5 or less \(nearest: 5\)"),
    ],
)
def test_out_of_range_names_the_nearest_value(bounds, value, message):
    with pytest.raises(StrategyError, match=message):
        coerce("field", value, int, bounds)


def test_both_ends_of_a_range_belong_to_it():
    assert [coerce("field", n, int, Range(2, 5)) for n in (2, 5)] == [2, 5]


def test_types_have_names_for_people():
    assert type_name(tuple[str, ...]) == "list of str"
    assert type_name(Any) == "Any"
    assert type_name(float | None) == "float or none"
