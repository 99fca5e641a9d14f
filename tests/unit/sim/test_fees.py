import datetime as dt
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import FeeTableError
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Side
from ikbr.sim.fees import FeeSchedule, new_york_day, tiered_micro

NEW_YORK = ZoneInfo("America/New_York")
SPY = Instrument(symbol="SPY")
OPTION = parse_contract("SPY   261218C00600000")
BUY, SELL = Side.BUY, Side.SELL
# On this day the regulators take nothing of a purchase: the commission stands alone.
PLAIN = "2025-12-15"


def at(day, hour=12, minute=0):
    moment = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour, minute), tzinfo=NEW_YORK)
    return round(moment.timestamp()) * 1_000_000_000


def schedule(fees="ibkr-fixed", rate=None, **more):
    return FeeSchedule(ExecutionModel(fees=fees, **more), rate)


def charge(fees, instrument, side, quantity, price, day=PLAIN, order_id=1, maker=False):
    units = instrument.to_units(price)
    got = fees.charge(order_id, instrument, side, quantity, units, at(day), maker=maker)
    return got / MICRO


@pytest.mark.parametrize(
    ("quantity", "price", "dollars"),
    [
        (100, 25.0, 1.00),
        (1000, 25.0, 5.00),
        (1000, 0.25, 2.50),
        (10, 0.50, 0.05),
        (200, 25.0, 1.00),
        (201, 25.0, 1.005),
    ],
)
def test_fixed_commissions_are_those_of_ibkrs_examples(quantity, price, dollars):
    assert charge(schedule(), SPY, BUY, quantity, price) == dollars


@pytest.mark.parametrize(
    ("shares", "dollars"),
    [(200_000, 700), (300_000, 1_050), (3_000_000, 6_450), (30_000_000, 41_950)],
)
def test_tiered_commissions_are_those_of_ibkrs_examples(shares, dollars):
    assert tiered_micro(0, shares) == dollars * MICRO


