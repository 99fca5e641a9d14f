"""The opening: our books begin with what the account holds.

What is there already is the baseline: it counts in equity, exposure and every limit, and belongs
to no strategy, so that none of them closes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ikbr.broker.account_state import AccountState
from ikbr.core.ports import Journal
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.session_events import Baseline


def all_instruments(
    traded: Sequence[Instrument], state: AccountState, left: Sequence[Instrument] = ()
) -> list[Instrument]:
    """List what is traded, and behind it what is only held.

    Args:
        traded: What strategies run on.
        state: What is in the account.
        left: What earlier sessions held or had ordered.
    """
    held = [one.instrument for one in state.holdings]
    by_symbol = {one.symbol: one for one in [*traded, *held, *left][::-1]}
    behind = {one.symbol: None for one in [*held, *left]}
    for one in traded:
        behind.pop(one.symbol, None)
    return [*traded, *(by_symbol[symbol] for symbol in behind)]


def open_books(state: AccountState, instruments: Sequence[Instrument]) -> Portfolio:
    """Open the account's books as the broker has them.

    Args:
        state: What is in the account.
        instruments: What is traded or held.
    """
    books = Portfolio({i.symbol: i for i in instruments}, 0, state.base, state.fx)
    for currency, micro in state.cash_micro.items():
        books.add_cash(micro, currency)
    # Nothing can be done with it, but it is part of what the account is worth.
    books.add_cash(round(state.strange_value * MICRO))
    for one in state.holdings:
        books.adopt(one.instrument.symbol, one.quantity, one.cost_micro)
        books.mark(one.instrument.symbol, one.mark_units)
    return books


def record_opening(journal: Journal, ts_ns: int, state: AccountState) -> None:
    """Write into the journal what the books began with, behind the settings."""
    amounts = [("opening", c, micro) for c, micro in state.cash_micro.items()]
    if state.strange_value:
        amounts.append(("held, not traded", state.base, round(state.strange_value * MICRO)))
    for why, currency, micro in amounts:
        journal.append("cash", ts_ns, {"currency": currency, "amount_micro": micro, "why": why})
    for one in state.holdings:
        symbol = one.instrument.symbol
        words = "held when the session began"
        journal.append("baseline", ts_ns, Baseline(symbol, one.quantity, one.cost_micro, words))
        journal.append("mark", ts_ns, (symbol, one.mark_units))
