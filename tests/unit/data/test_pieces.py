"""Cutting a day into pieces."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ikbr.data.pieces import cuts

times = st.lists(st.integers(0, 30), max_size=30).map(sorted)


@given(st.lists(times, min_size=1, max_size=4), st.integers(1, 20))
def test_pieces_are_whole_in_order_and_bounded(streams: list[list[int]], most: int) -> None:
    arrays = [np.array(stream, np.int64) for stream in streams]
    shared = Counter(ts for stream in streams for ts in stream)
    seen: list[list[int]] = [[] for _ in streams]
    newest = -1
    for cut in cuts(arrays, most):
        parts = [stream[start:stop] for stream, (start, stop) in zip(streams, cut, strict=True)]
        flat = [ts for part in parts for ts in part]
        assert flat
        assert min(flat) > newest
        newest = max(flat)
        # More than `most` rows only if they all share one moment.
        assert len(flat) <= most or (len(set(flat)) == 1 and shared[flat[0]] == len(flat))
        for own, part in zip(seen, parts, strict=True):
            own.extend(part)
    assert seen == streams


def test_pieces_are_as_large_as_they_may_be() -> None:
    stream = np.arange(10, dtype=np.int64)
    assert [cut[0] for cut in cuts([stream], 4)] == [(0, 4), (4, 8), (8, 10)]
