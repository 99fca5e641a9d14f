"""The courier: a process of its own that brings alerts to people.

It hears lines over its standard input, which is a socket, and answers there when a target is in
trouble. Whatever hangs or fails in here, whoever speaks to it does not notice.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from types import ModuleType

import msgspec

from ikbr.domain.events import Alert
from ikbr.ops.alerts import transport
from ikbr.ops.alerts.office import Office
from ikbr.ops.alerts.words import Beat, Bye, Raised, Said, Setup, Trouble

LOOK_S = 0.1
CHUNK = 65_536
GONE = "the process of the {who} is gone without a word: look at the account, then at its log"

_DECODER: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)
_ENCODER = msgspec.json.Encoder()


class Courier:
    """Serve one process until it says that it ends, or is gone."""

    def __init__(self, line: socket.socket, doors: ModuleType = transport) -> None:
        """Wait for the set-up.

        Args:
            line: To the process.
            doors: Lead outside.
        """
        self._line = line
        self._doors = doors
        self._rest = b""
        self._office: Office | None = None
        self._setup: Setup | None = None
        self._ending_s: float | None = None

    def run(self) -> None:
        """Serve until everything is told, or the time for it is over."""
        while True:
            ready, _, _ = select.select([self._line], [], [], LOOK_S)
            if self._ending_s is None and ready:
                self._hear()
            elif ready:
                time.sleep(LOOK_S)  # a line that is closed is always ready
            now_s = time.monotonic()
            ending = self._ending_s is not None
            if self._office is not None:
                self._office.turn(now_s, ending=ending)
            if self._ending_s is not None and (
                self._office is None or self._office.is_done or now_s >= self._ending_s
            ):
                return

    def _hear(self) -> None:
        try:
            data = self._line.recv(CHUNK)
        except OSError:
            data = b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._on(_DECODER.decode(line))
        if not data and self._ending_s is None:
            if self._office is not None and self._setup is not None and self._setup.alone:
                who = self._setup.who
                gone = Alert(time.time_ns(), "critical", who, GONE.format(who=who))
                self._office.take(gone, time.monotonic())
            self._end()

    def _on(self, said: Said) -> None:
        if isinstance(said, Setup):
            self._setup = said
            self._office = Office(said, self._doors, self._tell, time.time)
        elif self._office is None:
            return
        elif isinstance(said, Raised):
            self._office.take(said.alert, time.monotonic())
        elif isinstance(said, Beat):
            self._office.beat(ready=said.ready, lost=said.lost, now_s=time.monotonic())
        elif isinstance(said, Bye):
            self._end()

    def fail(self, error: Exception) -> None:
        """Say that this process ends because something in it is wrong."""
        self._tell(Trouble(f"the courier of alerts failed ({type(error).__name__})"))

    def _end(self) -> None:
        flush_s = 0.0 if self._setup is None else self._setup.rules.flush_s
        self._ending_s = time.monotonic() + flush_s

    def _tell(self, trouble: Trouble) -> None:
        try:
            self._line.send(_ENCODER.encode(trouble) + b"\n", socket.MSG_DONTWAIT)
        except OSError:
            return  # Whoever would have liked to hear it is gone, or does not listen.


def main() -> None:
    """Serve whoever started this process."""
    line = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    courier = Courier(line)
    try:
        courier.run()
    except Exception as error:
        courier.fail(error)
        raise
    # Threads that hang in the network must not keep the process.
    os._exit(0)
