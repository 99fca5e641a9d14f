"""Corporate actions: what splits and dividends do to a holding."""

from __future__ import annotations

from fractions import Fraction

from ikbr.domain.errors import DataError
from ikbr.domain.instrument import MICRO
from ikbr.domain.portfolio import Portfolio
from ikbr.domain.tape import CorporateAction

_LARGEST_TERM = 10_000


def split_ratio(split: float) -> tuple[int, int]:
    """Turn new shares per old share into whole numbers.

    Args:
        split: As in `CorporateAction`.

    Returns:
        New shares and old shares, in lowest terms.

    Raises:
        DataError: When it is not a positive ratio.

    >>> split_ratio(1.5), split_ratio(0.066666667)
    ((3, 2), (1, 15))
    """
    ratio = Fraction(split).limit_denominator(_LARGEST_TERM) if 0 < split < MICRO else Fraction(0)
    if ratio <= 0:
        raise DataError(
            f"split {split} is not a ratio above 0; write new shares per old share (2.0 is 2:1)."
        )
    return ratio.numerator, ratio.denominator


def apply_action(portfolio: Portfolio, action: CorporateAction) -> None:
    """Book a split or a dividend before the open of its ex-date.

    The dividend counts on the shares held before the split. It is paid on the ex-date (a
    simplification: the pay date comes weeks later); a short position pays it. A fraction of a share
    that a split leaves is paid out in cash at the mark. Both leave the equity as it was once the
    market has moved by the same amount: the mark is moved here, so that nothing jumps in between.

    Args:
        portfolio: The books.
        action: What happens.

    Raises:
        DataError: When the split is not a ratio above 0.

    Source: FINRA Rule 11140 (ex-dates); IBKR, "Corporate actions" (payment in lieu, cash in lieu).
    """
    position = portfolio.positions.get(action.symbol)
    if position is None:
        return
    instrument = position.instrument
    if action.dividend:
        per_share = round(action.dividend * instrument.multiplier * MICRO)
        if position.quantity:
            portfolio.add_cash(position.quantity * per_share, instrument.currency)
        if position.mark_units:
            fallen = position.mark_units - instrument.to_units(action.dividend)
            position.mark_units = max(fallen, 1)
    if action.split != 1.0:
        new, old = split_ratio(action.split)
        cash = position.split(new, old)
        if cash:
            portfolio.add_cash(cash, instrument.currency)
