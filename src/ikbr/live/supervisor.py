"""The supervisor: a parent process that starts a bot again when it crashes or hangs.

A start is a recovery, so what it needs is to be started. One that ended because it was told to,
that was killed from outside, or whose settings are wrong stays down.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from ikbr.broker.backoff import Backoff
from ikbr.domain.errors import UsageError
from ikbr.domain.events import Alert
from ikbr.live.notify import (
    ALIVE,
    READY,
    SOCKET,
    STATUS,
    STOPPING,
    WATCHDOG_PID,
    WATCHDOG_USEC,
    Notifier,
    read_words,
)

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What is passed on to the bot; all of them end it. One that is ignored stays so: `nohup`."""
LOOK_S = 0.2
LONGEST_WORDS = 4096
GAVE_UP = 75
"""Exit code when the bot crashes again and again. Source: sysexits.h, EX_TEMPFAIL."""
WRONG_INPUT = UsageError.exit_code
SUPERVISOR = "supervisor"
"""The source of its alerts."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Say how much a supervisor puts up with.

    Attributes:
        restarts: Most restarts within `within_s`.
        within_s: Seconds.
        hang_s: A bot that has begun and whose event loop has not turned for so long is ended by
            force; 0 for never.
        first_s, most_s: Shortest and longest wait before a restart.
    """

    restarts: int = 5
    within_s: float = 600.0
    hang_s: float = 30.0
    first_s: float = 0.25
    most_s: float = 30.0


