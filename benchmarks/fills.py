"""Comparing fills: where two engines differ, and whether the reason is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PRINT = 1


def compare(ours: list[list[int]], theirs: list[list[int]], tape: Path) -> dict[str, Any]:
    """Compare two lists of fills.

    Args:
        ours, theirs: Time, side, quantity, price units of every fill.
        tape: Folder of the tape they were made on.

    Returns:
        How many are equal and how many are not, and of those, how many are explained:
        nautilus_trader lets a print replace both sides of its top-of-book (a trade tick sets bid
        and ask of an L1 book to its price), so an order that is decided on a print fills at the
        price of the print; ikbr fills it at the standing quote. `words` says it in short.
    """
    pairs = list(zip(ours, theirs, strict=False))
    different = [(a, b) for a, b in pairs if a != b]
    more = abs(len(ours) - len(theirs))
    if not different and not more:
        return {"equal": len(pairs), "different": 0, "explained": 0, "words": "equal"}
    explained = sum(_at_the_print(a, b, tape) for a, b in different)
    words = f"{len(different)} of {len(pairs)} differ"
    if explained:
        words += f", {explained} as a print replaced the quote"
    if more:
        words += f"; {len(ours)} against {len(theirs)}"
    return {
        "equal": len(pairs) - len(different),
        "different": len(different) + more,
        "explained": explained,
        "words": words,
    }


def _at_the_print(our: list[int], their: list[int], tape: Path) -> bool:
    import numpy as np

    if our[:3] != their[:3]:
        return False
    ts = np.load(tape / "ts.npy", mmap_mode="r")
    row = int(np.searchsorted(ts, our[0], "right")) - 1
    kind = np.load(tape / "kind.npy", mmap_mode="r")
    last = np.load(tape / "last.npy", mmap_mode="r")
    return bool(kind[row] == PRINT and last[row] == their[3])
