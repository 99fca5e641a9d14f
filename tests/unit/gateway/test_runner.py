import pytest
from tests.unit.gateway.rig import OPEN, ROWS, SECOND, a_world

from ikbr.domain.errors import ConfigError
from ikbr.gateway.runner import MAX, STEP, Runner


def test_the_market_waits_until_it_is_started() -> None:
    runner = Runner(a_world(), 10.0)
    assert not runner.moves
    assert runner.run(5 * SECOND) == 0
    runner.start(5 * SECOND)
    assert runner.run(5 * SECOND + SECOND // 2) == 5
    assert runner.world.now_ns == OPEN - 1 + 5 * SECOND


def test_a_change_of_speed_goes_on_from_where_the_market_stands() -> None:
    runner = Runner(a_world(), 1.0)
    runner.start(0)
    runner.run(2 * SECOND)
    runner.set_speed(3.0, 2 * SECOND)
    runner.run(3 * SECOND)
    assert runner.world.now_ns == OPEN - 1 + 5 * SECOND
    runner.start(100 * SECOND)
    runner.run(4 * SECOND)
    assert runner.world.now_ns == OPEN - 1 + 8 * SECOND


def test_in_step_mode_nothing_moves_by_itself() -> None:
    runner = Runner(a_world(), STEP)
    runner.start(0)
    assert not runner.moves
    assert runner.run(3600 * SECOND) == 0


def test_at_the_highest_speed_the_tape_is_played_to_the_end_of_its_day() -> None:
    runner = Runner(a_world(), MAX)
    runner.start(0)
    assert runner.run(0) == len(ROWS)
    assert runner.moves
    assert runner.run(0) == 0
    assert runner.world.ended
    assert not runner.moves


@pytest.mark.parametrize("speed", [-1.0, float("nan")])
def test_a_speed_below_nothing_is_refused(speed: float) -> None:
    with pytest.raises(ConfigError, match="must be 0"):
        Runner(a_world(), speed)
