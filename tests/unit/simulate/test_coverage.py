"""Coverage: what a campaign must have seen, and that it is void without."""

from __future__ import annotations

from ikbr.domain.lifecycle import OrderState
from ikbr.simulate.campaign import Campaign
from ikbr.simulate.coverage import LEAST, PAIRS, SEEDS, STATES, UNREACHABLE, Coverage, missing
from ikbr.simulate.storm import AIMS, KINDS


def test_every_state_is_in_the_table_or_has_a_reason_why_not() -> None:
    assert {*STATES, *UNREACHABLE} == set(OrderState)
    assert not set(STATES) & set(UNREACHABLE)
    assert {OrderState(aim) for aim in AIMS} <= set(STATES)
    assert len(PAIRS) == len(KINDS) * len(STATES)


def test_a_blow_meets_what_works_as_it_happens_and_what_changes_while_it_lasts() -> None:
    coverage = Coverage()
    coverage.on_blow("mute", 10.0, [OrderState.SUBMITTED])
    coverage.on_blow("net reset", 5.0, [OrderState.SUBMITTED, OrderState.SUBMITTED])
    coverage.on_states(9.9, [OrderState.FILLED])
    coverage.on_states(10.1, [OrderState.CANCELLED])
    assert coverage.counts == {
        "mute | Submitted": 1, "net reset | Submitted": 2, "mute | Filled": 1
    }  # fmt: skip


def test_a_long_campaign_that_has_not_seen_a_pair_often_enough_is_void() -> None:
    enough = dict.fromkeys(PAIRS, LEAST)
    assert missing(enough) == {}
    assert not Campaign(0, seeds=SEEDS, coverage=enough).is_void
    rare = enough | {"kill | Unknown": LEAST - 1}
    assert missing(rare) == {"kill | Unknown": LEAST - 1}
    assert Campaign(0, seeds=SEEDS, coverage=rare).is_void
    assert not Campaign(0, seeds=SEEDS - 1, coverage=rare).is_void
