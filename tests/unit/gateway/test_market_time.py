"""Clients that follow the market's time: the market waits for them, and for nobody else."""

from __future__ import annotations

from typing import Any

from tests.unit.gateway.rig import ANSWERS, OPEN, SECOND, Client, a_world, names

from ikbr.domain.timers import NEVER
from ikbr.gateway.framing import PREAMBLE, FrameReader, frame
from ikbr.gateway.messages import market_time, requests
from ikbr.gateway.runner import MAX, Runner
from ikbr.gateway.session import Session
from ikbr.gateway.world import World

TIME = market_time.MARKET_TIME.number
TURN = market_time.TURN.number


class Follower(Client):
    """A client that follows the market's time."""

    def __init__(self, world: World) -> None:
        self.session = Session(world)
        self._reader = FrameReader(longest=1 << 24)
        self._order_id = 0
        self.session.receive(PREAMBLE + frame(b"v100..178"))
        [hello] = self.messages_raw()
        self.version, self.greeting = int(hello[0]), []
        assert hello[1].split()[-1] == market_time.GREETING
        self.turn = self.now = 0
        self.send(market_time.FOLLOW_TIME)
        self.send(requests.START_API, clientId=7)
        self.heard()

    def heard(self) -> list[tuple[str, dict[str, Any]]]:
        """Give what came besides time and turns."""
        found = []
        for words in self.messages_raw():
            if int(words[0]) == TIME:
                self.now = int(words[2])
            elif int(words[0]) == TURN:
                self.turn = int(words[2])
            else:
                table = ANSWERS[int(words[0])]
                found.append((table.name, table.decode(words, self.version)))
        return found

    def go_on(self, until_ns: int = 0) -> None:
        self.send(market_time.CONTINUE, turn=self.turn, untilNs=until_ns)


def second(ns: int) -> float:
    return (ns - OPEN) / SECOND


def test_nothing_moves_before_a_follower_has_ended_its_first_turn() -> None:
    world = a_world()
    client = Follower(world)
    assert world.follow_to(NEVER) == 0
    client.go_on()
    assert world.follow_to(NEVER) > 0


def test_the_market_stops_at_the_first_instant_that_concerns_the_follower() -> None:
    world = a_world()
    client = Follower(world)
    client.send(requests.REQ_MKT_DATA, reqId=1, symbol="KO", secType="STK", exchange="SMART",
                currency="USD")  # fmt: skip
    client.heard()
    client.go_on()
    world.follow_to(NEVER)
    assert client.heard()
    assert second(client.now) == 1
    assert world.player.played == 2, "it plays no further than the row of KO"
    assert world.follow_to(NEVER) == 0, "not before the turn is ended"


def test_an_old_turn_lets_nothing_move() -> None:
    world = a_world()
    client = Follower(world)
    old = client.turn
    client.ask(requests.REQ_CURRENT_TIME)
    client.send(market_time.CONTINUE, turn=old, untilNs=0)
    assert world.follow_to(NEVER) == 0
    client.send(market_time.CONTINUE, turn=client.turn + 99, untilNs=0)
    assert world.follow_to(NEVER) == 0, "nor one that was never given"


def test_a_follower_is_woken_when_it_asked_to_be_and_before_the_row_of_that_moment() -> None:
    world = a_world()
    client = Follower(world)
    client.go_on(OPEN + 3 * SECOND)
    world.follow_to(NEVER)
    client.heard()
    assert second(client.now) == 3
    assert world.player.next_ns == OPEN + 3 * SECOND, "the row of second 3 is still to come"


def test_other_clients_hear_nothing_of_time_and_hold_up_nothing() -> None:
    world = a_world()
    client = Client(world)
    assert "nextValidId" in names(client.greeting)
    heard = client.ask(requests.REQ_CURRENT_TIME)
    assert names(heard) == ["currentTime"]
    assert world.step(3) == 3


def test_the_market_goes_on_without_a_follower_that_has_gone() -> None:
    world = a_world()
    client = Follower(world)
    client.session.close()
    assert not world.followers
    runner = Runner(world, MAX)
    runner.start(0)
    assert runner.run(0) > 0


def test_the_slowest_of_two_followers_decides() -> None:
    world = a_world()
    first = Follower(world)
    first.go_on()
    session = Session(world)
    session.receive(PREAMBLE + frame(b"v100..178"))
    session.take_output()
    session.receive(frame(market_time.FOLLOW_TIME.encode({}, 178)))
    session.take_output()
    assert world.follow_to(NEVER) == 0


def test_with_followers_the_tape_ends_as_without() -> None:
    world = a_world()
    client = Follower(world)
    client.go_on()
    while not world.ended:
        world.follow_to(NEVER)
        client.heard()
        client.go_on()
    assert world.now_ns == world.days[-1].close_ns


def test_a_follower_that_trades_hears_of_its_fill_before_the_market_moves_on() -> None:
    world = a_world()
    client = Follower(world)
    client.go_on(OPEN + 2 * SECOND + 1)
    world.follow_to(NEVER)
    client.heard()
    before = world.player.played
    heard = names(client.place())
    assert world.player.played == before
    assert "execDetails" in heard
    assert "commissionReport" in heard
