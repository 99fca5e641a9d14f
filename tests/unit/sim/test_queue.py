"""What stands ahead of a resting order."""

from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.tape import NO_PRICE
from ikbr.sim import queue

prices = st.integers(95, 105) | st.just(NO_PRICE)
quotes = st.lists(st.tuples(prices, st.integers(0, 500)), min_size=1)


@given(sign=st.sampled_from([1, -1]), quotes=quotes)
def test_once_known_the_queue_never_grows(sign, quotes):
    ahead = queue.begin(sign, 100, *quotes[0])
    for touch, displayed in quotes[1:]:
        if ahead == queue.UNTRACKED:
            return
        after = queue.see(ahead, sign, 100, touch, displayed)
        assert after == queue.BEHIND if ahead == after == queue.BEHIND else after >= 0
        assert ahead < 0 or after <= ahead
        ahead = after
