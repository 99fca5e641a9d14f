import inspect

import pytest

from ikbr.domain import errors
from ikbr.domain.errors import IkbrError, InvariantError, UsageError, nearest

CLASSES = [
    c for _, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == errors.__name__
]


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_belongs_to_the_one_tree(error):
    assert issubclass(error, IkbrError)


@pytest.mark.parametrize("error", CLASSES)
def test_only_what_a_person_got_wrong_exits_with_two(error):
    assert error.exit_code == (2 if issubclass(error, UsageError) else 1)


def test_a_forbidden_transition_is_a_bug_of_ours():
    assert issubclass(errors.TransitionError, InvariantError)


@pytest.mark.parametrize(
    ("value", "choices", "words"),
    [
        ("SPX", ["spy", "ibm"], "did you mean 'spy'?"),
        ("zzz", ["b", "a", "a"], "choose from: a, b"),
        ("zzz", [], "there is nothing to choose from"),
    ],
)
def test_the_nearest_choice_is_suggested(value, choices, words):
    assert nearest(value, choices) == words


def test_a_long_list_is_cut():
    assert nearest("zzz", "abcd", limit=2) == "choose from: a, b, …"
