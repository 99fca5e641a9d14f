"""Shrinking: of a storm that breaks something, what does not matter is left out."""

from __future__ import annotations

from ikbr.simulate.play import Outcome, play


def shrink(outcome: Outcome) -> Outcome:
    """Leave out blows as long as the same invariant is broken.

    Args:
        outcome: With a violation.

    Returns:
        What came of the smallest storm that was found; of no smaller one, the same.
    """
    broken = outcome.violations[0].invariant
    best = outcome
    at = 0
    while at < len(best.storm):
        fewer = best.storm[:at] + best.storm[at + 1 :]
        found = play(outcome.seed, fewer)
        if found.violations and found.violations[0].invariant == broken:
            best = found
        else:
            at += 1
    return best


def story(outcome: Outcome) -> str:
    """Tell what happened, for people."""
    lines = [f"seed {outcome.seed}, {len(outcome.storm)} faults, {outcome.orders} orders:"]
    lines += [f"  {line}" for line in outcome.story]
    lines += [f"  replay: ikbr simulate --seed {outcome.seed} --trace"]
    return "\n".join(lines)
