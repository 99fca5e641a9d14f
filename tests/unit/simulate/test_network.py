"""The simulated network carries bytes like TCP, until it is told not to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ikbr.domain.errors import InvariantError
from ikbr.simulate import network
from ikbr.simulate.network import Connection, Network, Weather
from ikbr.simulate.node import Node
from ikbr.simulate.universe import SECOND, Universe

HERE = ("127.0.0.1", 4002)


class Ear(asyncio.Protocol):
    """Remember what was heard, and answer with it where wanted."""

    def __init__(self, *, echo: bool = False) -> None:
        self.heard: list[bytes] = []
        self.lost: list[Exception | None] = []
        self.echo = echo

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard.append(data)
        if self.echo:
            self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


class Pair:
    """A server that answers with what it hears, and a client of it."""

    def __init__(self, seed: int = 1, **weather: Any) -> None:
        self.universe = Universe(seed)
        self.network = Network(self.universe, epoch_ns=0)
        self.network.weather = Weather(**weather)
        self.there = Node(self.universe, self.network, "server")
        self.here = Node(self.universe, self.network, "client")
        self.server, self.client = Ear(echo=True), Ear()
        self.there.start(self.there.create_server(lambda: self.server, *HERE))
        self.here.start(self.here.create_connection(lambda: self.client, *HERE))
        self.universe.run_for(1)

    @property
    def connection(self) -> Connection:
        [connection] = self.network.connections
        return connection

    def say(self, *words: bytes) -> None:
        for word in words:
            self.here.within(lambda word=word: self.client.transport.write(word))

    def run(self, seconds: float = 1.0) -> None:
        self.universe.run_for(seconds)


WORDS = [bytes([65 + n]) * (n + 1) for n in range(20)]


@pytest.mark.parametrize(
    "weather", [{}, {"pieces": 1.0}, {"together": 0.7}, {"pieces": 0.5, "together": 0.5}]
)
def test_bytes_arrive_whole_and_in_order_however_they_are_cut(weather: dict[str, float]) -> None:
    pair = Pair(**weather)
    pair.say(*WORDS)
    pair.run()
    assert b"".join(pair.client.heard) == b"".join(WORDS)
    assert (len(pair.server.heard) > len(WORDS)) == (weather.get("pieces") == 1.0)


def test_bytes_take_as_long_as_the_weather_says() -> None:
    pair = Pair(least_us=70_000, most_us=75_000)
    pair.say(b"x")
    pair.run(0.139)
    assert pair.client.heard == []
    pair.run(0.012)
    assert pair.client.heard == [b"x"]


def test_in_a_half_open_connection_nothing_arrives_and_nobody_is_told() -> None:
    pair = Pair()
    pair.connection.half_open = True
    pair.say(b"x")
    pair.run(600)
    assert (pair.server.heard, pair.client.lost, pair.server.lost) == ([], [], [])


def test_a_reset_loses_what_is_under_way_and_tells_both_ends() -> None:
    pair = Pair()
    pair.say(b"x")
    pair.connection.reset()
    pair.run()
    assert pair.server.heard == []
    assert [type(e) for e in pair.client.lost + pair.server.lost] == [ConnectionResetError] * 2
    assert pair.network.connections == []


def test_a_cut_lets_a_part_arrive_before_the_reset() -> None:
    pair = Pair()
    pair.connection.cut()
    pair.say(b"0123456789")
    pair.run()
    assert b"0123456789".startswith(b"".join(pair.server.heard))
    assert len(b"".join(pair.server.heard)) < 10
    assert [type(e) for e in pair.client.lost] == [ConnectionResetError]


def test_an_end_that_closes_has_said_everything_before() -> None:
    pair = Pair(together=1.0)
    pair.say(*WORDS)
    pair.here.within(pair.client.transport.close)
    pair.run()
    assert b"".join(pair.server.heard) == b"".join(WORDS)
    assert (pair.client.lost, pair.server.lost) == ([None], [None])


def test_what_arrives_is_kept_while_nobody_reads() -> None:
    pair = Pair()
    pair.here.within(pair.client.transport.pause_reading)
    pair.say(b"x")
    pair.run()
    assert pair.client.heard == []
    pair.here.within(pair.client.transport.resume_reading)
    pair.run()
    assert pair.client.heard == [b"x"]


def test_nobody_answers_at_a_port_where_nobody_listens() -> None:
    pair = Pair()
    task = pair.here.start(pair.here.create_connection(Ear, "127.0.0.1", 1))
    pair.run()
    assert isinstance(task.exception(), ConnectionRefusedError)
    pair.network.unreachable.add(4002)
    task = pair.here.start(pair.here.create_connection(Ear, *HERE))
    pair.run(120)
    assert not task.done()
    pair.run(10)
    assert isinstance(task.exception(), TimeoutError)


def test_a_port_can_be_taken_once() -> None:
    pair = Pair()
    task = pair.there.start(pair.there.create_server(Ear, *HERE))
    pair.run()
    assert isinstance(task.exception(), OSError)
    pair.network.ignore(4002)
    task = pair.there.start(pair.there.create_server(Ear, *HERE))
    pair.run()
    assert task.exception() is None


@pytest.mark.parametrize("unread", [0.0, 1.0])
def test_a_killed_process_does_nothing_more_and_its_connections_end(
    unread: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "UNREAD", unread)
    pair = Pair()
    log: list[str] = []

    async def work() -> None:
        try:
            while True:
                await asyncio.sleep(0.1)
                log.append("alive")
        finally:
            log.append("cleaned up")

    pair.there.start(work())
    pair.run(0.55)
    pair.there.kill()
    pair.run(5)
    assert log == ["alive"] * 5
    assert [type(e) for e in pair.client.lost] == [ConnectionResetError if unread else type(None)]
    task = pair.here.start(pair.here.create_connection(Ear, *HERE))
    pair.run()
    assert isinstance(task.exception(), ConnectionRefusedError)


@pytest.mark.parametrize(("unread", "arrives"), [(0.0, b"last words"), (1.0, b"")])
def test_what_a_process_sent_before_it_was_killed_arrives_unless_it_left_something_unread(
    unread: float, arrives: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "UNREAD", unread)
    pair = Pair()
    pair.say(b"last words")
    pair.here.kill()
    pair.say(b"from the grave")
    pair.run(1)
    assert b"".join(pair.server.heard) == arrives


def test_a_clock_that_is_set_moves_the_wall_and_not_the_waiting() -> None:
    pair = Pair()
    before = pair.here.wall_ns()
    pair.here.wall_offset_ns = -3600 * SECOND
    assert pair.here.wall_ns() == before - 3600 * SECOND
    assert pair.here.time() == pair.universe.now_ns / SECOND


def test_an_error_that_nothing_handles_is_kept() -> None:
    pair = Pair()
    pair.here.call_soon(lambda: 1 / 0)
    pair.run()
    assert "ZeroDivisionError" in pair.here.faults[0]


def test_something_that_spins_is_found() -> None:
    pair = Pair()

    def again() -> None:
        pair.here.call_soon(again)

    pair.here.call_soon(again)
    with pytest.raises(InvariantError, match="something spins"):
        pair.run()


def test_the_same_seed_is_the_same_run() -> None:
    def trace(seed: int) -> list[Any]:
        pair = Pair(seed, pieces=0.5, together=0.3)
        pair.say(*WORDS)
        pair.run()
        return [pair.server.heard, pair.client.heard, pair.universe.turns]

    assert trace(3) == trace(3)
    assert trace(3) != trace(4)


def test_nothing_arrives_behind_a_cut() -> None:
    pair = Pair(least_us=1_000, most_us=50_000)
    pair.connection.cut()
    pair.say(b"0123456789")
    pair.run(0.001)
    pair.say(b"abcdefghij")
    pair.run()
    assert b"0123456789".startswith(b"".join(pair.server.heard))
