"""The choice of a route: a table from urgency, spread, size and session to an order type.

| session | urgency | spread | large | order |
|---|---|---|---|---|
| outside regular hours | now, urgent | any | any | limit through the touch (collar) |
| outside regular hours | normal, patient | any | any | limit at the near touch that follows it |
| regular, no quote | any | – | any | market |
| regular | now | not wide | any | market |
| regular | now | wide | any | limit through the touch (collar) |
| regular | urgent | not wide | no | limit through the touch (collar) |
| regular | urgent | wide, or | yes | Adaptive, urgent |
| regular | normal | narrow | no | limit through the touch (collar) |
| regular | normal | not narrow | no | MIDPRICE, capped at the far touch |
| regular | normal | any | yes | Adaptive, normal |
| regular | patient | narrow | no | limit at the near touch that follows it |
| regular | patient | not narrow | no | MIDPRICE, capped at the far touch |
| regular | patient | any | yes | Adaptive, patient |

What MIDPRICE and Adaptive do not take (no stock of the US, a chosen exchange) is worked by the
limit that follows the touch, or by the limit through it where it is urgent.

Source: IBKR, "Order types: MIDPRICE" (US stocks, SMART, regular hours), "Adaptive Algo" (US
stocks, options, futures, SMART, regular hours).
"""

from __future__ import annotations

from typing import NamedTuple

from ikbr.domain.instrument import Instrument, SecType
from ikbr.domain.order import OrderType, Side
from ikbr.domain.routing import Algo, RoutingRules, Urgency
from ikbr.domain.ticker import Ticker

BPS = 1e-4

_ADAPTIVE = {
    Urgency.PATIENT: Algo.ADAPTIVE_PATIENT,
    Urgency.NORMAL: Algo.ADAPTIVE_NORMAL,
    Urgency.URGENT: Algo.ADAPTIVE_URGENT,
}
_HASTY = (Urgency.NOW, Urgency.URGENT)


class Route(NamedTuple):
    """Say how an order is worked.

    Attributes:
        order_type: As which type it is sent.
        limit_price: Its limit, if it has one.
        algo: How it is worked beyond that.
    """

    order_type: OrderType
    limit_price: float | None = None
    algo: Algo = Algo.NONE


MARKET = Route(OrderType.MARKET)


def choose_route(
    rules: RoutingRules,
    urgency: Urgency,
    side: Side,
    quantity: int,
    ticker: Ticker,
    *,
    regular: bool,
) -> Route:
    """Choose how an order is worked.

    Args:
        rules: The thresholds.
        urgency: How much waiting it bears.
        side: Which way.
        quantity: How much.
        ticker: The market.
        regular: Whether these are regular hours.

    Returns:
        The route; a market order where no quote stands.
    """
    bid, ask = ticker.bid, ticker.ask
    if not bid < ask:
        return MARKET
    instrument = ticker.instrument
    hasty = urgency in _HASTY
    if not regular:
        return through(rules, instrument, side, ticker) if hasty else follow(side, ticker)
    wide = (ask - bid) > rules.wide_bps * BPS * (ask + bid) * 0.5
    if urgency == Urgency.NOW:
        return through(rules, instrument, side, ticker) if wide else MARKET
    displayed = ticker.ask_size if side > 0 else ticker.bid_size
    large = displayed > 0 and quantity > rules.large_share * displayed
    if large or (hasty and wide):
        if takes_adaptive(instrument, rules):
            return Route(OrderType.MARKET, None, _ADAPTIVE[urgency])
        return through(rules, instrument, side, ticker) if hasty else follow(side, ticker)
    narrow = spread_steps(ticker) <= rules.narrow_ticks
    if hasty or (narrow and urgency == Urgency.NORMAL):
        return through(rules, instrument, side, ticker)
    if not narrow and takes_midprice(instrument, rules):
        return Route(OrderType.MIDPRICE, ask if side > 0 else bid)
    return follow(side, ticker)


def through(rules: RoutingRules, instrument: Instrument, side: Side, ticker: Ticker) -> Route:
    """Send a limit that reaches beyond the touch, so that it trades now but not at any price."""
    touch = ticker.ask if side > 0 else ticker.bid
    reach = 1 + side * rules.collar_bps * BPS
    units = instrument.to_units(touch * reach)
    limit = instrument.on_grid(units, "down" if side > 0 else "up")
    # A collar of less than one step is none.
    least = instrument.to_units(touch)
    units = max(limit, least) if side > 0 else min(limit, least)
    return Route(OrderType.LIMIT, instrument.to_price(units), Algo.COLLAR)


def follow(side: Side, ticker: Ticker) -> Route:
    """Send a limit at the near touch, to be moved with it."""
    return Route(OrderType.LIMIT, ticker.bid if side > 0 else ticker.ask, Algo.CHASE)


def spread_steps(ticker: Ticker) -> int:
    """Count the price steps between bid and ask."""
    instrument = ticker.instrument
    bid, ask = instrument.to_units(ticker.bid), instrument.to_units(ticker.ask)
    return (ask - bid) // instrument.increment(bid)


def takes_midprice(instrument: Instrument, rules: RoutingRules) -> bool:
    """Say whether IB takes MIDPRICE orders for an instrument."""
    return _is_us_stock(instrument) and not rules.exchange


def takes_adaptive(instrument: Instrument, rules: RoutingRules) -> bool:
    """Say whether IB's adaptive algorithm works an instrument."""
    if instrument.sec_type in {SecType.FUTURE, SecType.OPTION}:
        return instrument.currency == "USD"
    return _is_us_stock(instrument) and not rules.exchange


def _is_us_stock(instrument: Instrument) -> bool:
    return (
        instrument.sec_type is SecType.STOCK
        and instrument.currency == "USD"
        and instrument.exchange == "SMART"
    )
