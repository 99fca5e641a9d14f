import datetime as dt
from zoneinfo import ZoneInfo

from tests.unit.strategies.context import FakeContext

from ikbr.domain.order import Fill, Side
from ikbr.strategies.examples.opening_range import OpeningRangeStrategy


def at(text, day=2):
    hour, minute = map(int, text.split(":"))
    moment = dt.datetime(2024, 1, day, hour, minute, tzinfo=ZoneInfo("America/New_York"))
    return int(moment.timestamp()) * 10**9


def context_of(**parameters):
    context = FakeContext(OpeningRangeStrategy(minutes=3, **parameters), "SPY")
    context.bar("SPY", at("09:29"), 50.0, 200.0, 100.0)  # before the open: no part of the range
    for minute, (low, high) in enumerate([(99.5, 100.5), (99.0, 100.0), (100.0, 101.0)]):
        context.bar("SPY", at(f"09:{30 + minute}"), low, high, low)
    assert not context.signals
    return context


def test_a_close_above_the_range_is_bought_and_left_at_its_other_side():
    context = context_of()
    context.bar("SPY", at("09:33"), 100.0, 101.5, 101.0)  # touched, but closed inside
    assert context.position("SPY") == 0
    context.bar("SPY", at("09:34"), 100.0, 102.0, 101.5)
    assert context.position("SPY") == 100
    context.bar("SPY", at("09:35"), 98.0, 102.0, 99.5)
    assert context.position("SPY") == 100
    context.bar("SPY", at("09:36"), 98.0, 99.0, 98.9)
    assert context.position("SPY") == 0


def test_a_close_below_the_range_is_sold_short_only_if_it_may():
    for allow_short, held in ((False, 0), (True, -100)):
        context = context_of(allow_short=allow_short)
        context.bar("SPY", at("09:33"), 98.0, 100.0, 98.5)
        assert context.position("SPY") == held
    context.bar("SPY", at("09:34"), 98.0, 103.0, 101.5)
    assert context.position("SPY") == 0


def test_there_is_one_entry_a_day():
    context = context_of()
    context.bar("SPY", at("09:34"), 100.0, 102.0, 101.5)
    context.bar("SPY", at("09:35"), 98.0, 99.0, 98.5)
    context.bar("SPY", at("09:36"), 100.0, 102.0, 101.5)
    assert context.fills == [("SPY", 100), ("SPY", -100)]


def test_the_next_day_has_its_own_range():
    context = context_of()
    for minute in range(3):
        context.bar("SPY", at(f"09:{30 + minute}", day=3), 110.0, 111.0, 110.5)
    context.bar("SPY", at("09:33", day=3), 110.0, 111.0, 110.9)
    assert not context.signals
    context.bar("SPY", at("09:34", day=3), 110.0, 112.0, 111.5)
    assert context.position("SPY") == 100
    assert context.strategy.describe() == {"opening ranges": 2, "signals to enter": 1}


def test_a_day_whose_first_minutes_are_missing_is_left_alone():
    context = FakeContext(OpeningRangeStrategy(minutes=3), "SPY")
    context.bar("SPY", at("11:00"), 100.0, 102.0, 101.5)
    assert not context.signals


def test_between_bars_and_for_fills_of_unknown_symbols_nothing_happens():
    context = context_of()
    context.prints("SPY", [150.0, 50.0])
    context.strategy.on_fill(Fill(1, 1, "fake", "IBM", Side.BUY, 1, 1, 0, 0, 1.0))
    assert not context.signals
