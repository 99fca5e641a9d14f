"""Each known bug can still be planted, and has a seed that catches it; a few are caught here."""

from __future__ import annotations

import json

import pytest
from tests.mutants.mutant import Mutant
from tests.mutants.run import MOST, SEEDS, play
from tests.mutants.table import MUTANTS

KEPT = json.loads(SEEDS.read_text())


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))
def test_a_bug_still_fits_the_source(mutant: Mutant) -> None:
    assert mutant.source() != mutant.path.read_text()
    compile(mutant.source(), str(mutant.path), "exec")


def test_every_seed_that_is_kept_belongs_to_a_bug() -> None:
    assert set(KEPT) <= set(MUTANTS)
    assert all(0 <= one["seed"] < MOST for one in KEPT.values())


@pytest.mark.parametrize("name", ["the-intent-is-not-recorded", "risk-is-not-asked"])
def test_a_bug_is_caught_with_its_seed(name: str) -> None:
    found = play(name, KEPT[name]["seed"], 1)
    assert found is not None
    assert found["by"] == KEPT[name]["by"]


def test_a_bug_that_does_not_fit_any_more_is_refused() -> None:
    stale = Mutant("stale", "broker.follower", "what nobody wrote", "x", "nothing")
    with pytest.raises(ValueError, match="bring tests/mutants/ in line"):
        stale.source()
