"""Rules about the market that an order would meet: hours, freshness, prices, our own orders."""

from __future__ import annotations

from ikbr.core.risk_case import Case
from ikbr.core.sizing import touch_price
from ikbr.domain.events import Refused
from ikbr.domain.order import OrderType
from ikbr.domain.ticker import Freshness
from ikbr.domain.timers import NEVER

_AUCTION = frozenset((OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE))
_AT_MARKET = frozenset((OrderType.MARKET,))
_CAN_CROSS = frozenset((OrderType.MARKET, OrderType.LIMIT, OrderType.MIDPRICE))
_UNTRUSTED = frozenset(
    (Freshness.STALE, Freshness.CROSSED, Freshness.HALTED, Freshness.EMPTY),
)


def test_closed(case: Case) -> Refused | None:
    """Refuse entries while the market is closed or halted, or too late for its auction.

    Source: NYSE Rule 7.35B and Nasdaq Rule 4754: orders for the closing auction are taken until
    ten, respectively five minutes before the close.
    """
    request, session, now = case.request, case.clearance.session, case.now_ns
    kind, cutoff = request.order_type, case.limits.auction_cutoff_s
    if case.ticker.halted:
        return case.refuse("closed", 0.0, 1.0, "its trading is halted.")
    if session is None or not session.holds(now):
        if kind is OrderType.MARKET_ON_OPEN or request.outside_rth:
            return None
        return case.refuse("closed", 0.0, 1.0, "the market is closed.", NEVER)
    left = (session.close_ns - now) / 1e9
    if kind in _AUCTION and left < cutoff:
        reason = f"the close is {left:g} s away; its auction takes orders until {cutoff:g} s."
        return case.refuse("closed", cutoff, left, reason, NEVER)
    return None


def test_stale(case: Case) -> Refused | None:
    """Refuse entries on data that cannot be trusted."""
    limits, ticker = case.limits, case.ticker
    freshness = ticker.freshness(case.now_ns, round(limits.stale_after_s * 1e9))
    if freshness not in _UNTRUSTED:
        return None
    age = (case.now_ns - ticker.ts_ns) / 1e9
    reason = f"market data is {freshness}, {age:,.3f} s old; entries need fresh data."
    return case.refuse("stale", limits.stale_after_s, age, reason)


def test_collar(case: Case) -> Refused | None:
    """Refuse a limit price too far from a fresh market, beyond the fraction and the ticks.

    Without a fresh market it is refused too. An attached exit is refused only where it lies
    that far on the side on which it would trade at once.
    """
    request, limits, ticker = case.request, case.limits, case.ticker
    limit, profit = request.limit_price, request.take_profit
    if limit is None and profit is None:
        return None
    mark = ticker.market_price()
    if mark != mark or _is_untrusted(case):
        reason = "the limit price has no fresh market to be compared with."
        return case.refuse("collar", limits.collar_pct, float("inf"), reason)
    allowed = max(limits.collar_pct * abs(mark), limits.collar_ticks * case.tick_at(mark))
    if limit is not None and abs(limit - mark) > allowed + _ROUNDING:
        return _beyond(case, limit, mark, allowed)
    if profit is not None and request.side * (mark - profit) > allowed + _ROUNDING:
        return _beyond(case, profit, mark, allowed)
    return None


_ROUNDING = 1e-9
"""In prices: no order is refused for the rounding of a float."""


def _beyond(case: Case, price: float, mark: float, allowed: float) -> Refused:
    unit = abs(mark) or float("nan")
    share = allowed / unit if mark else case.limits.collar_pct
    actual = abs(price - mark) / unit if mark else float("inf")
    reason = f"limit {price:g} is {actual:.2%} from the market {mark:g}; {share:.2%} is allowed."
    return case.refuse("collar", share, actual, reason)


def test_spread(case: Case) -> Refused | None:
    """Refuse a market order in a market that is too wide, or of which no width is known."""
    if case.request.order_type not in _AT_MARKET:
        return None
    limit, ticker = case.limits.max_spread_pct, case.ticker
    mid = ticker.midpoint()
    if mid != mid or mid <= 0 or _is_untrusted(case):
        reason = "there are no fresh quotes that a market order could be sent against."
        return case.refuse("spread", limit, float("inf"), reason)
    spread = ticker.spread() / mid
    if spread <= limit + _ROUNDING:
        return None
    reason = f"the market is {spread:.2%} wide; market orders are sent up to {limit:.2%}."
    return case.refuse("spread", limit, spread, reason)


def test_self_trade(case: Case) -> Refused | None:
    """Refuse what would trade against an own resting order."""
    request, ticker = case.request, case.ticker
    resting = case.traffic.resting(request.symbol, -request.side)
    if not resting or request.order_type not in _CAN_CROSS:
        return None
    price = request.limit_price
    if request.order_type is OrderType.MIDPRICE:
        price = ticker.midpoint()
    elif price is None:
        price = touch_price(request.side, ticker)
    for order in resting:
        other = order.request.limit_price
        if order.request.order_type is OrderType.MIDPRICE:
            other = ticker.midpoint()
        if other is not None and request.side * (price - other) >= 0:
            reason = (
                f"it would trade at {price:g} against our own order {order.order_id}, which rests "
                f"at {other:g}."
            )
            return case.refuse("self-trade", 0.0, 1.0, reason)
    return None


def _is_untrusted(case: Case) -> bool:
    after_ns = round(case.limits.stale_after_s * 1e9)
    return case.ticker.freshness(case.now_ns, after_ns) in _UNTRUSTED
