"""Pairing the orders of two runs: by strategy, symbol and side, in the order of their decisions.

Orders of the same moment are paired first. What lies between is paired by the cheapest alignment,
as texts are compared: a pair costs how far the two are apart, an order without a partner a fixed
amount, so that one extra or missing order does not shift all that follow.

Source: Needleman and Wunsch (1970), global alignment with gap costs.
"""

from __future__ import annotations

from collections.abc import Sequence

from ikbr.backtest.compare.trace import OrderTrace
from ikbr.domain.order import OrderRequest

Pair = tuple[OrderTrace | None, OrderTrace | None]

GAP = 0.6
FAR_NS = 300_000_000_000
"""Orders further apart are no less alike than these."""
LARGEST_BLOCK = 250_000
"""Pairs weighed in one block at most; a larger one is paired in its order."""

_IMPOSSIBLE = 1e9


def pair_orders(
    first: Sequence[OrderTrace], second: Sequence[OrderTrace], tolerance_ns: int
) -> list[Pair]:
    """Pair the orders of two runs.

    Args:
        first: Of the one run.
        second: Of the other.
        tolerance_ns: Decisions this far apart are of one moment.

    Returns:
        Pairs in the order of time; None where there is no partner.
    """
    groups: dict[tuple[str, str], tuple[list[OrderTrace], list[OrderTrace]]] = {}
    for side, orders in enumerate((first, second)):
        for order in orders:
            groups.setdefault((order.strategy, order.symbol), ([], []))[side].append(order)
    pairs = [
        pair for mine, theirs in groups.values() for pair in _group(mine, theirs, tolerance_ns)
    ]
    return sorted(pairs, key=_when)


def same_request(one: OrderRequest, other: OrderRequest) -> bool:
    """Say whether two requests ask for the same."""
    return _values(one) == _values(other)


def _values(request: OrderRequest) -> tuple[object, ...]:
    prices = (request.limit_price, request.stop_price)
    shown = tuple(None if price is None or price != price else price for price in prices)
    return (request.side, request.quantity, request.order_type, request.tif, *shown)


def _when(pair: Pair) -> tuple[int, int]:
    one = pair[0] or pair[1]
    assert one is not None
    return one.ts_ns, one.order_id


def _group(first: list[OrderTrace], second: list[OrderTrace], tolerance_ns: int) -> list[Pair]:
    """Split at orders of the same moment; align what lies between."""
    pairs: list[Pair] = []
    i = j = from_i = from_j = 0
    while i < len(first) and j < len(second):
        one, other = first[i], second[j]
        if abs(one.ts_ns - other.ts_ns) <= tolerance_ns and _alike(one, other):
            pairs += _align(first[from_i:i], second[from_j:j])
            pairs.append((one, other))
            i, j = i + 1, j + 1
            from_i, from_j = i, j
        elif one.ts_ns <= other.ts_ns:
            i += 1
        else:
            j += 1
    return pairs + _align(first[from_i:], second[from_j:])


def _alike(one: OrderTrace, other: OrderTrace) -> bool:
    return one.request.side is other.request.side and one.exit is other.exit


def _cost(one: OrderTrace, other: OrderTrace) -> float:
    if not _alike(one, other):
        return _IMPOSSIBLE
    apart = min(1.0, abs(one.ts_ns - other.ts_ns) / FAR_NS)
    mine, theirs = one.request, other.request
    return (
        0.7 * apart
        + 0.2 * (mine.quantity != theirs.quantity)
        + 0.2 * (mine.order_type is not theirs.order_type)
    )


def _align(first: Sequence[OrderTrace], second: Sequence[OrderTrace]) -> list[Pair]:
    if not first or not second:
        return [*((one, None) for one in first), *((None, one) for one in second)]
    if len(first) * len(second) > LARGEST_BLOCK:
        half = len(first) // 2, len(second) // 2
        return _align(first[: half[0]], second[: half[1]]) + _align(
            first[half[0] :], second[half[1] :]
        )
    return _cheapest(first, second)


def _cheapest(first: Sequence[OrderTrace], second: Sequence[OrderTrace]) -> list[Pair]:
    wide = len(second) + 1
    best = [[GAP * j for j in range(wide)]]
    for i, one in enumerate(first, 1):
        above, row = best[-1], [GAP * i]
        for j, other in enumerate(second, 1):
            paired = above[j - 1] + _cost(one, other)
            row.append(min(paired, above[j] + GAP, row[j - 1] + GAP))
        best.append(row)
    pairs: list[Pair] = []
    i, j = len(first), len(second)
    while i or j:
        here = best[i][j]
        if i and j and here == best[i - 1][j - 1] + _cost(first[i - 1], second[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((first[i], second[j]))
        elif i and here == best[i - 1][j] + GAP:
            i -= 1
            pairs.append((first[i], None))
        else:
            j -= 1
            pairs.append((None, second[j]))
    return pairs[::-1]
