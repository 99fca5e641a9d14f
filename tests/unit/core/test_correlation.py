from __future__ import annotations

import numpy as np
import pytest

from ikbr.core.correlation import ReturnHistory


def feed(history: ReturnHistory, columns: dict[str, np.ndarray]) -> None:
    for i in range(len(next(iter(columns.values())))):
        history.on_sample(i, {s: float(c[i]) for s, c in columns.items()})


def walks(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.01, n)
    one = 100 * np.cumprod(1 + common)
    other = 50 * np.cumprod(1 + 0.5 * common + rng.normal(0, 0.005, n))
    return one, other


def test_the_correlation_is_that_of_the_returns_still_kept() -> None:
    one, other = walks(1, 300)
    history = ReturnHistory()
    feed(history, {"A": one, "B": other})
    a, b = one[-120:], other[-120:]
    expected = np.corrcoef(a[1:] / a[:-1], b[1:] / b[:-1])[0, 1]
    assert history.correlation("A", "B") == pytest.approx(expected)
    assert history.correlation("B", "A") == history.correlation("A", "B")


def test_twenty_common_returns_are_needed() -> None:
    one, other = walks(2, 21)
    history = ReturnHistory()
    feed(history, {"A": one[:20], "B": other[:20]})
    assert history.correlation("A", "B") == 0.0
    history.on_sample(20, {"A": one[20], "B": other[20]})
    assert history.correlation("A", "B") != 0.0


def test_a_sample_without_a_price_leaves_out_both_returns_around_it() -> None:
    one, other = walks(3, 60)
    other[30] = np.nan
    history = ReturnHistory()
    feed(history, {"A": one, "B": other})
    a, b = one[1:] / one[:-1], other[1:] / other[:-1]
    keep = np.isfinite(b)
    assert keep.sum() == 57
    assert history.correlation("A", "B") == pytest.approx(np.corrcoef(a[keep], b[keep])[0, 1])


def test_unknown_and_motionless_symbols_correlate_with_nothing() -> None:
    one, _ = walks(4, 60)
    history = ReturnHistory()
    feed(history, {"A": one, "FLAT": np.full(60, 7.0)})
    assert history.correlation("A", "NONE") == 0.0
    assert history.correlation("A", "FLAT") == 0.0
    assert history.together("NONE", "A", 0.5) == 0


def test_what_moves_as_one_is_told_with_its_direction_and_anew_after_every_sample() -> None:
    one, _ = walks(5, 60)
    history = ReturnHistory()
    feed(history, {"A": one, "B": 1 / one, "C": one * 2})
    assert (history.together("A", "B", 0.9), history.together("A", "C", 0.9)) == (-1, 1)
    assert (history.together("A", "B", 0.999999), history.together("C", "A", 0.999999)) == (0, 1)
    history.on_sample(60, {"A": 1.0, "B": 1.0, "C": 900.0})  # now C rises where A falls
    assert (history.together("A", "B", 0.9), history.together("A", "C", 0.9)) == (-1, -1)


def test_a_symbol_that_is_no_longer_sampled_has_no_price() -> None:
    one, other = walks(6, 60)
    history = ReturnHistory(samples=30)
    feed(history, {"A": one[:40], "B": other[:40]})
    assert history.correlation("A", "B") != 0.0
    for i in range(15):
        history.on_sample(40 + i, {"A": one[40 + i]})
    assert history.correlation("A", "B") == 0.0