class Supervisor:
    """Run a command until it has ended for good.

    Attributes:
        process: That of the command; None while there is none.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        say: Callable[[str], None],
        draw: Callable[[], float],
        environment: Mapping[str, str] = os.environ,
        patience: Patience | None = None,
        alert: Callable[[Alert], None] = lambda _alert: None,
    ) -> None:
        """Prepare; `run` starts it.

        Args:
            command: Program and arguments.
            say: Told what happens, in words.
            draw: Gives random numbers from 0 to 1, for the jitter.
            environment: Variables of this process; the command gets them, too.
            patience: How much it puts up with.
            alert: Told what people must know who see no terminal.
        """
        self._command = list(command)
        self._say = say
        self._alert = alert
        self._patience = patience or Patience()
        self._environment = dict(environment)
        self._above = Notifier(environment)
        self._backoff = Backoff(self._patience.first_s, self._patience.most_s, draw)
        self.process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._stopped_by = 0
        self._ready = False
        self._heard_s = 0.0

    async def run(self) -> int:
        """Run the command, again and again if need be.

        Returns:
            Its exit code when it ended for good; `GAVE_UP` when it crashed too often.
        """
        loop = asyncio.get_running_loop()
        heeded = [one for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
        folder = Path(tempfile.mkdtemp(prefix="ikbr-"))
        door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            door.bind(str(folder / "notify"))
            loop.add_reader(door, self._hear, door)
            for number in heeded:
                loop.add_signal_handler(number, self._pass_on, number)
            code = await self._keep_running(str(folder / "notify"))
            self._above.tell(STOPPING)
            return code
        finally:
            for number in heeded:
                loop.remove_signal_handler(number)
            loop.remove_reader(door)
            door.close()
            shutil.rmtree(folder, ignore_errors=True)

    async def _keep_running(self, address: str) -> int:
        loop = asyncio.get_running_loop()
        restarts: deque[float] = deque()
        while True:
            code = await self._run_once(address)
            if (end := self._is_over(code)) is not None:
                return end
            now = loop.time()
            while restarts and restarts[0] < now - self._patience.within_s:
                restarts.popleft()
            if not restarts:
                # It ran well for a while: what was before is over.
                self._backoff.reset()
            how = _how(code)
            if len(restarts) >= self._patience.restarts:
                self._tell(
                    f"the bot {how}, for the {len(restarts) + 1}th time within "
                    f"{self._patience.within_s:g} s: it is NOT started again; look at its log and "
                    "at the account, then start it by hand.",
                    "critical",
                )
                return GAVE_UP
            restarts.append(now)
            delay = self._backoff.next_s()
            self._tell(f"the bot {how}; it starts again in {delay:.1f} s and recovers.", "warning")
            await self._wait(delay)
            if self._stopped_by:
                return 128 + self._stopped_by

    async def _run_once(self, address: str) -> int:
        """Run the command to its end; give its exit code, negative for a signal."""
        self._ready = False
        self._stopping.clear()
        variables = {k: v for k, v in self._environment.items() if k != WATCHDOG_PID}
        variables[SOCKET] = address
        variables[WATCHDOG_USEC] = str(round(self._patience.hang_s * 1e6))
        # In a group of its own: what a terminal sends comes once, through here.
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.DEVNULL, env=variables, process_group=0
        )
        self.process = process
        if self._stopped_by:
            self._send(self._stopped_by)
        ended = asyncio.create_task(process.wait())
        while not ended.done():
            self._above.tell(ALIVE)
            self._end_if_hung(process)
            await asyncio.wait((ended,), timeout=LOOK_S)
        self.process = None
        return ended.result()

    def _end_if_hung(self, process: asyncio.subprocess.Process) -> None:
        quiet = asyncio.get_running_loop().time() - self._heard_s
        hang_s = self._patience.hang_s
        if not (self._ready and hang_s) or self._stopping.is_set() or quiet <= hang_s:
            return
        self._ready = False
        words = f"the bot has hung for {quiet:.0f} s; process {process.pid} is ended by force."
        self._tell(words, "warning")
        self._send(signal.SIGKILL)

    def _is_over(self, code: int) -> int | None:
        """Say with which exit code everything is over; None when the bot is to start again."""
        if self._stopped_by or self._stopping.is_set():
            if code < 0:
                self._tell(
                    f"the bot {_how(code)} while it was ending: it is NOT started again; look at "
                    "the account.",
                    "critical",
                )
                return 128 - code
            return code
        if code == 0:
            return 0
        if code == WRONG_INPUT:
            words = "the bot refuses to run (see above); it is not started again."
            self._tell(words, "critical")
            return code
        return None

    # --- what is heard -------------------------------------------------------------------------

    def _hear(self, door: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                words = read_words(door.recv(LONGEST_WORDS))
            except OSError:
                return
            self._heard_s = loop.time()
            if READY in words:
                self._ready = True
                self._tell("the bot trades.")
                self._above.tell(READY)
            if STOPPING in words:
                self._stopping.set()

    def _pass_on(self, number: int) -> None:
        self._stopped_by = number
        self._stopping.set()
        self._send(number)

    def _send(self, number: int) -> None:
        # Not by the process's own method: that one would first take the exit code of a bot that has
        # just ended, and asyncio, which waits for it, would make up another.
        if self.process is not None and self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    async def _wait(self, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + delay_s
        while not self._stopped_by and (left := until - loop.time()) > 0:
            self._above.tell(ALIVE)
            await asyncio.sleep(min(left, LOOK_S))

    def _tell(self, words: str, severity: str = "") -> None:
        """Say something; with a severity, to people who see no terminal, too."""
        self._say(words)
        self._above.tell(STATUS + words)
        over = not severity
        self._alert(Alert(time.time_ns(), severity or "info", SUPERVISOR, words, over))


def _how(code: int) -> str:
    """Say how a process ended.

    >>> _how(-9), _how(1)
    ('was ended by SIGKILL', 'ended with exit code 1')
    """
    if code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"ended with exit code {code}"


def ikbr_command(arguments: Sequence[str]) -> list[str]:
    """Make the command that runs `ikbr` with these arguments, by this very Python."""
    return [sys.executable, "-c", "from ikbr.cli.main import run; run()", *arguments]
