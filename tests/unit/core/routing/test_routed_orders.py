import pytest
from msgspec.structs import replace
from tests.unit.core.rig import FREE, SECOND, START, Puppet, Rig, signal

from ikbr.domain.lifecycle import OrderState
from ikbr.domain.order import OrderType
from ikbr.domain.routing import RoutingRules

SMART = RoutingRules(mode="smart")


def rig(*strategies, routing=SMART, **more):
    made = Rig(*strategies, routing=routing, **more)
    if made.trader.router is not None:
        made.trader.router.open_ns, made.trader.router.close_ns = 0, START + 10**15
    return made


def sent(made):
    return list(made.broker.orders.values())


def test_without_routing_a_signal_becomes_a_market_order():
    made = Rig()
    made.say(signal("BUY"))
    assert [o.request.order_type for o in sent(made)] == [OrderType.MARKET]
    assert made.trader.router is None


def test_an_entry_has_the_urgency_of_the_rules_and_an_exit_that_of_exits():
    made = rig(routing=RoutingRules(mode="smart", urgency="patient", exit_urgency="now"))
    made.quote(bid=99.97, ask=100.01)
    made.running.strategy.does["on_market_data"] = lambda _ticker: signal("BUY")
    made.tick(bid=99.97, ask=100.01)
    [entry] = sent(made)
    assert (entry.request.order_type, entry.request.limit_price) == (OrderType.MIDPRICE, 100.01)
    made.broker.fill_all()
    made.say(signal("FLAT"))
    assert sent(made)[1].request.order_type == OrderType.MARKET


@pytest.mark.parametrize("action", ["BUY", "SELL"])
def test_what_sizing_gives_is_never_refused_by_the_position_rule_where_a_limit_is_routed(action):
    capped = replace(FREE, max_position_notional=5_000.0)
    routing = RoutingRules(mode="smart", urgency="urgent", collar_bps=50)
    made = rig(Puppet(short=True), routing=routing, limits=capped, quantity=0)
    made.say(signal(action))
    [entry] = sent(made)
    assert entry.request.algo == "collar"
    assert entry.quantity == {"BUY": 49, "SELL": 50}[action]
    assert not made.refusals


def test_a_signal_may_say_how_urgent_it_is():
    made = rig()
    made.say(signal("BUY", urgency="now"))
    assert sent(made)[0].request.order_type == OrderType.MARKET


def test_an_unknown_urgency_takes_the_strategy_out_of_service():
    made = rig()
    made.say(signal("BUY", urgency="quick"))
    assert not made.running.enabled
    assert "urgency 'quick'" in made.alerts[0].message
    assert sent(made) == []


def test_outside_the_session_no_market_order_is_sent():
    made = rig()
    made.trader.router.close_ns = START
    made.say(signal("BUY", urgency="now"))
    assert sent(made)[0].request.algo == "collar"


def test_a_chosen_exchange_holds_for_stocks_alone():
    made = rig(symbols=("SPY", "EUR.USD"), routing=RoutingRules(exchange="ARCA"))
    made.say(signal("BUY"))
    made.say(signal("BUY", "EUR.USD"), "EUR.USD")
    assert [o.instrument.exchange for o in sent(made)] == ["ARCA", "IDEALPRO"]
    assert [o.request.order_type for o in sent(made)] == [OrderType.MARKET, OrderType.MARKET]
    assert made.slot().instrument.exchange == "SMART"


class TestAChase:
    @pytest.fixture
    def made(self):
        rules = RoutingRules(mode="smart", urgency="patient", narrow_ticks=2, chase_s=2.0,
                             chase_times=3)  # fmt: skip
        made = rig(Puppet(short=True), routing=rules)
        made.say(signal("BUY"))
        return made

    def limit(self, made):
        return sent(made)[0].request.limit_price

    def test_begins_at_the_near_touch(self, made):
        assert (sent(made)[0].request.algo, self.limit(made)) == ("chase", 99.99)

    def test_follows_a_touch_that_leaves_it_and_only_towards_the_market(self, made):
        made.quote(bid=100.05, ask=100.07)
        made.tick(after_s=2.0, bid=100.03, ask=100.05)
        assert self.limit(made) == 100.05
        made.tick(after_s=2.0, bid=99.90, ask=99.92)
        assert self.limit(made) == 100.05

    def test_crosses_the_spread_when_it_has_moved_enough(self, made):
        for _ in range(3):
            made.tick(after_s=2.0)
        assert self.limit(made) == pytest.approx(100.11)
        made.tick(after_s=60.0, bid=101.0, ask=101.02)
        assert self.limit(made) == pytest.approx(100.11)

    def test_waits_where_no_quote_stands(self, made):
        made.quote(bid=float("nan"), ask=100.5, last=100.0)
        made.clock.advance(made.clock.now_ns + 20 * SECOND)
        assert self.limit(made) == 99.99
        made.quote(bid=100.0, ask=100.02)
        made.clock.advance(made.clock.now_ns + 2 * SECOND)
        assert self.limit(made) == 100.00

    def test_leaves_alone_what_has_filled_or_is_being_cancelled(self, made):
        [order] = sent(made)
        made.orders.cancel(order.order_id)
        made.quote(bid=100.05, ask=100.07)
        made.clock.advance(made.clock.now_ns + 10 * SECOND)
        assert made.broker.did("modify") == []
        made.broker.fill_all()
        assert order.state is OrderState.FILLED
        made.clock.advance(made.clock.now_ns + 10 * SECOND)
        assert made.broker.did("modify") == []
