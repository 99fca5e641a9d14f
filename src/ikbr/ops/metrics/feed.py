"""The feed: the bot's side of its exporter; tells it once a second how the session is."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable

import msgspec

from ikbr.domain.metrics import MetricsSettings
from ikbr.domain.vitals import Vitals

log = logging.getLogger("ikbr.metrics")

EVERY_S = 1.0
FULL_S = 0.05
"""An exporter that does not read is told nothing more until it does."""
AGAIN_S = 5.0
GRACE_S = 2.0
BIND_ATTEMPTS = 4
BIND_AGAIN_S = 0.5
"""The exporter of a bot that has just been killed may hold the port for a moment."""


class MetricsFeed:
    """Start the exporter, tell it, and start it again when it ends; never wait for it.

    Attributes:
        on_trouble: Told, in a sentence, what a person should know.
    """

    def __init__(self, settings: MetricsSettings, vitals: Callable[[], Vitals]) -> None:
        """Prepare; `begin` starts.

        Args:
            settings: Where to serve; its port is not 0.
            vitals: Says how the session is.
        """
        self._settings = settings
        self._vitals = vitals
        self._encoder = msgspec.json.Encoder()
        self._task: asyncio.Task[None] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._why = ""
        self.on_trouble: Callable[[str], None] = log.warning

    def begin(self) -> None:
        """Serve from now on."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def close(self) -> None:
        """Serve no more: an exporter that nobody tells anything ends by itself."""
        if self._task is not None:
            self._task.cancel()
        self._end_exporter()

    def _end_exporter(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    async def _run(self) -> None:
        settings = self._settings
        where = f"{settings.host}:{settings.port}"
        try:
            listening = await self._bind()
        except OSError as error:
            self.on_trouble(
                f"metrics cannot be served at {where} ({error.strerror or error}); trading goes "
                "on without them. Choose another port with --metrics-port."
            )
            return
        with listening:
            while True:
                try:
                    await self._serve(listening)
                    why = "it ended"
                except Exception as error:  # noqa: BLE001 - whatever it is, trading goes on
                    why = f"{type(error).__name__}: {error}"
                if why != self._why:
                    self._why = why
                    self.on_trouble(f"the exporter of metrics at {where} failed ({why}); it is "
                                    f"started again every {AGAIN_S:.0f} s.")  # fmt: skip
                await asyncio.sleep(AGAIN_S)

    async def _bind(self) -> socket.socket:
        """Listen; the exporter takes over, and whoever connects meanwhile waits."""
        host, port = self._settings.host, self._settings.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for _ in range(BIND_ATTEMPTS - 1):
            try:
                return socket.create_server((host, port), family=family)
            except OSError:
                await asyncio.sleep(BIND_AGAIN_S)
        return socket.create_server((host, port), family=family)

    async def _serve(self, listening: socket.socket) -> None:
        """Run one exporter, and return when it has ended."""
        self._end_exporter()
        number = listening.fileno()
        self._process = process = subprocess.Popen(
            [sys.executable, "-m", "ikbr.ops.metrics.exporter", str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(number,),
            start_new_session=True,  # Ctrl-C is for the bot
        )
        assert process.stdin is not None
        pipe = process.stdin.fileno()
        os.set_blocking(pipe, False)
        while process.poll() is None:
            left = self._encoder.encode(self._vitals()) + b"\n"
            while left := _written(pipe, left):
                await asyncio.sleep(FULL_S)
            await asyncio.sleep(EVERY_S)


def _written(pipe: int, data: bytes) -> bytes:
    """Write what a pipe takes at once; give the rest, if somebody may still read it."""
    try:
        return data[os.write(pipe, data) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        return b""
