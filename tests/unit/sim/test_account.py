import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import ContractError, FeeTableError
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill, Side
from ikbr.domain.session import Session
from ikbr.domain.tape import CorporateAction
from ikbr.sim.account import Account
from ikbr.sim.day_trades import RULE_ENDS

BUY, SELL = Side.BUY, Side.SELL
HOUR_NS = 3_600 * 10**9
MONDAY = dt.date(2025, 12, 15)
CALL = parse_contract("SPY   261218C00600000")
PUT = parse_contract("SPY   261218P00600000")
INSTRUMENTS = {
    i.symbol: i
    for i in (
        *(parse_contract(t) for t in ("SPY", "IBM", "ES 202612", "EUR.USD")),
        CALL,
        PUT,
        Instrument(symbol="SAP", currency="EUR"),
    )
}
SPY, IBM = INSTRUMENTS["SPY"], INSTRUMENTS["IBM"]
ES, EURUSD = INSTRUMENTS["ES 202612 CME"], INSTRUMENTS["EUR.USD"]


def account(capital=100_000.0, kind="reg-t", fees="none", fx=None, **more):
    model = ExecutionModel(account=kind, fees=fees, **more)
    return Account(INSTRUMENTS, capital, model, fx=fx)


def session(day):
    opened = dt.datetime.combine(day, dt.time(9, 30), tzinfo=ZoneInfo("America/New_York"))
    open_ns = round(opened.timestamp()) * 10**9
    return Session(day, open_ns, open_ns + 6 * HOUR_NS)


def trade(account, instrument, side, quantity, price, *, checked=True, day=MONDAY):
    """Send an order through check, charge and book; give the words of a refusal."""
    units = instrument.to_units(price)
    if checked and (words := account.check(instrument, side, quantity, units)):
        return words
    ts_ns = session(day).open_ns
    fee = account.charge(1, instrument, side, quantity, units, ts_ns, maker=False)
    account.release(1)
    account.book(Fill(1, 1, "s", instrument.symbol, side, quantity, units, ts_ns, fee, price))
    account.portfolio.mark(instrument.symbol, units)
    return ""


# --- simple -------------------------------------------------------------------------------------


def test_a_simple_account_accepts_everything_and_is_never_closed():
    simple = account(100.0, "simple")
    assert trade(simple, SPY, SELL, 10_000, 100.0) == ""
    assert trade(simple, ES, BUY, 100, 6_000.0) == ""
    simple.portfolio.mark("SPY", 5_000_000)
    assert simple.liquidation_orders() == []
    assert simple.safe_move() == float("inf")
    assert simple.maintenance_excess_micro() == simple.portfolio.equity_micro()


# --- Regulation T -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instrument", "side", "price", "most"),
    [
        (SPY, BUY, 100.0, 2_000),
        (SPY, SELL, 100.0, 2_000),
        (SPY, SELL, 4.0, 25_000),
        (SPY, SELL, 1.0, 40_000),
        (ES, BUY, 6_000.0, 4),
        (EURUSD, SELL, 1.25, 4_000_000),
        (CALL, BUY, 5.0, 200),
    ],
)
def test_a_margin_account_buys_up_to_its_initial_margin(instrument, side, price, most):
    units = instrument.to_units(price)
    reg_t = account()
    assert reg_t.check(instrument, side, most, units) == ""
    assert "available funds" in reg_t.check(instrument, side, most + 1, units)


def test_the_second_order_sees_the_fill_of_the_first():
    reg_t = account()
    assert trade(reg_t, SPY, BUY, 1_500, 100.0) == ""
    assert "available funds" in trade(reg_t, IBM, BUY, 501, 100.0)
    assert trade(reg_t, IBM, BUY, 500, 100.0) == ""


