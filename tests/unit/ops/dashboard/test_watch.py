"""Bots are found, listened to, given up and found again."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from dash_rig import BOT, PlayedBots

from ikbr.ops.dashboard.hub import Hub
from ikbr.ops.dashboard.seams import Found
from ikbr.ops.dashboard.watch import BotWatch


def watching(
    test: Callable[[BotWatch, Path, PlayedBots], Awaitable[None]], silence_s: float = 0.2
) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory(prefix="ikbr-") as folder:
            feed = Path(folder) / "bot.feed"
            bots = PlayedBots(feed)
            watch = BotWatch(bots, Hub(), silence_s=silence_s)
            task = asyncio.create_task(watch.run())
            try:
                await test(watch, feed, bots)
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    asyncio.run(run())


async def comes(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not there():
            await asyncio.sleep(0.005)


def test_a_bot_that_says_nothing_hangs_and_one_that_speaks_again_is_there() -> None:
    async def test(watch: BotWatch, feed: Path, _bots: PlayedBots) -> None:
        lines: list[asyncio.StreamWriter] = []

        async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            lines.append(writer)
            writer.write(b'{"type": "bot", "name": "x"}\n')

        server = await asyncio.start_unix_server(speak, path=str(feed))
        await comes(lambda: bool(lines))
        replica = watch.replicas[BOT]
        await comes(lambda: replica.alive)
        await comes(lambda: not replica.alive)
        assert replica.why == "it says nothing for 0.2 s: its event loop hangs"
        await comes(lambda: len(lines) == 2 and replica.alive)
        server.close()
        for line in lines:
            line.close()
        await comes(lambda: replica.why == "it has ended")

    watching(test)


def test_a_bot_that_hangs_is_not_there_again_because_its_socket_still_takes_calls() -> None:
    async def test(watch: BotWatch, feed: Path, _bots: PlayedBots) -> None:
        lines: list[asyncio.StreamWriter] = []

        async def speak_once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            lines.append(writer)
            if len(lines) == 1:
                writer.write(b'{"type": "bot", "name": "x"}\n{"type": "state", "equity": 5}\n')

        server = await asyncio.start_unix_server(speak_once, path=str(feed))
        await comes(lambda: len(lines) == 2)
        replica = watch.replicas[BOT]
        for _ in range(5):
            assert (replica.alive, replica.why[:16]) == (False, "it says nothing ")
            assert b'"equity":5' in b"".join(replica.everything())
            await asyncio.sleep(0.01)
        server.close()
        for line in lines:
            line.close()

    watching(test)


def test_a_bot_that_was_left_by_a_crash_is_listed_and_does_not_run() -> None:
    async def test(watch: BotWatch, feed: Path, _bots: PlayedBots) -> None:
        feed.touch()  # a socket that nobody serves
        await comes(lambda: BOT in watch.replicas)
        await asyncio.sleep(0.05)
        [described] = watch.bots()["bots"]
        assert (described["alive"], described["why"]) == (False, "it does not run")

    watching(test)


def test_a_folder_that_cannot_be_read_is_tried_again() -> None:
    class Broken(PlayedBots):
        broken = True

        def found(self):  # type: ignore[no-untyped-def]
            if self.broken:
                self.broken = False
                raise OSError("no rights")
            return super().found()

    async def test(_watch: BotWatch, feed: Path, _bots: PlayedBots) -> None:
        bots = Broken(feed)
        watch = BotWatch(bots, Hub())
        task = asyncio.create_task(watch.run())
        await comes(lambda: BOT in watch.replicas)
        task.cancel()

    watching(test)


def test_several_bots_are_heard_at_once_and_kept_apart() -> None:
    class Two(PlayedBots):
        def found(self) -> list[Found]:  # type: ignore[override]
            return [Found(name, self.feed.with_name(f"{name}.feed"), "") for name in ("a", "b")]

    async def test(_watch: BotWatch, feed: Path, _bots: PlayedBots) -> None:
        lines: list[asyncio.StreamWriter] = []

        async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            lines.append(writer)
            name = Path(writer.get_extra_info("sockname")).stem
            writer.write(b'{"type": "bot", "name": "%b"}\n' % name.encode())
            writer.write(b'{"type": "state", "equity": %d}\n' % ord(name))

        servers = [
            await asyncio.start_unix_server(speak, path=str(feed.with_name(f"{name}.feed")))
            for name in ("a", "b")
        ]
        hub = Hub()
        page = hub.join()
        assert page is not None
        watch = BotWatch(Two(feed), hub)
        task = asyncio.create_task(watch.run())
        heard: dict[str, int] = {}
        async with asyncio.timeout(10):
            while len(heard) < 2:
                message = json.loads(await page.waiting.get() or b"{}")
                if message.get("type") == "state":
                    heard[message["bot"]] = message["equity"]
        assert heard == {"a": ord("a"), "b": ord("b")}
        assert [one["name"] for one in watch.bots()["bots"]] == ["a", "b"]
        task.cancel()
        for one in (*servers, *lines):
            one.close()
        await asyncio.sleep(0.05)

    watching(test)
