"""Random integers that are the same on every machine.

A draw is a mixed counter, so any stretch of a stream is computed at once, in whole numbers only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

MASK = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB

NORMAL_SCALE = 37_837
"""Standard deviation of `Draws.normals`."""


def mix(value: int) -> int:
    """Scramble a 64-bit number.

    Source: SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators"
        (OOPSLA 2014).

    >>> hex(mix(0x9E3779B97F4A7C15))
    '0xe220a8397b1dcdaf'
    """
    value &= MASK
    value = (value ^ (value >> 30)) * _FIRST & MASK
    value = (value ^ (value >> 27)) * _SECOND & MASK
    return value ^ (value >> 31)


def key_of(*parts: int | str) -> int:
    """Turn names and numbers into the key of a stream.

    >>> key_of(7, "SPY") == key_of(7, "SPY") != key_of(7, "QQQ")
    True
    """
    key = 0
    for part in parts:
        for byte in part.encode() if isinstance(part, str) else (part & MASK,):
            key = mix(key + _GOLDEN + byte)
        key = mix(key ^ _SECOND)
    return key


class Draws:
    """Deal random integers from one stream.

    Args:
        key: Which stream; see `key_of`.
    """

    def __init__(self, key: int) -> None:
        self._key = key & MASK
        self._dealt = 0

    def words(self, count: int) -> NDArray[np.uint64]:
        """Deal uniform 64-bit words."""
        counter = np.arange(self._dealt + 1, self._dealt + count + 1, dtype=np.uint64)
        self._dealt += count
        value = counter * np.uint64(_GOLDEN) + np.uint64(self._key)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(_FIRST)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(_SECOND)
        return value ^ (value >> np.uint64(31))

    def below(self, limit: int, count: int) -> Ints:
        """Deal uniform integers in `[0, limit)`, limit up to 2**31."""
        return ((self.words(count) >> np.uint64(32)) * np.uint64(limit) >> np.uint64(32)).astype(
            np.int64
        )

    def normals(self, count: int) -> Ints:
        """Deal nearly normal integers: mean 0, standard deviation `NORMAL_SCALE`.

        Four 16-bit numbers are added (Irwin–Hall), so nothing lies beyond 3.47 deviations;
        fat tails come from changing volatility.
        """
        lanes: NDArray[Any] = self.words(count).view(np.uint16).reshape(count, 4)
        # Adding the lanes is the same in either byte order.
        total: Ints = lanes.sum(axis=1, dtype=np.int64) - 131_070
        return total

    def one_below(self, limit: int) -> int:
        """Deal one integer in `[0, limit)`."""
        return int(self.below(limit, 1)[0])

    def one_normal(self) -> int:
        """Deal one nearly normal integer; see `normals`."""
        return int(self.normals(1)[0])
