"""Every code of IB has one row, and no code alone ends an order."""

from __future__ import annotations

import itertools

import pytest

from ikbr.broker.error_codes import _ROWS, CODES, Means, Retry, Topic, classify
from ikbr.broker.evidence import judge
from ikbr.core.order_manager import CANCEL_REFUSED_CODES
from ikbr.domain.lifecycle import OrderEvent

FACTS = [
    *(100, 101, 103, 104, 105, 109, 110, 135, 136, 154, 161, 162, 163, 165, 200, 201, 202, 203),
    *(300, 309, 317, 320, 321, 322, 326, 327, 329, 354, 366, 383, 392, 399, 404, 413, 420, 434),
    *(440, 460, 492, 502, 504, 1100, 1101, 1102, 1300, 2103, 2104, 2105, 2106, 2107, 2108, 2109),
    *(2110, 2119, 2157, 2158, 10089, 10090, 10147, 10148, 10167, 10168, 10182, 10186, 10187),
    *(10189, 10190, 10197, 10225, 10311, 10326, 10327, 10328, 10349),
]


@pytest.mark.parametrize("code", FACTS)
def test_every_code_that_was_met_has_a_row_with_its_source(code: int) -> None:
    row = classify(code)
    assert row.code == code
    assert row.topic is not Topic.UNKNOWN
    assert row.source
    assert row.note


def test_no_code_stands_twice() -> None:
    assert len(_ROWS) == len(CODES)


@pytest.mark.parametrize(
    ("code", "topic", "means", "retry"),
    [
        (110, Topic.ORDER, Means.REFUSED, Retry.NEVER),
        (201, Topic.ORDER, Means.REJECTED, Retry.NEVER),
        (202, Topic.ORDER, Means.CANCELLED, Retry.NEEDLESS),
        (104, Topic.ORDER, Means.CHANGE_REFUSED, Retry.NEVER),
        (10147, Topic.ORDER, Means.CANCEL_REFUSED, Retry.NEVER),
        (10349, Topic.WARNING, Means.NOTHING, Retry.NEEDLESS),
        (399, Topic.WARNING, Means.NOTHING, Retry.NEEDLESS),
        (10328, Topic.ORDER, Means.DOUBT, Retry.NEVER),
        (162, Topic.REQUEST, Means.NOTHING, Retry.LATER),
        (100, Topic.PACING, Means.DOUBT, Retry.LATER),
        (1101, Topic.CONNECTION, Means.NOTHING, Retry.ON_LINK),
        (326, Topic.CONNECTION, Means.NOTHING, Retry.NEVER),
        (2103, Topic.FARM, Means.NOTHING, Retry.ON_LINK),
        (2104, Topic.FARM, Means.NOTHING, Retry.NEEDLESS),
        (2150, Topic.WARNING, Means.NOTHING, Retry.NEEDLESS),
        (77_777, Topic.UNKNOWN, Means.DOUBT, Retry.NEVER),
    ],
)
def test_a_code_is_classified(code: int, topic: Topic, means: Means, retry: Retry) -> None:
    row = classify(code)
    assert (row.topic, row.means, row.retry) == (topic, means, retry)


def test_the_order_manager_and_the_table_agree_on_refused_cancellations() -> None:
    refused = {code for code, row in CODES.items() if row.means is Means.CANCEL_REFUSED}
    assert refused == set(CANCEL_REFUSED_CODES) - {0}


E_ = OrderEvent


@pytest.mark.parametrize(
    ("code", "known", "changing", "cancelling", "event", "verdict", "ask"),
    [
        (10349, True, False, False, None, None, False),
        (399, False, False, False, None, None, False),
        (201, False, False, False, None, E_.REJECT, True),
        (201, True, True, False, None, E_.REJECT, True),
        (202, True, False, True, None, E_.CANCEL, True),
        (110, False, False, False, None, E_.REJECT, True),
        (110, True, True, False, E_.CANCEL_REFUSED, None, False),
        (110, True, False, False, E_.LOSE, None, True),
        (104, True, True, False, E_.CANCEL_REFUSED, None, False),
        (104, True, False, False, E_.LOSE, None, True),
        (161, True, False, True, E_.CANCEL_REFUSED, None, True),
        (135, True, True, False, E_.CANCEL_REFUSED, None, True),
        (135, False, False, False, None, E_.REJECT, True),
        (10147, False, False, True, E_.CANCEL_REFUSED, None, True),
        (103, False, False, False, E_.LOSE, None, True),
        (77_777, True, False, False, E_.LOSE, None, True),
    ],
)
def test_a_code_is_weighed_by_what_was_asked(
    code: int,
    known: bool,
    changing: bool,
    cancelling: bool,
    event: OrderEvent | None,
    verdict: OrderEvent | None,
    ask: bool,
) -> None:
    ruling = judge(classify(code), acknowledged=known, changing=changing, cancelling=cancelling)
    assert ruling == (event, verdict, ask)


@pytest.mark.parametrize("code", [*CODES, 77_777])
def test_no_code_alone_ends_an_order_or_lets_its_fate_rest(code: int) -> None:
    for known, changing, cancelling in itertools.product([False, True], repeat=3):
        row = classify(code)
        ruling = judge(row, acknowledged=known, changing=changing, cancelling=cancelling)
        assert ruling.event in {None, OrderEvent.LOSE, OrderEvent.CANCEL_REFUSED}
        if ruling.verdict or ruling.event is OrderEvent.LOSE:
            assert ruling.ask
