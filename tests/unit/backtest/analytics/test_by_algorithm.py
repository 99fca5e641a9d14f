import pytest

from ikbr.backtest.analytics.by_algorithm import by_algorithm
from ikbr.domain.order import NAN, Fill, Side


def fill(order_id, side, price, *, mid=100.0, touch=100.01, arrival=100.02, fee=1.0, quantity=100):
    return Fill(
        order_id, order_id, "s", "SPY", side, quantity, round(price * 10_000), 0, round(fee * 1e6),
        price, decision_mid=mid, decision_price=touch, arrival_price=arrival,
    )  # fmt: skip


def test_the_parts_add_up_to_the_slippage_from_the_mid_at_the_decision():
    [row] = by_algorithm([fill(1, Side.BUY, 100.04)], {1: "MKT"}, {}, {})
    assert row.spread_bps == pytest.approx(1.0)
    assert row.delay_bps == pytest.approx(1.0)
    assert row.impact_bps == pytest.approx(2.0)
    assert row.arrival_bps == pytest.approx(4.0)
    assert row.fees_bps == pytest.approx(1.0, rel=1e-3)
    assert row.total_bps == pytest.approx(row.arrival_bps + row.fees_bps)


def test_a_sale_costs_when_it_is_below_and_earns_when_it_is_above():
    sale = fill(1, Side.SELL, 100.03, touch=99.99, arrival=99.99, fee=0.0)
    [row] = by_algorithm([sale], {1: "MIDPRICE"}, {}, {})
    assert row.spread_bps == pytest.approx(1.0)
    assert row.impact_bps == pytest.approx(-4.0)
    assert row.arrival_bps == pytest.approx(-3.0)


def test_an_unknown_arrival_counts_from_the_touch_at_the_decision():
    [row] = by_algorithm([fill(1, Side.BUY, 100.04, arrival=NAN)], {1: "MKT"}, {}, {})
    assert (row.delay_bps, row.arrival_bps) == (0.0, pytest.approx(4.0))
    assert row.impact_bps == pytest.approx(3.0)


def test_a_decision_without_a_quote_counts_in_fees_alone():
    [row] = by_algorithm([fill(1, Side.BUY, 100.0, mid=NAN, touch=NAN)], {1: "MKT"}, {}, {})
    assert (row.arrival_bps, row.total_bps) == (None, None)
    assert row.fees_bps == pytest.approx(1.0)


def test_ways_stand_by_what_they_moved_in_the_accounts_currency():
    fills = [
        fill(1, Side.BUY, 100.0), fill(2, Side.BUY, 100.0, quantity=500), fill(3, Side.BUY, 100.0),
    ]  # fmt: skip
    rows = by_algorithm(fills, {1: "chase", 2: "MKT"}, {"SPY": 50}, {"SPY": 1.1})
    assert [(r.algorithm, r.fills) for r in rows] == [("MKT", 1), ("chase", 1), ("unknown", 1)]
    assert rows[0].notional == pytest.approx(500 * 100 * 50 * 1.1)
