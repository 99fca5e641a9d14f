import pytest
from tests.unit.strategies.test_drive import pause

from ikbr.domain.errors import StrategyError
from ikbr.domain.order import OrderRequest, Side
from ikbr.domain.signal import Signal
from ikbr.strategies.answers import decisions

SIGNAL = Signal("BUY", "SPY", 100.0)
REQUEST = OrderRequest("SPY", Side.BUY, 1)


def generated():
    yield SIGNAL
    yield None
    yield REQUEST


async def answered():
    return [SIGNAL]


async def asleep():
    await pause()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, ()),
        (SIGNAL, (SIGNAL,)),
        (REQUEST, (REQUEST,)),
        ([], ()),
        ([SIGNAL, None, REQUEST], (SIGNAL, REQUEST)),
        (generated(), (SIGNAL, REQUEST)),
    ],
)
def test_every_shape_of_answer_becomes_a_sequence(answer, expected):
    assert tuple(decisions(answer, "S.on_bar")) == expected


def test_a_coroutine_that_a_plain_function_returned_is_run():
    assert tuple(decisions(answered(), "S.on_bar")) == (SIGNAL,)
    with pytest.raises(StrategyError, match=r"S\.on_bar waits"):
        decisions(asleep(), "S.on_bar")


@pytest.mark.parametrize("answer", ["BUY", {"action": "BUY"}, 1, True, [SIGNAL, "SELL"]])
def test_anything_else_is_refused_by_name(answer):
    with pytest.raises(StrategyError, match=r"S\.on_bar returned .*return a Signal"):
        decisions(answer, "S.on_bar")
