"""The steps: what happens at the rows at which something is due or decided.

They are the same for every kernel, so they are compiled once and called by their address.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SETTLE, ADVANCE, FOLLOW, DECIDE = range(4)

TEXT = '''
"""Written by ikbr: what happens to a parameter set of a grid; safe to delete."""

@cfunc("int64(int64, int64, int64, int64, int64)", nopython=True, cache=CACHED)
def scan(what, rules, at, place, value):
    """Take one step of one set; give when something is due next."""
    terms, own, row = terms_at(rules), set_at(at), row_of(place)
    if what == SETTLE:
        settle(terms, own, value)
    elif what == ADVANCE:
        advance(terms, own, value)
        return next_due(terms, own)
    elif what == FOLLOW:
        follow(row, terms, own)
    else:
        decide(row, terms, own, value)
    return 0
'''


def scope() -> dict[str, Any]:
    """Give the names that the text uses."""
    from numba import cfunc

    from ikbr.backtest.grid import compiled, follow, orders, sessions

    return {
        "SETTLE": SETTLE,
        "ADVANCE": ADVANCE,
        "FOLLOW": FOLLOW,
        "cfunc": cfunc,
        "terms_at": compiled.terms_at,
        "set_at": compiled.set_at,
        "row_of": compiled.row_of,
        "settle": sessions.settle,
        "advance": sessions.advance,
        "next_due": sessions.next_due,
        "follow": follow.follow,
        "decide": orders.decide,
    }


def caller() -> Callable[..., Any]:
    """Make the compiled function that takes a step at an address."""
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def call(
        _typing: Any, address: Any, what: Any, rules: Any, at: Any, place: Any, value: Any
    ) -> Any:
        def generate(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
            word = ir.IntType(64)
            kind = ir.FunctionType(word, [word] * 5)
            function = builder.inttoptr(args[0], kind.as_pointer())
            return builder.call(function, args[1:])

        return types.int64(*[types.int64] * 6), generate

    made: Callable[..., Any] = call
    return made
