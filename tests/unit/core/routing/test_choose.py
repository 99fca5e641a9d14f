import pytest

from ikbr.core.routing.choose import choose_route, spread_steps, through
from ikbr.domain.contracts import parse_contract
from ikbr.domain.order import OrderType, Side
from ikbr.domain.routing import Algo, RoutingRules, Urgency
from ikbr.domain.ticker import Ticker

NARROW, MIDDLE, WIDE = (100.00, 100.01), (100.00, 100.04), (100.00, 100.50)
PATIENT, NORMAL, URGENT, NOW = Urgency
BUY, SELL = Side.BUY, Side.SELL


def market(quote, *, symbol="SPY", size=500):
    ticker = Ticker(parse_contract(symbol))
    ticker.bid, ticker.ask = quote
    ticker.bid_size = ticker.ask_size = size
    return ticker


def chosen(urgency, quote, *, side=BUY, quantity=100, regular=True, symbol="SPY", **rules):
    ticker = market(quote, symbol=symbol)
    route = choose_route(RoutingRules(**rules), urgency, side, quantity, ticker, regular=regular)
    return route.algo or route.order_type


# What the table at the head of the module says, row by row.
TABLE = [
    # urgency, quote, quantity, regular → how it is worked
    (NOW, NARROW, 100, False, Algo.COLLAR),
    (URGENT, WIDE, 100, False, Algo.COLLAR),
    (NORMAL, NARROW, 100, False, Algo.CHASE),
    (PATIENT, WIDE, 900, False, Algo.CHASE),
    (NOW, NARROW, 100, True, OrderType.MARKET),
    (NOW, MIDDLE, 900, True, OrderType.MARKET),
    (NOW, WIDE, 100, True, Algo.COLLAR),
    (URGENT, NARROW, 100, True, Algo.COLLAR),
    (URGENT, MIDDLE, 100, True, Algo.COLLAR),
    (URGENT, WIDE, 100, True, Algo.ADAPTIVE_URGENT),
    (URGENT, NARROW, 900, True, Algo.ADAPTIVE_URGENT),
    (NORMAL, NARROW, 100, True, Algo.COLLAR),
    (NORMAL, MIDDLE, 100, True, OrderType.MIDPRICE),
    (NORMAL, WIDE, 100, True, OrderType.MIDPRICE),
    (NORMAL, NARROW, 900, True, Algo.ADAPTIVE_NORMAL),
    (PATIENT, NARROW, 100, True, Algo.CHASE),
    (PATIENT, MIDDLE, 100, True, OrderType.MIDPRICE),
    (PATIENT, WIDE, 900, True, Algo.ADAPTIVE_PATIENT),
]


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize(("urgency", "quote", "quantity", "regular", "how"), TABLE)
def test_each_row_of_the_table_holds(urgency, quote, quantity, regular, how, side):
    assert chosen(urgency, quote, side=side, quantity=quantity, regular=regular) == how


@pytest.mark.parametrize(
    "quote", [(float("nan"), 100.0), (100.0, float("nan")), (100.01, 100.0), (100.0, 100.0)]
)
@pytest.mark.parametrize("urgency", list(Urgency))
def test_without_a_quote_that_stands_it_is_a_market_order(urgency, quote):
    assert chosen(urgency, quote) == OrderType.MARKET


@pytest.mark.parametrize(
    ("symbol", "rules"),
    [("EUR.USD", {}), ("SPY", {"exchange": "ARCA"})],
)
def test_what_ib_does_not_work_itself_follows_the_touch_or_reaches_through_it(symbol, rules):
    quote = (1.1000, 1.1005) if symbol == "EUR.USD" else MIDDLE
    assert chosen(NORMAL, quote, symbol=symbol, **rules) == Algo.CHASE
    assert chosen(NORMAL, quote, symbol=symbol, quantity=900, **rules) == Algo.CHASE
    assert chosen(URGENT, quote, symbol=symbol, quantity=900, **rules) == Algo.COLLAR


def test_futures_take_the_adaptive_algorithm_but_no_midprice():
    quote = (5000.00, 5001.00)
    assert chosen(NORMAL, quote, symbol="ES 202612 CME", quantity=900) == Algo.ADAPTIVE_NORMAL
    assert chosen(NORMAL, quote, symbol="ES 202612 CME") == Algo.CHASE


@pytest.mark.parametrize(("side", "limit"), [(BUY, 100.14), (SELL, 99.90)])
def test_a_collar_reaches_so_far_beyond_the_touch_and_lies_on_the_grid(side, limit):
    route = through(RoutingRules(collar_bps=10), parse_contract("SPY"), side, market(MIDDLE))
    assert route == (OrderType.LIMIT, limit, Algo.COLLAR)


@pytest.mark.parametrize(("side", "limit"), [(BUY, 100.04), (SELL, 100.00)])
def test_a_collar_of_less_than_a_step_still_reaches_the_touch(side, limit):
    route = through(RoutingRules(collar_bps=0.1), parse_contract("SPY"), side, market(MIDDLE))
    assert route.limit_price == limit


@pytest.mark.parametrize(("side", "cap"), [(BUY, 100.04), (SELL, 100.00)])
def test_a_midprice_order_is_capped_at_the_far_touch(side, cap):
    route = choose_route(RoutingRules(), NORMAL, side, 100, market(MIDDLE), regular=True)
    assert route.limit_price == cap


@pytest.mark.parametrize(("quote", "steps"), [(NARROW, 1), (MIDDLE, 4), ((0.50, 0.5003), 3)])
def test_a_spread_is_counted_in_steps_of_the_grid(quote, steps):
    assert spread_steps(market(quote)) == steps