@pytest.mark.parametrize("plan", ["ibkr-fixed", "ibkr-tiered"])
@pytest.mark.parametrize(
    ("quantity", "price", "dollars"),
    [(1000, 25.0, 7.50), (100, 25.0, 1.00), (1000, 0.25, 2.50)],
)
def test_an_order_sent_to_an_exchange_of_our_choice_costs_more_on_either_plan(
    plan, quantity, price, dollars
):
    directed = msgspec.structs.replace(SPY, exchange="ARCA")
    assert charge(schedule(plan), directed, BUY, quantity, price) == dollars
    fees = schedule(plan)
    halves = [charge(fees, directed, BUY, quantity // 2, price) for _ in range(2)]
    assert sum(halves) == pytest.approx(dollars)


def test_the_last_tier_has_no_end():
    assert tiered_micro(100_000_000, 10) == 5_000


def test_a_tiered_sale_is_itemised_as_in_ibkrs_example():
    # 200,000 shares at 5 dollars: commission 700, venue 600, clearing 40, pass-throughs 0.39 and
    # 0.12; the regulators' part is that of our day.
    fee = charge(schedule("ibkr-tiered"), SPY, SELL, 200_000, 5.0)
    assert fee == pytest.approx(700 + 600 + 40 + 0.392 + 0.1225 + 8.30, abs=1e-9)


def test_adding_liquidity_earns_the_rebate():
    taken = charge(schedule("ibkr-tiered"), SPY, BUY, 1000, 50.0)
    made = charge(schedule("ibkr-tiered"), SPY, BUY, 1000, 50.0, maker=True)
    assert taken - made == pytest.approx(5.0)
    cheap = schedule("ibkr-tiered")
    charge(cheap, SPY, BUY, 100_000_000, 50.0)
    assert charge(cheap, SPY, BUY, 1000, 50.0, order_id=2, maker=True) < 0


@pytest.mark.parametrize(("quantity", "price", "dollars"), [(10, 50.0, 0.35), (10, 1.0, 0.10)])
def test_tiered_orders_have_a_minimum_and_a_maximum(quantity, price, dollars):
    fee = charge(schedule("ibkr-tiered"), SPY, BUY, quantity, price)
    shares = quantity * (0.0030 + 0.0002)
    assert fee == pytest.approx(dollars * (1 + 0.000175 + 0.00056) + shares, abs=2e-6)


def test_the_tier_counts_the_shares_of_a_month_in_new_york():
    fees = schedule("ibkr-tiered")
    charge(fees, SPY, BUY, 300_000, 50.0, "2025-12-30", 1)
    cheaper = charge(fees, SPY, BUY, 1000, 50.0, "2025-12-31", 2)
    dearer = charge(fees, SPY, BUY, 1000, 50.0, "2026-01-02", 3)
    assert dearer - cheaper == pytest.approx(1.5 * 1.000735)


@pytest.mark.parametrize(
    ("day", "dollars"),
    [
        # 1,000 shares sold at 100 dollars: 5.00 and SEC, TAF and CAT of the day.
        ("2025-05-13", 5.00 + 2.78 + 0.166 + 0.048),
        ("2025-05-14", 5.00 + 0.166 + 0.048),
        ("2025-12-15", 5.00 + 0.166),
        ("2026-04-06", 5.00 + 2.06 + 0.195),
        ("2026-05-01", 5.00 + 2.06 + 0.195 + 0.003),
        ("2026-10-01", 5.00 + 2.06 + 0.003),
    ],
)
def test_sales_pay_the_regulators_of_their_day(day, dollars):
    assert charge(schedule(), SPY, SELL, 1000, 100.0, day) == pytest.approx(dollars, abs=1e-9)


def test_the_trading_activity_fee_has_a_cap():
    fee = charge(schedule(), SPY, SELL, 100_000, 100.0)
    assert fee == pytest.approx(500 + 8.30)


def test_the_day_is_that_of_new_york():
    fees = schedule()
    late = fees.charge(1, SPY, SELL, 1000, 1_000_000, at("2025-05-13", 23, 59), maker=False)
    early = fees.charge(2, SPY, SELL, 1000, 1_000_000, at("2025-05-14", 0, 0), maker=False)
    assert late - early == 2_780_000


@pytest.mark.parametrize("day", ["2025-03-09", "2025-11-02", "2025-06-02"])
def test_a_day_in_new_york_is_as_long_as_its_clocks_say(day):
    date, first, last = new_york_day(at(day))
    hours = {"2025-03-09": 23, "2025-11-02": 25}.get(day, 24)
    assert date.isoformat() == day
    assert last - first == hours * 3_600 * 1_000_000_000
    assert new_york_day(first)[0] == date
    assert new_york_day(first - 1)[0] == date - dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("quantity", "premium", "dollars"),
    [(1, 2.0, 1.00), (2, 5.0, 1.30), (3, 0.07, 1.50), (5, 0.03, 1.25), (4, 0.05, 2.00)],
)
def test_option_commissions_are_those_of_ibkrs_examples(quantity, premium, dollars):
    assert charge(schedule(), OPTION, BUY, quantity, premium) == dollars


@pytest.mark.parametrize(
    ("text", "dollars"), [("ES 202612 CME", 2.25), ("MES 202612 CME", 0.62), ("ZN 202612", 1.67)]
)
def test_futures_pay_commission_exchange_and_regulator_per_contract(text, dollars):
    future = parse_contract(text)
    assert charge(schedule(), future, BUY, 3, 100.0) == pytest.approx(3 * dollars)


@pytest.mark.parametrize(
    ("quantity", "dollars"), [(50_000, 2.00), (1_000_000_000, 20_000.0), (200_000, 4.0)]
)
def test_currencies_pay_a_fifth_of_a_basis_point(quantity, dollars):
    assert charge(schedule(), parse_contract("EUR.USD"), BUY, quantity, 1.0) == dollars


def test_the_dollar_minimum_is_paid_in_the_currency_of_the_price():
    rates = {"USD": 1_000_000, "JPY": 6_250}
    fees = schedule(rate=rates.__getitem__)
    assert charge(fees, parse_contract("USD.JPY"), BUY, 1000, 160.0) == 320.0


def test_no_fees_are_no_fees_on_any_day():
    fees = schedule("none")
    assert charge(fees, SPY, SELL, 1000, 25.0, "2013-10-07") == 0
    fees.start_day(at("2013-10-07"))
    assert fees.estimate(SPY, BUY, 100, 1_000_000) == 0


def test_a_day_before_the_table_is_refused():
    with pytest.raises(FeeTableError, match="--fees-as-of"):
        charge(schedule(), SPY, BUY, 1, 1.0, "2024-12-31")
    with pytest.raises(FeeTableError, match="2013"):
        schedule(fees_as_of=dt.date(2013, 1, 1))


def test_the_fees_of_another_day_can_be_asked_for():
    fees = schedule(fees_as_of=dt.date(2025, 1, 2))
    assert charge(fees, SPY, SELL, 1000, 100.0, "2013-10-07") == pytest.approx(7.994)


@given(
    st.sampled_from(["ibkr-fixed", "ibkr-tiered"]),
    st.sampled_from([SPY, OPTION, parse_contract("ES 202612"), parse_contract("EUR.USD")]),
    st.sampled_from(Side),
    st.lists(st.integers(1, 5_000), min_size=1, max_size=12),
    st.integers(1, 3_000_000),
    st.booleans(),
)
def test_an_order_costs_the_same_however_it_is_filled(name, instrument, side, parts, price, maker):
    whole, split = schedule(name), schedule(name)
    day = at("2025-02-03")
    total = whole.charge(1, instrument, side, sum(parts), price, day, maker=maker, ends=True)
    last = len(parts) - 1
    pieces = [
        split.charge(1, instrument, side, part, price, day, maker=maker, ends=n == last)
        for n, part in enumerate(parts)
    ]
    assert sum(pieces) == total
    other, again = schedule(name), schedule(name)
    assert again.charge(1, instrument, side, sum(parts), price, day, maker=maker) == total
    # What has ended is forgotten: the same number may be given to another order.
    first = other.charge(1, instrument, side, parts[0], price, day, maker=maker, ends=True)
    if name == "ibkr-fixed":
        assert other.charge(1, instrument, side, parts[0], price, day, maker=maker) == first
    if name == "ibkr-fixed" or not maker:
        assert all(piece >= 0 for piece in pieces)


@given(st.integers(1, 10**6), st.integers(1, 5_000_000))
def test_a_fixed_commission_is_never_above_one_per_cent(quantity, price):
    fees = schedule()
    fee = fees.charge(1, SPY, BUY, quantity, price, at(PLAIN), maker=False)
    assert fee <= quantity * price + 1


def test_an_order_that_works_overnight_pays_its_minimum_again():
    fees = schedule()
    assert charge(fees, SPY, BUY, 10, 50.0, "2025-12-15") == 1.0
    assert charge(fees, SPY, BUY, 10, 50.0, "2025-12-15") == 0.0
    assert charge(fees, SPY, BUY, 10, 50.0, "2025-12-16") == 1.0


def test_an_order_that_was_released_is_forgotten():
    fees = schedule()
    charge(fees, SPY, BUY, 10, 50.0)
    fees.release(1)
    fees.release(1)
    assert charge(fees, SPY, BUY, 10, 50.0) == 1.0


@pytest.mark.parametrize("name", ["ibkr-fixed", "ibkr-tiered"])
def test_an_estimate_is_what_is_charged_and_leaves_no_trace(name):
    fees = schedule(name)
    assert fees.estimate(SPY, SELL, 1000, 1_000_000) == 0
    fees.start_day(at("2025-02-03"))
    guess = fees.estimate(SPY, SELL, 400_000, 1_000_000)
    assert guess == fees.estimate(SPY, SELL, 400_000, 1_000_000)
    fees.start_day(at("2025-02-03"))
    day = at("2025-02-03")
    assert fees.charge(1, SPY, SELL, 400_000, 1_000_000, day, maker=False) == guess
