"""The inner loop: hand rows to the strategies with nothing else in between.

The loop is written for the fields that the strategies read and for how many strategies share a
symbol, because testing either on every row would cost more than the loop itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

InnerLoop = Callable[..., tuple[int, Any, BaseException | None]]

_ONE = """
def loop(rows, syms, columns, ticker, handlers, idle):
    handler = handlers[0][0]
    {names}
    try:
        for {targets} in {sources}:
            answer = handler(ticker)
            if answer is not None and not idle(0, ticker, answer):
                return 0, answer, None
    except (Exception, SystemExit) as error:
        return 0, None, error
    return -1, None, None
"""

_MANY = """
def loop(rows, syms, columns, tickers, handlers, idle):
    {names}
    place = 0
    try:
        for row, sym{locals} in zip(rows, syms{sources}):
            ticker = tickers[sym]
            ticker.row = row
            {stores}
            place = 0
            for handler in handlers[sym]:
                answer = handler(ticker)
                if answer is not None and not idle(place, ticker, answer):
                    return place, answer, None
                place += 1
    except (Exception, SystemExit) as error:
        return place, None, error
    return -1, None, None
"""


@lru_cache(maxsize=256)
def inner_loop(fields: tuple[str, ...], *, single: bool) -> InnerLoop:
    """Write the loop for a set of ticker fields.

    Args:
        fields: What is stored on every row, in the order of the columns.
        single: Whether there is one symbol with one strategy.

    Returns:
        `loop(rows, syms, columns, tickers, handlers, idle)`. It runs until the rows end or
        a strategy gives an answer that `idle(place, ticker, answer)` does not let it drop, and
        returns the place of that strategy in the symbol's list with its answer or exception;
        -1 when there was none. `columns` and `syms` are what `feeds_of` gives, and cutting off the
        first of the columns (without fields: `rows`, then an iterator over a list too) from within
        a strategy ends the loop after the present row. A single ticker with fields is not told
        its row: `left_in` tells it, and storing it costs a twentieth of all that a row costs.
    """
    sources = [f"c{n}" for n in range(len(fields))]
    names = f"{', '.join(sources)}, = columns" if fields else "pass"
    listed = "".join(f", {name}" for name in sources)
    if single and fields:
        first = "islice(c0, len(rows))"
        text = _ONE.format(
            names=names,
            sources=f"zip({', '.join((first, *sources[1:]))})" if fields[1:] else first,
            targets=", ".join(f"ticker.{field}" for field in fields),
        )
    elif single:
        text = _ONE.format(names=names, sources="rows", targets="ticker.row")
    else:
        stores = "; ".join(f"ticker.{f} = v{n}" for n, f in enumerate(fields)) or "pass"
        text = _MANY.format(
            names=names,
            sources=listed,
            locals="".join(f", v{n}" for n in range(len(fields))),
            stores=stores,
        )
    scope: dict[str, Any] = {"islice": islice}
    # The text is made of names from a fixed list of ticker fields, never of a person's input.
    exec(compile(text, f"<inner loop over {', '.join(fields)}>", "exec"), scope)
    loop: InnerLoop = scope["loop"]
    return loop


def feeds_of(columns: Sequence[list[Any]], start: int) -> list[Any]:
    """Give an iterator over each column that begins at a row; nothing is copied."""
    feeds: list[Any] = [iter(column) for column in columns]
    for feed in feeds:
        feed.__setstate__(start)
    return feeds


def left_in(feed: Any) -> int:
    """Count the values that an iterator over a list has still to give.

    >>> left_in(feeds_of([["a", "b", "c"]], 1)[0])
    2
    """
    left: int = feed.__length_hint__()
    return left


def cut_off(feed: Any) -> None:
    """End an iterator over a list early, and with it the loop that draws from it."""
    feed.__setstate__(sys.maxsize)
