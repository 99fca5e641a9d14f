"""Round trips add up to the money that moved."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.errors import InvariantError
from ikbr.domain.round_trips import Split, round_trips


class F(msgspec.Struct, frozen=True):
    side: int
    quantity: int
    price: float
    ts_ns: int
    commission: float = 0.0
    strategy: str = "momentum"
    symbol: str = "SPY"


def test_scaling_in_and_out_gives_one_trip_with_average_prices() -> None:
    fills = [F(1, 100, 10.0, 1, 1.0), F(1, 300, 11.0, 2, 2.0), F(-1, 150, 12.0, 3, 1.0)]
    fills += [F(1, 50, 12.0, 4, 0.5), F(-1, 300, 13.0, 9, 1.5)]
    result = round_trips(fills, {"SPY": 1})
    (trip,) = result.closed
    assert result.open == ()
    assert (trip.direction, trip.fills, trip.max_quantity) == (1, 5, 400)
    assert (trip.entry_ts_ns, trip.exit_ts_ns, trip.held_ns) == (1, 9, 8)
    assert trip.entry_price == pytest.approx((1000 + 3300 + 600) / 450)
    assert trip.exit_price == pytest.approx((1800 + 3900) / 450)
    assert trip.gross_pnl == pytest.approx(5700 - 4900)
    assert trip.commission == pytest.approx(6.0)
    assert trip.net_pnl == pytest.approx(794.0)
    assert trip.return_fraction == pytest.approx(794.0 / 4900)
    assert trip.bars_held(3) == 2


def test_a_short_trip_earns_when_the_price_falls() -> None:
    (trip,) = round_trips([F(-1, 10, 50.0, 1), F(1, 10, 45.0, 2)], {"SPY": 1}).closed
    assert (trip.direction, trip.gross_pnl) == (-1, 50.0)


def test_a_fill_that_crosses_zero_is_split_by_quantity() -> None:
    result = round_trips([F(1, 100, 10.0, 1, 1.0), F(-1, 400, 11.0, 2, 8.0)], {"SPY": 5})
    (trip,) = result.closed
    (rest,) = result.open
    assert (trip.gross_pnl, trip.commission) == (500.0, 3.0)
    assert (rest.position, rest.cost_price, rest.commission, rest.fills) == (-300, 11.0, 6.0, 1)
    assert (rest.direction, rest.entry_ts_ns) == (-1, 2)
    assert rest.net_pnl(10.0) == 300 * 5 - 6.0


def test_strategies_and_symbols_are_kept_apart() -> None:
    fills = [F(1, 10, 5.0, 1, strategy="a"), F(-1, 10, 6.0, 2, strategy="b")]
    fills += [F(1, 10, 7.0, 3, symbol="BAC"), F(-1, 10, 7.5, 4, symbol="BAC")]
    result = round_trips(fills, {})
    assert [trip.symbol for trip in result.closed] == ["BAC"]
    assert [(trip.strategy, trip.position) for trip in result.open] == [("a", 10), ("b", -10)]


def test_without_fills_there_are_no_trips() -> None:
    result = round_trips([], {})
    assert (result.closed, result.open) == ((), ())


def test_a_trip_without_notional_has_no_return() -> None:
    (trip,) = round_trips([F(1, 1, 0.0, 1), F(-1, 1, 1.0, 2)], {}).closed
    assert trip.return_fraction is None


@pytest.mark.parametrize(("side", "quantity"), [(0, 10), (2, 10), (1, 0), (1, -5)])
def test_an_impossible_fill_is_refused(side: int, quantity: int) -> None:
    with pytest.raises(InvariantError, match="cannot happen"):
        round_trips([F(side, quantity, 1.0, 0)], {})


FILLS = st.lists(
    st.tuples(
        st.sampled_from([1, -1]),
        st.integers(1, 500),
        st.integers(1, 20_000).map(lambda cents: cents / 100),
        st.integers(-100, 500).map(lambda cents: cents / 100),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["SPY", "ES"]),
    ),
    max_size=40,
)


@given(FILLS, st.floats(0.01, 300.0))
def test_closed_and_open_trips_add_up_to_cash_flow_plus_marked_positions(rows, mark) -> None:
    multipliers = {"SPY": 1, "ES": 50}
    fills = [
        F(side, quantity, price, ts, commission, strategy, symbol)
        for ts, (side, quantity, price, commission, strategy, symbol) in enumerate(rows)
    ]
    result = round_trips(fills, multipliers)
    flows = [-f.side * f.quantity * f.price * multipliers[f.symbol] - f.commission for f in fills]
    held = [f.side * f.quantity * mark * multipliers[f.symbol] for f in fills]
    expected = math.fsum(flows) + math.fsum(held)
    trips = [trip.net_pnl for trip in result.closed] + [t.net_pnl(mark) for t in result.open]
    assert math.fsum(trips) == pytest.approx(expected, abs=1e-4)
    assert sum(t.position for t in result.open) == sum(f.side * f.quantity for f in fills)
    assert all(trip.exit_ts_ns >= trip.entry_ts_ns for trip in result.closed)
    assert all(trip.max_quantity >= 1 for trip in result.closed)


def test_a_split_turns_what_is_held_into_new_shares() -> None:
    fills = [F(1, 100, 100.0, 1), F(-1, 20, 110.0, 2), F(-1, 160, 56.0, 9), F(1, 10, 56.0, 10)]
    splits = [Split(5, "OTHER", 3, 1), Split(9, "SPY", 2, 1), Split(99, "SPY", 3, 1)]
    result = round_trips(fills, {"SPY": 1}, splits)
    (trip,) = result.closed
    assert (trip.max_quantity, trip.entry_price, trip.exit_price) == (200, 50.0, 55.8)
    assert trip.gross_pnl == 20 * 10.0 + 160 * 6.0
    assert (trip.turnover, trip.exit_ts_ns) == (10_000.0, 9)
    (still,) = result.open
    assert (still.position, still.entry_price) == (30, pytest.approx(56 / 3))
    assert still.unrealised_pnl(20.0) == pytest.approx(600 - 560)


def test_a_fraction_of_a_share_leaves_at_its_cost() -> None:
    result = round_trips([F(-1, 3, 100.0, 1), F(1, 1, 220.0, 3)], {}, [Split(2, "SPY", 1, 2)])
    (trip,) = result.closed
    assert trip.gross_pnl == pytest.approx(-20.0)
    assert trip.exit_price == pytest.approx((220.0 + 100.0) / 1.5)
    (gone,) = round_trips([F(1, 1, 5.0, 1)], {}, [Split(2, "SPY", 1, 10)]).closed
    assert (gone.exit_ts_ns, gone.gross_pnl, gone.max_quantity) == (2, pytest.approx(0.0), 1)
