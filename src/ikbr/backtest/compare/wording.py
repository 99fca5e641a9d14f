"""A comparison in words and rows, for the terminal and the page."""

from __future__ import annotations

from ikbr.backtest.compare.comparison import CAUSES, Comparison, Shown
from ikbr.backtest.report.wording import NOTHING, Words
from ikbr.domain.instrument import MICRO

REMAINDER = "unexplained"


def verdict(comparison: Comparison, words: Words) -> str:
    """Say in a sentence what came out."""
    if comparison.same:
        return "No difference: the replay did what the session did."
    count = len(comparison.differences)
    total = words.money(comparison.difference_micro / MICRO, signed=True)
    plural = "" if count == 1 else "s"
    return f"{count:,} difference{plural}; the session earned {total} more than its replay."


def side_rows(comparison: Comparison, words: Words) -> list[tuple[str, ...]]:
    """Lay out the two runs: name, orders, fills, profit."""
    return [
        (name, f"{side.orders:,}", f"{side.fills:,}", words.money(side.pnl_micro / MICRO))
        for name, side in (("session", comparison.session), ("replay", comparison.replay))
    ]


def cause_rows(comparison: Comparison, words: Words) -> list[tuple[str, ...]]:
    """Lay out the classes that occur: name, count, effect, meaning; last what none explains."""
    rows: list[tuple[str, ...]] = [
        (cause, f"{count:,}", words.money(effect / MICRO, signed=True), CAUSES[cause])
        for cause, (count, effect) in comparison.by_cause.items()
    ]
    rest = comparison.remainder_micro
    if rest:
        effect = words.money(rest / MICRO, signed=True)
        rows.append((REMAINDER, NOTHING, effect, "no difference of orders and fills explains it"))
    return rows


def difference_rows(comparison: Comparison, words: Words) -> list[tuple[str, ...]]:
    """Lay out every difference, in the order of time."""
    return [
        (
            words.moment(one.ts_ns),
            one.cause,
            one.strategy or NOTHING,
            one.symbol or NOTHING,
            _side(one.session),
            _side(one.replay),
            words.money(one.effect_micro / MICRO, signed=True),
            one.words,
        )
        for one in comparison.differences
    ]


def _side(shown: Shown | None) -> str:
    return NOTHING if shown is None else f"{shown.what}: {shown.outcome}"