def test_the_fees_of_the_order_have_to_fit_too():
    reg_t = account(fees="ibkr-fixed")
    reg_t.open_session(session(MONDAY), ())
    assert "available funds" in reg_t.check(SPY, BUY, 2_000, 1_000_000)
    assert reg_t.check(SPY, BUY, 1_999, 1_000_000) == ""


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("kind", ["reg-t", "cash"])
@pytest.mark.parametrize("part", [1, 100])
def test_an_order_that_reduces_always_passes(side, kind, part):
    poor = account(kind=kind)
    trade(poor, SPY, side, 100, 100.0, checked=False)
    poor.portfolio.add_cash(-(10**12))
    assert poor.check(SPY, Side(-side), part, 1_000_000) == ""
    assert poor.check(SPY, side, 1, 1_000_000) != ""


def test_a_reversal_is_weighed_by_what_it_leaves():
    reg_t = account()
    trade(reg_t, SPY, BUY, 2_000, 100.0)
    assert reg_t.check(SPY, SELL, 4_000, 1_000_000) == ""
    assert "available funds" in reg_t.check(SPY, SELL, 4_001, 1_000_000)


def test_less_margin_than_before_is_never_refused():
    reg_t = account()
    trade(reg_t, SPY, BUY, 2_000, 100.0)
    reg_t.portfolio.mark("SPY", 800_000)
    assert "available funds" in reg_t.check(SPY, BUY, 1, 800_000)
    assert reg_t.check(SPY, SELL, 2_500, 800_000) == ""


@pytest.mark.parametrize(
    ("instrument", "side", "quantity", "words"),
    [
        (SPY, BUY, 19, ""),
        (SPY, BUY, 20, "minimum of 2,000 USD"),
        (SPY, SELL, 1, "minimum of 2,000 USD"),
        (EURUSD, BUY, 10, "minimum of 2,000 USD"),
    ],
)
def test_a_small_account_can_buy_but_not_borrow(instrument, side, quantity, words):
    reg_t = account(1_999.0)
    refusal = reg_t.check(instrument, side, quantity, instrument.to_units(100.0))
    assert (words in refusal) if words else refusal == ""


def test_only_what_can_be_borrowed_is_sold_short():
    reg_t = account(shortable=("IBM",))
    assert "SPY is not available for short sale" in reg_t.check(SPY, SELL, 1, 1_000_000)
    assert reg_t.check(IBM, SELL, 1, 1_000_000) == ""
    assert reg_t.check(ES, SELL, 1, 600_000) == ""
    trade(reg_t, SPY, BUY, 10, 100.0)
    assert reg_t.check(SPY, SELL, 10, 1_000_000) == ""
    assert "not available" in reg_t.check(SPY, SELL, 11, 1_000_000)


@pytest.mark.parametrize("kind", ["reg-t", "cash"])
def test_short_options_have_to_be_covered(kind):
    holder = account(kind=kind, pattern_day_rule=False)
    trade(holder, SPY, BUY, 200, 100.0)
    assert holder.check(CALL, SELL, 2, 500) == ""
    assert "uncovered" in holder.check(CALL, SELL, 3, 500)
    assert "uncovered" in holder.check(PUT, SELL, 1, 500)
    trade(holder, PUT, BUY, 1, 5.0)
    assert holder.check(PUT, SELL, 1, 500) == ""


# --- pattern day trading ------------------------------------------------------------------------


def day_trader(capital, times=3, day=MONDAY, **more):
    made = account(capital, **more)
    made.open_session(session(day), ())
    for _ in range(times):
        assert trade(made, SPY, BUY, 10, 100.0) == ""
        assert trade(made, SPY, SELL, 10, 100.0) == ""
    return made


@pytest.mark.parametrize(
    ("capital", "times", "day", "more", "refused"),
    [
        (24_999.0, 2, MONDAY, {}, False),
        (24_999.0, 3, MONDAY, {}, True),
        (25_000.0, 3, MONDAY, {}, False),
        (24_999.0, 3, MONDAY, {"pattern_day_rule": False}, False),
        (24_999.0, 3, RULE_ENDS, {}, False),
        (24_999.0, 3, MONDAY, {"kind": "cash"}, False),
    ],
)
def test_the_fourth_day_trade_of_a_small_account_is_refused(capital, times, day, more, refused):
    trader = day_trader(capital, times, day, **more)
    assert ("pattern day" in trader.check(IBM, BUY, 1, 1_000_000)) is refused


