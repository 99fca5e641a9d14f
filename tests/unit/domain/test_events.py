import math

import msgspec
import pytest

from ikbr.domain.events import Alert, Bar, Decision, EventType, Refusal, Refused
from ikbr.domain.order import OrderRequest, Side
from ikbr.domain.signal import Signal
from ikbr.domain.ticker import Freshness

REQUEST = OrderRequest("SPY", Side.BUY, 5)
VALUES = [
    Bar("SPY", 0, 60, 1.0, 2.0, 0.5, 1.5, 100),
    Refused("position", 0.3, 0.4, "too much"),
    Refusal(1, "momentum", REQUEST, Refused("position", 0.3, 0.4, "too much")),
    Decision(1, "momentum", "SPY", "BUY", 10.0, "up", 5),
    Alert(1, "warning", "risk", "halted"),
    Signal("BUY", "SPY", 10.0),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_a_value_cannot_be_changed(value):
    with pytest.raises(AttributeError):
        setattr(value, value.__struct_fields__[0], "other")


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_a_value_survives_being_written_and_read(value):
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=type(value))
    assert read == value or math.isnan(read.vwap)


def test_every_topic_is_named_as_it_is_written():
    assert all(topic.name == topic.value for topic in EventType)


def test_a_decision_is_fresh_unless_said_otherwise():
    assert Decision(1, "m", "SPY", "BUY", 10.0, "", 5).freshness is Freshness.FRESH


def test_a_signal_takes_the_full_size_and_stands_alone_unless_told():
    signal = Signal("FLAT", "SPY", 10.0)
    assert (signal.strength, signal.target, signal.group) == (1.0, None, "")
