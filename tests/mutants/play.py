"""Play one bug: python -m tests.mutants.play hunt NAME FIRST COUNT, or again NAME, or clean NAME.

`hunt` plays one seed after the other until the bug is caught; `again` plays the storm that is kept
for it; `clean` plays that storm without the bug.
"""

from __future__ import annotations

import gc
import sys

import msgspec
from tests.mutants.kept import Kill, load
from tests.mutants.mutant import plant
from tests.mutants.table import MUTANTS


def main() -> None:
    """Print the kill as JSON; nothing when nothing failed to hold."""
    what, name = sys.argv[1:3]
    if what != "clean":
        plant(MUTANTS[name])
    # Only now: the bug must be there before what it is in.
    gc.disable()
    found = hunt(name, *map(int, sys.argv[3:5])) if what == "hunt" else again(name)
    if found is not None:
        print(msgspec.json.encode(found).decode())


def hunt(name: str, first: int, count: int) -> Kill | None:
    """Give the first seed that something does not hold with."""
    from tests.mutants.hints import storm_of

    from ikbr.simulate.play import play

    for seed in range(first, first + count):
        outcome = play(seed, storm_of(name, seed))
        if outcome.violations:
            by = outcome.violations[0].invariant
            return Kill(seed, seed - first + 1, by, outcome.storm)
        if seed % 10 == 9:
            gc.collect()
    return None


def again(name: str) -> Kill | None:
    """Play what is kept for a bug."""
    from ikbr.simulate.play import play

    kept = load()[name]
    violations = play(kept.seed, kept.storm).violations
    if not violations:
        return None
    return Kill(kept.seed, kept.tried, violations[0].invariant, kept.storm)


if __name__ == "__main__":
    main()
