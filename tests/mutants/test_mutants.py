"""Each known bug can still be planted; a few are caught here, `./run mutants` catches all."""

from __future__ import annotations

import pytest
from tests.mutants.hints import HINTS, storm_of
from tests.mutants.kept import load
from tests.mutants.mutant import Mutant
from tests.mutants.run import MOST, again
from tests.mutants.table import MUTANTS

from ikbr.simulate.storm import KINDS

KEPT = load()


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))
def test_a_bug_still_fits_the_source(mutant: Mutant) -> None:
    assert mutant.source() != mutant.path.read_text()
    compile(mutant.source(), str(mutant.path), "exec")


def test_what_is_kept_belongs_to_a_bug() -> None:
    assert set(KEPT) <= set(MUTANTS)
    assert all(0 <= one.seed < MOST and one.tried <= MOST for one in KEPT.values())


@pytest.mark.parametrize("name", ["the-intent-is-not-recorded", "risk-is-not-asked"])
def test_a_bug_is_caught_with_what_is_kept(name: str) -> None:
    found = again(name)
    assert found is not None
    assert found.by == KEPT[name].by


@pytest.mark.parametrize("name", HINTS)
def test_a_bug_is_hunted_in_storms_that_can_be(name: str) -> None:
    assert name in MUTANTS
    for seed in range(5):
        storm = storm_of(name, seed)
        assert storm == storm_of(name, seed)
        assert {blow.kind for blow in storm} <= set(KINDS)


def test_a_bug_that_does_not_fit_any_more_is_refused() -> None:
    stale = Mutant("stale", "broker.follower", "what nobody wrote", "x", "nothing")
    with pytest.raises(ValueError, match="bring tests/mutants/ in line"):
        stale.source()
