"""The courier as the bot sees it: alerts are handed over at once, or counted as lost."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import msgspec

from ikbr.domain.events import Alert
from ikbr.ops.alerts.words import Beat, Bye, Raised, Said, Setup, Trouble

log = logging.getLogger("ikbr.alerts")

WAITING = 1_000
"""Alerts that wait for a courier which does not listen; more are lost, and counted."""
AGAIN_S = 30.0
"""A courier that has ended is started again, but not more often."""
GRACE_S = 2.0
"""How much longer than its own time an end of the courier may take."""
LONGEST = 65_536

PROGRAM = "from ikbr.ops.alerts.courier_process import main; main()"

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Trouble] = msgspec.json.Decoder(Trouble)


class Courier:
    """Hand alerts to a process of its own, which brings them to people.

    Nothing here waits, and nothing raises: whoever has alerts has more important things to do.

    Attributes:
        lost: Alerts that could not be handed over.
        process: The courier's; None before `start`.
    """

    def __init__(self, setup: Setup, say: Callable[[int, str], None] = log.log) -> None:
        """Prepare; `start` starts it.

        Args:
            setup: Who speaks, and to whom.
            say: Told of trouble with a target: a level of logging, and words without secrets.
        """
        self._setup = setup
        self._say = say
        self._line: socket.socket | None = None
        self._waiting: deque[bytes] = deque()
        self._sent = 0
        self._rest = b""
        self._started_s = float("-inf")
        self.process: subprocess.Popen[bytes] | None = None
        self.lost = 0

    def start(self) -> None:
        """Start its process."""
        ours, theirs = socket.socketpair()
        self._started_s = time.monotonic()
        try:
            # In a session of its own: what a terminal sends to the bot is not meant for it.
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            self._say(logging.ERROR, f"alerts do not leave the bot: {error.strerror}")
            return
        finally:
            theirs.close()
        ours.setblocking(False)
        self._line, self._rest, self._sent = ours, b"", 0
        self._waiting.appendleft(_ENCODER.encode(self._setup) + b"\n")
        self._push()

    def tell(self, alert: Alert) -> None:
        """Hand an alert over."""
        self._hand_over(Raised(alert))

    def beat(self, *, ready: bool) -> None:
        """Say that the event loop turns, hear of trouble, and see that the courier lives.

        Args:
            ready: Whether orders could be sent.
        """
        self._listen()
        if self._line is None or (self.process is not None and self.process.poll() is not None):
            self._revive()
        self._hand_over(Beat(ready, self.lost))

    def close(self) -> None:
        """Let it tell what waits, for as long as the rules allow."""
        if self._line is None or self.process is None:
            return
        self._hand_over(Bye())
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)
        try:
            self.process.wait(self._setup.rules.flush_s + GRACE_S)
        except subprocess.TimeoutExpired:
            self._say(logging.WARNING, "the end did not wait for alerts that could not be told")
            self.process.kill()
            self.process.wait()
        self._listen()
        self._line.close()
        self._line = None

    def _revive(self) -> None:
        if time.monotonic() - self._started_s < AGAIN_S:
            return
        self._say(logging.ERROR, "the courier of alerts has ended; it is started again")
        if self._line is not None:
            self._line.close()
            self._line = None
        self.start()

    def _hand_over(self, said: Said) -> None:
        if len(self._waiting) < WAITING or isinstance(said, Bye):
            self._waiting.append(_ENCODER.encode(said) + b"\n")
        else:
            self.lost += isinstance(said, Raised)
        self._push()

    def _push(self) -> None:
        """Write as much as goes at once; what is left waits, also for a courier started anew."""
        line = self._line
        if line is None:
            return
        try:
            while self._waiting:
                first = self._waiting[0]
                self._sent += line.send(memoryview(first)[self._sent :])
                if self._sent < len(first):
                    return
                self._waiting.popleft()
                self._sent = 0
        except BlockingIOError:
            return
        except OSError:
            self._listen()
            self._line = None  # it has ended; `beat` starts it again
            line.close()

    def _listen(self) -> None:
        if self._line is None:
            return
        data = b""
        with suppress(OSError):
            data = self._line.recv(LONGEST)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            trouble = _DECODER.decode(line)
            self._say(logging.INFO if trouble.over else logging.WARNING, trouble.words)
