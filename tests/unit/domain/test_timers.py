import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.timers import NEVER, TimerHeap


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(0, 25))
def test_timers_run_by_time_and_equal_times_as_they_were_set(times, until):
    heap = TimerHeap()
    ran = []
    for number, due in enumerate(times):
        heap.call_at(due, lambda d=due, n=number: ran.append((heap.now_ns, d, n)))
    heap.advance(until)
    due = sorted((d, n) for n, d in enumerate(times) if d <= until)
    assert ran == [(d, d, n) for d, n in due]
    assert heap.now_ns == until
    later = [d for d in times if d > until]
    assert heap.next_ns == (min(later) if later else NEVER)


def test_a_cancelled_timer_never_runs_and_is_never_next():
    heap = TimerHeap()
    ran = []
    heap.call_at(5, ran.append, "first").cancel()
    heap.call_at(7, ran.append, "second")
    assert heap.next_ns == 7
    heap.advance(10)
    assert ran == ["second"]


def test_a_timer_cancelled_behind_another_is_passed_over():
    heap = TimerHeap()
    ran = []
    second = heap.call_at(7, ran.append, "second")
    heap.call_at(5, second.cancel)
    heap.advance(10)
    assert ran == []


def test_a_timer_set_by_a_timer_runs_in_the_same_advance_when_due():
    heap = TimerHeap()
    ran = []
    heap.call_at(5, lambda: heap.call_at(3, ran.append, "late"))
    heap.call_at(6, ran.append, "six")
    heap.advance(6)
    assert ran == ["late", "six"]


def test_the_present_never_moves_back():
    heap = TimerHeap(now_ns=100)
    seen = []
    heap.call_at(50, lambda: seen.append(heap.now_ns))
    heap.advance(60)
    assert (seen, heap.now_ns) == ([100], 100)
    heap.advance(100)
    assert (seen, heap.now_ns) == ([100], 100)


def test_timers_that_set_timers_without_end_are_stopped():
    heap = TimerHeap(limit=3)
    for due in range(3):
        heap.call_at(due, print)
    with pytest.raises(OverflowError, match="more than 3 timers"):
        heap.call_at(9, print)


def test_an_empty_heap_is_due_never():
    assert TimerHeap().next_ns == NEVER
