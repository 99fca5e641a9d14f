"""Prices that strategies decide on."""

from __future__ import annotations

from ikbr.domain.ticker import NAN, Ticker

INFINITE = float("inf")


def has_quote(ticker: Ticker) -> bool:
    """Say whether both sides are quoted, as finite prices above 0 that do not cross.

    Args:
        ticker: Its standing state; an unknown field may be None, NaN, 0 or -1.
    """
    bid, ask = ticker.bid, ticker.ask
    return bool(bid and ask and 0 < bid <= ask < INFINITE)


def fair_price(ticker: Ticker) -> float:
    """Give what an instrument seems worth: the mid of a sound quote, else the last price.

    The mid does not jump between bid and ask from print to print, which would look like a
    movement that reverts.

    Args:
        ticker: Its standing state; an unknown field may be None, NaN, 0 or -1.

    Returns:
        The price; NaN while nothing sound is known.

    Source: R. Roll, "A Simple Implicit Measure of the Effective Bid-Ask Spread", Journal of
    Finance 39 (1984), for the bounce.
    """
    if has_quote(ticker):
        return (ticker.bid + ticker.ask) * 0.5
    last = ticker.last
    return last if last and 0 < last < INFINITE else NAN
