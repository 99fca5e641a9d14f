import math

import pytest

from ikbr.domain.errors import ConfigError
from ikbr.domain.execution import ExecutionModel


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("fill", "quotes", "did you mean 'quote'"),
        ("fees", "free", "sim.fees = 'free'"),
        ("slippage", "tick", "did you mean 'ticks'"),
        ("queue", "x", "choose from: behind-displayed, none"),
        ("account", "margin", "sim.account = 'margin'"),
        ("account", 3, "sim.account = 3"),
    ],
)
def test_an_unknown_choice_is_refused_with_the_nearest(name, value, words):
    with pytest.raises(ConfigError, match=words):
        ExecutionModel(**{name: value})


@pytest.mark.parametrize(
    "name", ["latency_ms", "response_latency_ms", "slippage_value", "volume_cap", "borrow_rate"]
)
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_a_number_is_zero_or_more_and_finite(name, value):
    with pytest.raises(ConfigError, match=f"sim.{name}"):
        ExecutionModel(**{name: value})


def test_latencies_are_whole_nanoseconds():
    model = ExecutionModel(latency_ms=1.5, response_latency_ms=0.0000014)
    assert (model.entry_ns, model.response_ns) == (1_500_000, 1)


def test_the_defaults_are_those_a_plain_loop_can_reproduce():
    model = ExecutionModel()
    assert (model.fill, model.latency_ms, model.slippage, model.volume_cap) == (
        "quote",
        0.0,
        "none",
        0.0,
    )
