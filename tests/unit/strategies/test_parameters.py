from typing import Annotated, Literal

import pytest

from ikbr.domain.errors import StrategyError
from ikbr.strategies.coercion import Range
from ikbr.strategies.parameters import (
    REQUIRED,
    bind_parameters,
    describe_parameters,
    parse_assignments,
    validate_parameters,
)


class Breakout:
    """Follow a breakout.

    Args:
        minutes: Length of the range,
            in minutes.
        mode: Which way.
    """

    def __init__(
        self,
        minutes: Annotated[int, Range(1, 60)] = 5,
        mode: Literal["up", "down"] = "up",
        guess=0.5,
        note=None,
    ):
        pass


class Child(Breakout):
    def __init__(self, extra: bool = False, minutes: int = 9, **kwargs):
        pass


class Stubborn(Breakout):
    def __init__(self, level: float):
        pass


def test_parameters_come_from_the_signature_and_the_docstring():
    minutes, mode, guess, note = describe_parameters(Breakout)
    assert (minutes.name, minutes.kind, minutes.default) == ("minutes", int, 5)
    assert minutes.range == Range(1, 60)
    assert minutes.doc == "Length of the range, in minutes."
    assert (mode.type_name, mode.doc) == ("up | down", "Which way.")
    assert (guess.kind, guess.range, guess.doc) == (float, None, "")
    assert note.kind is str


def test_keyword_arguments_pass_on_to_the_parent():
    names = {p.name: p.default for p in describe_parameters(Child)}
    assert names == {"extra": False, "minutes": 9, "mode": "up", "guess": 0.5, "note": None}


def test_without_them_the_parent_is_hidden():
    (level,) = describe_parameters(Stubborn)
    assert level.default is REQUIRED
    assert repr(level.default) == "(required)"


def test_a_class_without_init_takes_nothing():
    assert describe_parameters(type("Empty", (), {})) == ()


def test_an_annotation_that_does_not_exist_is_named():
    class Broken:
        def __init__(self, when: "Sometime"): ...  # noqa: F821

    with pytest.raises(StrategyError, match=r"Broken\.__init__.*Sometime"):
        describe_parameters(Broken)


def test_validation_fills_in_defaults_and_coerces():
    given = validate_parameters(Breakout, {"minutes": "7", "mode": "down"})
    assert given == {"minutes": 7, "mode": "down", "guess": 0.5, "note": None}


@pytest.mark.parametrize(
    ("cls", "values", "message"),
    [
        (Breakout, {"minuts": 3}, "Breakout has no parameter 'minuts'; did you mean 'minutes'"),
        (Breakout, {"minutes": 61}, r"out of range; it must be from 1 to 60 \(nearest: 60\)"),
        (Breakout, {"minutes": "x"}, "Breakout.minutes = 'x' is not a whole number"),
        (Breakout, {"mode": "dwn"}, "did you mean 'down'"),
        (Stubborn, {}, r"needs the parameter 'level' \(float\); give it with --param level=VALUE"),
    ],
)
def test_what_does_not_fit_is_one_clear_sentence(cls, values, message):
    with pytest.raises(StrategyError, match=message):
        validate_parameters(cls, values)


def test_arguments_get_their_names():
    assert bind_parameters(Breakout, (3,), {"mode": "down"})["minutes"] == 3


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((1, "up", 0.1, "n", 5), {}, "takes 4 parameters .* but 5 were given"),
        ((1,), {"minutes": 2}, "'minutes' was given twice"),
    ],
)
def test_arguments_that_do_not_bind_are_refused(args, kwargs, message):
    with pytest.raises(StrategyError, match=message):
        bind_parameters(Breakout, args, kwargs)


@pytest.mark.parametrize(
    ("texts", "message"),
    [(["lookback"], "NAME=VALUE"), (["=3"], "NAME=VALUE"), (["a=1", "a=2"], "given twice")],
)
def test_assignments_that_are_none_are_refused(texts, message):
    with pytest.raises(StrategyError, match=message):
        parse_assignments(texts)


def test_an_assignment_may_hold_further_equals_signs():
    assert parse_assignments(["note=a=b"]) == {"note": "a=b"}