def test_what_is_held_can_be_closed_and_futures_are_not_meant():
    trader = day_trader(24_000.0, 2)
    trade(trader, IBM, BUY, 1, 100.0)
    trade(trader, SPY, BUY, 1, 100.0)
    trade(trader, SPY, SELL, 1, 100.0)
    assert "pattern day" in trader.check(IBM, BUY, 1, 1_000_000)
    assert trader.check(IBM, SELL, 1, 1_000_000) == ""
    assert trader.check(EURUSD, BUY, 1_000, 110_000) == ""


def test_the_equity_of_the_evening_before_counts():
    trader = day_trader(24_999.0)
    trader.close_session(session(MONDAY))
    trader.portfolio.add_cash(10_000 * MICRO)
    assert "pattern day" in trader.check(SPY, BUY, 1, 1_000_000)
    trader.close_session(session(MONDAY))
    assert trader.check(SPY, BUY, 1, 1_000_000) == ""
    trader.portfolio.add_cash(-12_000 * MICRO)
    assert "pattern day" in trader.check(SPY, BUY, 1, 1_000_000)


def test_day_trades_are_forgotten_after_five_sessions():
    trader = day_trader(24_000.0)
    trader.open_session(session(MONDAY), ())
    for days in (1, 2, 3, 4):
        trader.open_session(session(MONDAY + dt.timedelta(days=days)), ())
        assert "pattern day" in trader.check(SPY, BUY, 1, 1_000_000)
    trader.open_session(session(MONDAY + dt.timedelta(days=7)), ())
    assert trader.check(SPY, BUY, 1, 1_000_000) == ""


# --- cash ---------------------------------------------------------------------------------------


def test_a_cash_account_pays_in_full():
    cash = account(kind="cash")
    assert cash.check(SPY, BUY, 1_000, 1_000_000) == ""
    assert "settled cash 100,000.00 is insufficient" in cash.check(SPY, BUY, 1_001, 1_000_000)
    assert cash.check(CALL, BUY, 200, 500) == ""
    assert "settled cash" in cash.check(CALL, BUY, 201, 500)


@pytest.mark.parametrize("instrument", [SPY, EURUSD])
def test_a_cash_account_does_not_sell_short(instrument):
    refusal = account(kind="cash").check(instrument, SELL, 1, 10_000)
    assert "not allowed in a cash account" in refusal


def test_a_cash_account_holds_futures_against_margin():
    cash = account(45_000.0, "cash")
    assert trade(cash, ES, BUY, 1, 6_000.0) == ""
    assert "settled cash" in cash.check(ES, BUY, 1, 600_000)
    # 45,000 less 24,750 of initial margin are left for stock.
    assert cash.check(SPY, BUY, 202, 1_000_000) == ""
    assert "settled cash" in cash.check(SPY, BUY, 203, 1_000_000)
    assert cash.check(ES, SELL, 2, 600_000) == ""


@pytest.mark.parametrize(
    ("monday", "sessions"), [(dt.date(2024, 5, 20), 2), (dt.date(2024, 6, 3), 1)]
)
def test_proceeds_buy_again_only_once_they_have_settled(monday, sessions):
    cash = account(10_000.0, "cash")
    cash.open_session(session(monday), ())
    assert trade(cash, SPY, BUY, 100, 100.0) == ""
    assert trade(cash, SPY, SELL, 100, 100.0) == ""
    for later in range(1, sessions + 1):
        assert "settled cash" in cash.check(IBM, BUY, 1, 1_000_000)
        cash.open_session(session(monday + dt.timedelta(days=later)), ())
    assert cash.check(IBM, BUY, 100, 1_000_000) == ""


