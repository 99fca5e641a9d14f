import math

import pytest

from ikbr.domain.errors import ConfigError
from ikbr.domain.routing import ROUTING, RoutingRules


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("mode", "smrt", "did you mean 'smart'"),
        ("urgency", "urgently", "did you mean 'urgent'"),
        ("exit_urgency", "later", "routing.exit_urgency = 'later'"),
        ("narrow_ticks", -1, "from 0 to 1000"),
        ("wide_bps", math.nan, "from 0 to 10000"),
        ("collar_bps", 1001, "from 0 to 1000"),
        ("large_share", 0, "above 0"),
        ("chase_s", 0, "from 0.01 to 3600"),
        ("chase_times", 0, "from 1 to 1000"),
        ("exchange", "nasdaq!", "ISLAND or ARCA"),
    ],
)
def test_a_rule_that_makes_no_sense_is_named_with_its_remedy(name, value, words):
    with pytest.raises(ConfigError, match=words) as caught:
        RoutingRules(**{name: value})
    assert f"routing.{name}" in str(caught.value)


def test_backtests_send_market_orders_and_trading_routes():
    assert {name: rules.mode for name, rules in ROUTING.items()} == {
        "backtest": "market", "paper": "smart", "live": "smart",
    }  # fmt: skip
