"""Bot and gateway in virtual time: nothing breaks, and a seed is the same run again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ikbr.simulate.crash_matrix import FAILPOINTS, OUTCOMES, storm_of
from ikbr.simulate.play import play
from ikbr.simulate.shrink import shrink, story
from ikbr.simulate.storm import KINDS, Blow, make_storm
from ikbr.simulate.town import DIES

IKBR = str(Path(sys.executable).with_name("ikbr"))
SEEDS, PARTS = 80, 8
"""Seeds of a test run, and in how many tests; fresh ones are the campaign's."""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_storm_breaks_anything(part: int) -> None:
    for seed in range(part, SEEDS, PARTS):
        outcome = play(seed)
        assert not outcome.violations, story(shrink(outcome))


def traced(seed: int, hash_seed: str) -> str:
    """Play a seed in a process of its own."""
    command = [IKBR, "simulate", "--seed", str(seed), "--json", "-"]
    done = subprocess.run(
        command, capture_output=True, check=True, env=os.environ | {"PYTHONHASHSEED": hash_seed}
    )
    found: str = json.loads(done.stdout)["trace_hash"]
    return found


@pytest.mark.parametrize("seed", [78, 345])
def test_a_seed_is_the_same_run_bit_for_bit_in_every_process(seed: int) -> None:
    assert traced(seed, "1") == traced(seed, "2") == play(seed).trace_hash
    assert play(seed).trace_hash != play(seed + 1).trace_hash


def test_the_bot_finds_back_from_a_death_at_every_place_whatever_else_happens() -> None:
    outcomes = list(OUTCOMES)
    for number, where in enumerate(FAILPOINTS):
        outcome = outcomes[number % len(outcomes)]
        found = play(number, storm_of(number, where, outcome))
        assert not found.violations, story(found)
        assert any(DIES in line for line in found.story), (where, outcome)
    assert (len(FAILPOINTS), len(outcomes)) == (12, 7)


def test_a_person_stops_the_bot_whatever_it_does() -> None:
    for seed, more in enumerate(([], [Blow(20.1, "net half-open")], [Blow(20.1, "bot crash")])):
        found = play(seed, [Blow(20.0, "kill"), *more])
        assert not found.violations, story(found)
        assert "kill: nothing is open any more" in found.story[-2]
        assert found.lives == 1


def test_a_storm_is_decided_by_its_seed_and_holds_every_kind_sooner_or_later() -> None:
    assert make_storm(5) == make_storm(5)
    assert {blow.kind for seed in range(300) for blow in make_storm(seed)} == set(KINDS)


def test_what_does_not_matter_is_left_out_of_a_storm(monkeypatch: pytest.MonkeyPatch) -> None:
    from ikbr.simulate import invariants
    from ikbr.simulate import play as playing

    def no_second_life(witness):  # type: ignore[no-untyped-def]
        if witness.town.lives > 1:
            yield "the bot lives again"

    monkeypatch.setattr(playing, "ALWAYS", (*invariants.ALWAYS, no_second_life))
    storm = [
        Blow(5.0, "net reset"), Blow(8.0, "bot crash"), Blow(12.0, "net pieces", 3.0),
        Blow(20.0, "clock jump", 0.0, {"by_s": 5}),
    ]  # fmt: skip
    outcome = shrink(play(7, storm))
    assert [blow.kind for blow in outcome.storm] == ["bot crash"]
    assert "VIOLATION of no_second_life" in story(outcome)
