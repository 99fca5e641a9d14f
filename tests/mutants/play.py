"""Play seeds with one bug planted until it is caught: python -m tests.mutants.play NAME FIRST N."""

from __future__ import annotations

import sys

from tests.mutants.mutant import plant
from tests.mutants.table import MUTANTS

NONE = "none"
"""Play without any bug."""


def main() -> None:
    """Print the first seed that something does not hold with, and what; nothing when none is."""
    name, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if name != NONE:
        plant(MUTANTS[name])
    from tests.mutants.hints import shows

    from ikbr.simulate.play import play

    for seed in range(first, first + count):
        if count > 1 and not shows(name, seed):
            continue
        found = play(seed).violations
        if found:
            print(seed, found[0].invariant, found[0].words, sep="\t")
            return


if __name__ == "__main__":
    main()