def test_proceeds_settle_even_if_no_session_was_opened_yet():
    cash = account(10_000.0, "cash")
    trade(cash, SPY, BUY, 100, 100.0)
    trade(cash, SPY, SELL, 100, 100.0)
    assert "settled cash 0.00" in cash.check(IBM, BUY, 1, 1_000_000)


def test_proceeds_in_another_currency_count_at_the_exchange_rate():
    cash = account(11_000.0, "cash", fx={"EUR": 1.1})
    sap = INSTRUMENTS["SAP"]
    assert trade(cash, sap, BUY, 100, 100.0) == ""
    assert trade(cash, sap, SELL, 100, 100.0) == ""
    assert "settled cash 0.00" in cash.check(SPY, BUY, 1, 10_000)


def test_a_currency_without_a_rate_is_refused_in_words():
    with pytest.raises(ContractError, match="--fx EUR=RATE"):
        account().check(INSTRUMENTS["SAP"], BUY, 1, 10_000)


# --- sessions -----------------------------------------------------------------------------------


def test_corporate_actions_are_booked_once_before_the_open():
    reg_t = account()
    monday, tuesday = session(MONDAY), session(MONDAY + dt.timedelta(days=1))
    actions = [
        CorporateAction("SPY", monday.open_ns, dividend=9.0),
        CorporateAction("SPY", tuesday.open_ns - HOUR_NS, dividend=1.0),
        CorporateAction("SPY", tuesday.open_ns, split=2.0),
        CorporateAction("SPY", tuesday.open_ns + 1, split=3.0),
    ]
    reg_t.open_session(monday, actions)
    trade(reg_t, SPY, BUY, 100, 100.0)
    reg_t.open_session(tuesday, actions)
    reg_t.open_session(tuesday, actions)
    assert reg_t.portfolio.quantity("SPY") == 200
    assert reg_t.portfolio.cash == 90_100
    assert reg_t.portfolio.equity == 100_000


def test_corporate_actions_can_be_left_out():
    reg_t = account(corporate_actions=False)
    trade(reg_t, SPY, BUY, 100, 100.0)
    monday = session(MONDAY)
    reg_t.open_session(monday, [CorporateAction("SPY", monday.open_ns, split=2.0)])
    assert reg_t.portfolio.quantity("SPY") == 100


def test_short_stock_pays_its_borrow_fee_for_every_night():
    reg_t = account(borrow_rate=0.36)
    reg_t.open_session(session(MONDAY), ())
    trade(reg_t, SPY, SELL, 100, 100.0)
    trade(reg_t, ES, SELL, 1, 6_000.0)
    trade(reg_t, IBM, BUY, 1, 100.0)
    before = reg_t.portfolio.equity
    reg_t.open_session(session(MONDAY + dt.timedelta(days=3)), ())
    # 102 dollars a share, a thousandth a night, three nights.
    assert before - reg_t.portfolio.equity == pytest.approx(100 * 102 * 0.001 * 3)


def test_borrowing_costs_nothing_unless_a_rate_is_given():
    reg_t = account()
    reg_t.open_session(session(MONDAY), ())
    trade(reg_t, SPY, SELL, 100, 100.0)
    reg_t.open_session(session(MONDAY + dt.timedelta(days=3)), ())
    assert reg_t.portfolio.equity == 100_000


def test_a_session_before_the_fee_table_is_refused_at_once():
    reg_t = account(fees="ibkr-fixed")
    with pytest.raises(FeeTableError, match="--fees-as-of"):
        reg_t.open_session(session(dt.date(2013, 10, 7)), ())


# --- margin -------------------------------------------------------------------------------------


