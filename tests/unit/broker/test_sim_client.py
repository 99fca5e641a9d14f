"""A cable of this process behaves as a socket does."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from ikbr.broker.sim_client import Cable, SimConnection


class Conversation:
    """The other end: repeats what it hears."""

    def __init__(self) -> None:
        self.closed = ""
        self.heard: list[bytes] = []
        self.out = b""

    def receive(self, data: bytes) -> None:
        self.heard.append(data)
        self.out += b"re:" + data

    def take_output(self) -> bytes:
        out, self.out = self.out, b""
        return out

    def close(self) -> None:
        self.closed = "by the client"


class Phone:
    def __init__(self, cable: Cable) -> None:
        self.connection = SimConnection(cable)
        self.got: list[bytes] = []
        self.lost: list[str] = []
        self.connection.hasData += self.got.append
        self.connection.disconnected += self.lost.append


def run(what: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(what)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_an_answer_arrives_when_the_loop_turns() -> None:
    async def talk() -> None:
        phone = Phone(Cable(Conversation))
        await phone.connection.connectAsync("", 0)
        assert phone.connection.isConnected()
        phone.connection.sendMsg(b"a")
        phone.connection.sendMsg(b"bc")
        assert phone.got == []
        await asyncio.sleep(0)
        assert phone.got == [b"re:are:bc"]
        assert (phone.connection.numBytesSent, phone.connection.numMsgSent) == (3, 2)

    run(talk())


def test_hanging_up_ends_the_conversation_and_is_heard_a_moment_later() -> None:
    async def talk() -> None:
        conversation = Conversation()
        phone = Phone(Cable(lambda: conversation))
        await phone.connection.connectAsync("", 0)
        phone.connection.disconnect()
        phone.connection.disconnect()
        assert (conversation.closed, phone.lost) == ("by the client", [])
        await asyncio.sleep(0)
        assert phone.lost == [""]
        phone.connection.sendMsg(b"a")
        assert conversation.heard == []
        assert not phone.connection.deliver()

    run(talk())


def test_what_the_other_end_said_before_it_hung_up_arrives() -> None:
    async def talk() -> None:
        conversation = Conversation()
        cable = Cable(lambda: conversation)
        phone = Phone(cable)
        await phone.connection.connectAsync("", 0)
        conversation.out, conversation.closed = b"bye", "it does not read"
        assert cable.deliver()
        assert phone.got == [b"bye"]
        for _ in range(2):
            await asyncio.sleep(0)
        assert phone.lost == [""]
        assert not cable.deliver()
        assert not phone.connection.isConnected()

    run(talk())


def test_an_end_that_has_no_last_words_is_heard() -> None:
    async def talk() -> None:
        conversation = Conversation()
        cable = Cable(lambda: conversation)
        phone = Phone(cable)
        await phone.connection.connectAsync("", 0)
        conversation.closed = "it does not read"
        assert cable.deliver()
        await asyncio.sleep(0)
        assert phone.lost == [""]

    run(talk())


def test_each_client_hears_its_own() -> None:
    async def talk() -> None:
        cable = Cable(Conversation)
        first, second = Phone(cable), Phone(cable)
        await first.connection.connectAsync("", 0)
        await second.connection.connectAsync("", 0)
        first.connection.sendMsg(b"1")
        second.connection.sendMsg(b"2")
        assert cable.deliver()
        assert (first.got, second.got) == ([b"re:1"], [b"re:2"])
        assert not cable.deliver()

    run(talk())


def test_all_conversations_can_be_ended_at_once() -> None:
    async def talk() -> None:
        cable = Cable(Conversation)
        phones = [Phone(cable), Phone(cable)]
        for phone in phones:
            await phone.connection.connectAsync("", 0)
        cable.hang_up()
        await asyncio.sleep(0)
        assert [phone.lost for phone in phones] == [[""], [""]]

    run(talk())


def test_connecting_again_begins_anew() -> None:
    async def talk() -> None:
        phone = Phone(Cable(Conversation))
        await phone.connection.connectAsync("", 0)
        phone.connection.sendMsg(b"a")
        first = phone.connection.session
        await phone.connection.connectAsync("", 0)
        assert phone.connection.session is not first
        assert first is not None
        assert first.closed
        assert phone.connection.numMsgSent == 0

    run(talk())


def test_where_nobody_answers_a_connection_is_refused() -> None:
    with pytest.raises(ConnectionRefusedError, match="no simulated gateway answers at host:7"):
        run(SimConnection(Cable(lambda: None)).connectAsync("host", 7))
