import asyncio
import types

import pytest

from ikbr.domain.errors import StrategyError
from ikbr.strategies.drive import call, finish, wrap


@types.coroutine
def pause():
    yield


class Person:
    def __init__(self):
        self.closed = False

    def plain(self, number):
        return number + 1

    async def quick(self, number):
        return await self.deeper(number)

    async def deeper(self, number):
        return number + 2

    async def sleepy(self):
        try:
            await pause()
        finally:
            self.closed = True

    async def stubborn(self):
        try:
            await pause()
        except GeneratorExit:
            await pause()

    async def asyncio_user(self):
        coroutine = asyncio.sleep(1)
        try:
            await coroutine
        finally:
            coroutine.close()

    async def failing(self):
        raise ValueError("mine")

    async def failing_at_run_time(self):
        raise RuntimeError("also mine")

    async def yielding(self):
        yield 1


def test_a_plain_handler_costs_nothing_extra():
    handler = Person().plain
    assert wrap(handler) is handler


def test_plain_and_async_handlers_give_their_results():
    person = Person()
    assert call(person.plain, 1) == 2
    assert call(person.quick, 1) == 3
    assert wrap(person.quick)(1) == 3


@pytest.mark.parametrize("way", [lambda h: wrap(h)(), call])
def test_one_that_suspends_is_closed_and_named(way):
    person = Person()
    with pytest.raises(StrategyError, match=r"Person\.sleepy waits.*set_timer"):
        way(person.sleepy)
    assert person.closed


def test_one_that_will_not_be_closed_is_named_all_the_same():
    with pytest.raises(StrategyError, match=r"Person\.stubborn waits"):
        call(Person().stubborn)


def test_asyncio_without_a_loop_is_explained():
    with pytest.raises(StrategyError, match=r"Person\.asyncio_user uses asyncio.*on_timer"):
        wrap(Person().asyncio_user)()


@pytest.mark.parametrize(
    ("name", "kind"), [("failing", ValueError), ("failing_at_run_time", RuntimeError)]
)
def test_a_persons_own_exception_passes_unchanged(name, kind):
    with pytest.raises(kind, match="mine"):
        wrap(getattr(Person(), name))()


def test_an_asynchronous_generator_is_refused_when_it_is_wrapped():
    with pytest.raises(StrategyError, match=r"Person\.yielding .*return a list"):
        wrap(Person().yielding)


def test_a_function_that_belongs_to_nobody_is_named_too():
    async def lonely():
        await pause()

    with pytest.raises(StrategyError, match="lonely waits"):
        finish(lonely(), lonely)
