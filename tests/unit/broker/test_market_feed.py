"""IB's ticks as quotes and prints: what is passed on, when, and what is kept apart."""

from __future__ import annotations

import math
from typing import Any

import pytest
from ib_async import IB

from ikbr.broker.contracts import ContractTable
from ikbr.broker.market_feed import DELAYED_TYPE, LIVE, MarketFeed
from ikbr.domain.contracts import parse_contract

SPY, EUR = parse_contract("SPY"), parse_contract("EUR.USD")


class Listener:
    """Note what a feed passes on."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *what: self.heard.append((name.removeprefix("on_"), *what))

    def take(self) -> list[tuple[Any, ...]]:
        heard, self.heard = self.heard, []
        return heard


class Desk:
    """A feed over an `IB` that was never connected: what it sends is noted."""

    def __init__(self, *, delayed: bool = False) -> None:
        self.ib = IB()
        self.sent: list[tuple[Any, ...]] = []
        client: Any = self.ib.client
        client.reqMktData = lambda *what: self.sent.append(("data", *what))
        client.reqMarketDataType = lambda *what: self.sent.append(("type", *what))
        client.cancelMktData = lambda *what: self.sent.append(("cancel", *what))
        client.getReqId = iter(range(1_000, 2_000)).__next__
        self.listener = Listener()
        self.faults: list[Exception] = []
        self.feed = MarketFeed(
            self.ib, ContractTable([SPY, EUR]), self.listener, self.faults.append, delayed=delayed
        )
        self.feed.subscribe([SPY, EUR])
        self.wrapper: Any = self.ib.wrapper

    def end_of_data(self) -> None:
        self.ib.updateEvent.emit()


def test_it_asks_for_prints_where_there_are_any_and_says_what_kind_of_data() -> None:
    desk = Desk()
    assert desk.sent[0] == ("type", LIVE)
    assert [(one[1], one[3]) for one in desk.sent[1:]] == [(1_000, "233"), (1_001, "")]
    assert Desk(delayed=True).sent[0] == ("type", DELAYED_TYPE)


def test_a_quote_that_comes_in_pieces_is_passed_on_once_when_all_is_read() -> None:
    desk = Desk()
    desk.wrapper.priceSizeTick(1_000, 1, 99.98, 300.0)
    desk.wrapper.priceSizeTick(1_000, 2, 100.02, 200.0)
    desk.wrapper.tickSize(1_000, 0, 400.0)
    assert desk.listener.take() == []
    desk.end_of_data()
    assert desk.listener.take() == [("quote", "SPY", 99.98, 100.02, 400.0, 200.0)]
    desk.end_of_data()
    assert desk.listener.take() == []


def test_a_print_is_passed_on_at_once_behind_the_quote_that_came_before_it() -> None:
    desk = Desk()
    desk.wrapper.priceSizeTick(1_000, 1, 99.98, 300.0)
    desk.wrapper.tickString(1_000, 48, "100.02;200;1772461801000;5000;100.0;true")
    heard = desk.listener.take()
    assert heard[0][:3] == ("quote", "SPY", 99.98)
    assert heard[1] == ("print", "SPY", 100.02, 200.0)
    desk.end_of_data()
    assert desk.listener.take() == []


def test_the_last_price_alone_is_no_print_as_it_comes_again_with_its_size() -> None:
    desk = Desk()
    desk.wrapper.priceSizeTick(1_000, 4, 100.02, 200.0)
    desk.wrapper.tickSize(1_000, 5, 200.0)
    desk.end_of_data()
    assert desk.listener.take() == [("standing_last", "SPY", 100.02)]


@pytest.mark.parametrize("text", [";0;1772461801000;5000;100.0;true", "100.0;;0;0;0;false"])
def test_a_correction_of_the_volume_is_no_print(text: str) -> None:
    desk = Desk()
    desk.wrapper.tickString(1_000, 48, text)
    assert desk.listener.take() == []


def test_raw_values_are_passed_on_as_they_are() -> None:
    desk = Desk()
    desk.wrapper.priceSizeTick(1_000, 1, -1.0, 0.0)
    desk.wrapper.tickGeneric(1_000, 49, -1.0)
    desk.end_of_data()
    halted, quote = desk.listener.take()
    assert halted == ("halted", "SPY", -1.0)
    assert quote[2] == -1.0
    assert math.isnan(quote[3]), "of the other side nothing is known"


def test_delayed_ticks_mean_the_same_and_delayed_prints_have_their_size() -> None:
    desk = Desk(delayed=True)
    desk.wrapper.marketDataType(1_000, 3)
    desk.wrapper.priceSizeTick(1_000, 66, 99.98, 300.0)
    desk.wrapper.priceSizeTick(1_000, 68, 100.02, 100.0)
    assert [one[0] for one in desk.listener.take()] == ["quote", "print"]


def test_delayed_data_is_no_data_where_live_data_is_needed() -> None:
    desk = Desk()
    desk.wrapper.marketDataType(1_000, 3)
    [(what, symbol, code, _words)] = desk.listener.take()
    assert (what, symbol, code) == ("no_data", "SPY", 10167)


@pytest.mark.parametrize(
    ("code", "ends"),
    [(354, True), (10197, True), (10186, True), (101, True), (10090, False), (10167, False),
     (2104, False), (2169, False)],
)  # fmt: skip
def test_a_code_about_a_line_ends_it_or_is_a_note(code: int, ends: bool) -> None:
    desk = Desk()
    desk.wrapper.error(1_000, code, "words", "")
    heard = [one[:3] for one in desk.listener.take()]
    assert heard == ([("no_data", "SPY", code)] if ends else [])


def test_codes_and_ticks_of_others_are_left_to_ib_async() -> None:
    desk = Desk()
    told: list[int] = []
    desk.ib.errorEvent += lambda number, code, *_rest: told.append(code)
    desk.wrapper.error(77, 354, "words", "")
    desk.wrapper.tickGeneric(77, 49, 1.0)
    assert told == [354]
    assert desk.listener.take() == []


def test_an_error_of_the_listener_is_told_and_not_swallowed() -> None:
    desk = Desk()

    def fail(*_what: object) -> None:
        raise ValueError("a bug")

    desk.listener.on_quote = fail  # type: ignore[attr-defined]
    desk.wrapper.priceSizeTick(1_000, 1, 99.98, 300.0)
    desk.end_of_data()
    desk.wrapper.tickString(1_000, 48, "nonsense;200")
    assert [type(one) for one in desk.faults] == [ValueError, ValueError]


def test_after_a_new_subscription_old_lines_say_nothing() -> None:
    desk = Desk()
    desk.wrapper.priceSizeTick(1_000, 1, 99.98, 300.0)
    desk.feed.subscribe([SPY])
    desk.end_of_data()
    assert desk.listener.take() == []
    assert list(desk.feed.lines) == [1_002]
    desk.feed.cancel()
    assert desk.sent[-1] == ("cancel", 1_002)
