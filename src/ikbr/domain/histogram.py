"""A histogram of durations that takes any number of values in little, fixed memory.

Values are counted in buckets whose width is a 64th of their size, so that a quantile is never off
by more than 1.6 %.

Source: G. Tene, "HdrHistogram": logarithmic buckets with linear ones inside.
"""

from __future__ import annotations

_BITS = 6
_LINEAR = 1 << (_BITS + 1)


class Histogram:
    """Count durations, nanoseconds.

    Attributes:
        buckets: How many there are in each bucket; `upper_edge` says what a bucket holds.
        count: How many there are.
        total: Their sum.
        most: The largest.
    """

    __slots__ = ("buckets", "count", "most", "total")

    def __init__(self) -> None:
        """Start empty."""
        self.buckets: dict[int, int] = {}
        self.count = 0
        self.total = 0
        self.most = 0

    def add(self, value: int) -> None:
        """Count a value; negative ones count as 0."""
        value = max(value, 0)
        shift = max(value.bit_length() - _BITS - 1, 0)
        bucket = (shift << (_BITS + 1)) + (value >> shift)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        self.count += 1
        self.total += value
        self.most = max(self.most, value)

    def quantile(self, share: float) -> int:
        """Give the value that a share of all values does not pass; 0 without any.

        >>> times = Histogram()
        >>> for value in range(1, 101):
        ...     times.add(value)
        >>> times.quantile(0.5), times.quantile(1.0)
        (50, 100)
        """
        left = max(1, -int(-share * self.count // 1))
        for bucket in sorted(self.buckets):
            left -= self.buckets[bucket]
            if left <= 0:
                return min(upper_edge(bucket), self.most)
        return self.most

    def coarse(self) -> list[tuple[int, int]]:
        """Give the counts of buckets that double, for a picture.

        Returns:
            Upper bounds (exclusive, powers of two) and counts, lowest first; empty ones left out.

        >>> times = Histogram()
        >>> for value in (3, 3, 100):
        ...     times.add(value)
        >>> times.coarse()
        [(4, 2), (128, 1)]
        """
        counts: dict[int, int] = {}
        for bucket, count in self.buckets.items():
            shift, offset = bucket >> (_BITS + 1), bucket & (_LINEAR - 1)
            upper = 1 << (offset << shift).bit_length()
            counts[upper] = counts.get(upper, 0) + count
        return sorted(counts.items())

    @property
    def mean(self) -> float:
        """The mean; 0 without any values."""
        return self.total / self.count if self.count else 0.0


def upper_edge(bucket: int) -> int:
    """Give the largest value that a bucket holds.

    >>> times = Histogram()
    >>> times.add(1_000)
    >>> [upper_edge(bucket) for bucket in times.buckets]
    [1007]
    """
    shift, offset = bucket >> (_BITS + 1), bucket & (_LINEAR - 1)
    return ((offset + 1) << shift) - 1
