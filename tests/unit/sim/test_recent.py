"""A memory with a stated limit."""

from hypothesis import given
from hypothesis import strategies as st

from ikbr.sim.recent import Recent


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(1, 5))
def test_the_last_keys_are_remembered_with_their_newest_value(keys, limit):
    memory = Recent(limit)
    for number, key in enumerate(keys):
        memory.put(key, number)
    newest = {key: number for number, key in enumerate(keys)}
    for key in keys[-limit:]:
        assert memory.get(key) == newest[key]
    assert sum(memory.get(key) is not None for key in range(21)) <= 2 * limit


def test_a_zero_is_remembered_as_such():
    memory = Recent(3)
    memory.put("a", 0)
    assert memory.get("a") == 0
