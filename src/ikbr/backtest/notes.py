"""Notes: sentences about how a run was made that whoever reads its result must know."""

from __future__ import annotations

from ikbr.domain.execution import ExecutionModel
from ikbr.domain.tape import NO_PRICE, TapeSource
from ikbr.sim.market import StandingMarket


def notes_of(source: TapeSource, model: ExecutionModel, market: StandingMarket) -> list[str]:
    """Say what must be known of data and model.

    Args:
        source: The market data.
        model: The simulated market.
        market: How it stood at the end.
    """
    notes = []
    if source.synthetic:
        notes.append("The market data is synthetic: it was made up by a seeded generator.")
    if not source.has_quotes and model.fill == "quote":
        notes.append("The tape has no quotes: market orders traded at the next print.")
    if all(last == NO_PRICE for last in market.last):
        notes.append("The tape has no prints: `ticker.last` stayed unknown all along.")
    if model.fill == "last":
        notes.append("Fills at the last price exist only for comparison with other engines.")
    if model.fees_as_of is not None and model.fees != "none":
        notes.append(f"Fees are those of {model.fees_as_of}, whatever the date of the data.")
    return notes
