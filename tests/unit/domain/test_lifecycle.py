import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.errors import TransitionError
from ikbr.domain.lifecycle import (
    FINAL_STATES,
    TRANSITIONS,
    OrderEvent,
    OrderState,
    OrderUpdate,
    next_state,
)

ALL_STEPS = list(itertools.product(OrderState, OrderEvent))


@pytest.mark.parametrize(("state", "event"), ALL_STEPS)
def test_every_step_is_in_the_table_or_raises(state, event):
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(TransitionError, match=event.value):
            next_state(state, event)


@pytest.mark.parametrize("state", sorted(FINAL_STATES, key=lambda s: s.value))
@pytest.mark.parametrize("event", list(OrderEvent))
def test_a_final_state_is_left_only_by_a_fill_that_comes_late(state, event):
    reached = TRANSITIONS.get((state, event), state)
    if event is OrderEvent.FULL_FILL:
        assert reached is OrderState.FILLED
    else:
        assert reached is state


@given(st.lists(st.sampled_from(OrderEvent), max_size=30))
def test_no_walk_ever_comes_back_from_a_final_state(events):
    state = OrderState.CREATED
    ended = False
    for event in events:
        if (state, event) not in TRANSITIONS:
            continue
        state = next_state(state, event)
        assert not ended or state.is_final
        ended = ended or state.is_final


def test_what_was_sent_can_always_be_filled_cancelled_and_lost():
    open_states = [s for s in OrderState if not s.is_final and s is not OrderState.CREATED]
    for state in open_states:
        assert next_state(state, OrderEvent.FULL_FILL) is OrderState.FILLED
        assert next_state(state, OrderEvent.CANCEL) is OrderState.CANCELLED
        assert next_state(state, OrderEvent.LOSE) is OrderState.UNKNOWN


@pytest.mark.parametrize("event", [OrderEvent.ACK_PRE, OrderEvent.ACK_PENDING, OrderEvent.HOLD])
def test_a_repeated_acknowledgement_does_not_lead_back(event):
    assert next_state(OrderState.SUBMITTED, event) is OrderState.SUBMITTED
    assert next_state(OrderState.PENDING_CANCEL, event) is OrderState.PENDING_CANCEL


def test_a_refused_cancellation_lets_the_order_work_on():
    state = next_state(OrderState.PENDING_CANCEL, OrderEvent.CANCEL_REFUSED)
    assert state is OrderState.SUBMITTED


def test_nothing_can_be_filled_before_it_was_sent():
    with pytest.raises(TransitionError):
        next_state(OrderState.CREATED, OrderEvent.FULL_FILL)


def test_the_final_states_know_that_they_are():
    assert {s.name for s in FINAL_STATES} == {"FILLED", "CANCELLED", "API_CANCELLED", "REJECTED"}


def test_an_update_without_words_has_no_code():
    update = OrderUpdate(1, OrderEvent.ACK, 5)
    assert (update.code, update.message) == (0, "")