def test_the_excess_falls_with_the_mark_and_liquidation_restores_it():
    reg_t = account()
    trade(reg_t, SPY, BUY, 2_000, 100.0)
    assert reg_t.maintenance_excess_micro() == 50_000 * MICRO
    assert reg_t.safe_move() == pytest.approx(1 / 3)
    reg_t.portfolio.mark("SPY", 600_000)
    assert reg_t.maintenance_excess_micro() == -10_000 * MICRO
    (order,) = reg_t.liquidation_orders()
    assert trade(reg_t, SPY, order.side, order.quantity, 60.0) == ""
    assert reg_t.maintenance_excess_micro() == pytest.approx(0, abs=15 * MICRO)
    assert reg_t.maintenance_excess_micro() >= 0
    assert reg_t.liquidation_orders() == []


def test_a_fully_paid_cash_account_is_never_closed():
    cash = account(10_000.0, "cash")
    trade(cash, SPY, BUY, 100, 100.0)
    cash.portfolio.mark("SPY", 1)
    assert cash.maintenance_excess_micro() == 0
    assert cash.liquidation_orders() == []
    assert cash.safe_move() == float("inf")


def test_what_if_says_what_an_order_would_do():
    reg_t = account(fees="ibkr-fixed")
    reg_t.open_session(session(MONDAY), ())
    trade(reg_t, SPY, BUY, 100, 100.0)
    equity = reg_t.portfolio.equity_micro()
    reg_t.portfolio.mark("SPY", 1_100_000)
    what = reg_t.whatif(SPY, BUY, 100, 1_110_000)
    assert what.initial_before_micro == 5_500 * MICRO
    assert what.initial_after_micro == 11_100 * MICRO
    assert what.maintenance_before_micro == 2_750 * MICRO
    assert what.maintenance_after_micro == 5_500 * MICRO
    assert what.equity_before_micro == equity + 1_000 * MICRO
    assert what.commission_micro == MICRO
    assert what.equity_after_micro == equity + 1_000 * MICRO - 100 * MICRO - MICRO
    assert reg_t.portfolio.quantity("SPY") == 100


def test_what_if_takes_the_orders_price_where_there_is_no_mark():
    reg_t = account()
    what = reg_t.whatif(IBM, SELL, 100, 1_000_000)
    assert what.maintenance_after_micro == 3_000 * MICRO
    assert what.equity_after_micro == what.equity_before_micro
    assert reg_t.portfolio.position("IBM").mark_units == 0


# --- invariants ---------------------------------------------------------------------------------

ORDERS = st.lists(
    st.tuples(
        st.sampled_from([SPY, IBM, ES, EURUSD, CALL]),
        st.sampled_from(Side),
        st.integers(1, 3_000),
        st.integers(1, 1_000_000),
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(ORDERS, st.sampled_from(["reg-t", "cash"]), st.sampled_from(["none", "ibkr-fixed"]))
def test_what_was_accepted_leaves_the_margin_met_at_its_price(orders, kind, fees):
    held = account(kind=kind, fees=fees, pattern_day_rule=False)
    held.open_session(session(MONDAY), ())
    for instrument, side, quantity, units in orders:
        position = held.portfolio.position(instrument.symbol)
        # The market stands still at each instrument's first price, so that no move interferes.
        price = position.mark_units or units
        reduces = position.quantity * side < 0 and quantity <= abs(position.quantity)
        before = held.maintenance_excess_micro()
        refusal = trade(held, instrument, side, quantity, price / instrument.price_scale)
        assert not (refusal and reduces)
        if not refusal and not reduces:
            assert held.maintenance_excess_micro() >= min(before, 0)
            assert (
                kind == "reg-t"
                or instrument is ES
                or position.quantity >= 0
                or (instrument is CALL)
            )


@settings(max_examples=100)
@given(ORDERS)
def test_equity_is_capital_and_profit_less_fees_after_every_fill(orders):
    held = account(1e6, "simple", "ibkr-tiered")
    for instrument, side, quantity, units in orders:
        trade(held, instrument, side, quantity, units / instrument.price_scale)
        profit = sum(
            p.realised_micro + p.unrealised_micro - p.fees_micro
            for p in held.portfolio.positions.values()
        )
        assert held.portfolio.equity_micro() == 10**12 + profit
