import pytest
from msgspec import to_builtins

from ikbr.domain.errors import ConfigError
from ikbr.domain.limits import PROFILES, RiskLimits


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_position_pct", -0.1),
        ("max_gross_pct", float("nan")),
        ("max_order_quantity", -1),
        ("max_drawdown_pct", 5),
        ("max_daily_loss_pct", 1.01),
        ("correlation_threshold", 80),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_by_name(name, value):
    with pytest.raises(ConfigError, match=f"risk.{name} = "):
        RiskLimits(**{name: value})


def test_zero_switches_a_limit_off_and_is_allowed_everywhere():
    numbers = [n for n, value in to_builtins(RiskLimits()).items() if type(value) in (int, float)]
    limits = RiskLimits(**dict.fromkeys(numbers, 0))
    assert limits.max_drawdown_pct == 0


@pytest.mark.parametrize(
    ("profile", "position", "notional", "interval", "drawdown"),
    [
        ("backtest", 0.30, 0.0, 0.001, 0.05),
        ("paper", 0.10, 10_000.0, 0.2, 0.05),
        ("live", 0.10, 5_000.0, 1.0, 0.02),
    ],
)
def test_the_profiles_are_those_of_the_guide(profile, position, notional, interval, drawdown):
    limits = PROFILES[profile]
    assert limits.max_position_pct == position
    assert limits.max_position_notional == notional
    assert limits.min_order_interval_s == interval
    assert limits.max_drawdown_pct == drawdown
