"""A script in this process, its gateway in another: real sockets, and a market in step mode.

The script is run as `run_program` does, but for the cable: ib_async's own sockets carry its words.
When it would wait, the market plays the next thing. What the script has sent is read before
that: the gateway's status is answered after all that came before it.
"""

from __future__ import annotations

import contextlib
import io
import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any

from ikbr.broker import program
from ikbr.broker.faults import Faults
from ikbr.broker.sim_client import Cable
from ikbr.broker.virtual_clock import virtual_clock
from ikbr.broker.virtual_time import SECOND, Driver

GATEWAY = "from ikbr.cli.main import run; run()"


class Due:
    """When something comes next, as the gateway said last."""

    def __init__(self, remote: Remote, name: str) -> None:
        self._remote, self._name = remote, name

    @property
    def next_ns(self) -> int:
        return int(self._remote.state[self._name])


class Remote:
    """The market behind a control port."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")
        self.state = self.ask(do="status")
        self.player, self.clock = Due(self, "row_ns"), Due(self, "due_ns")

    def ask(self, **what: Any) -> dict[str, Any]:
        self._socket.sendall(json.dumps(what).encode() + b"\n")
        self.state = json.loads(self._lines.readline())
        assert self.state["ok"], self.state
        return self.state

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    @property
    def now_ns(self) -> int:
        return int(self.state["now_ns"])

    @property
    def ended(self) -> bool:
        return bool(self.state["ended"])

    def step(self, rows: int = 1) -> int:
        return int(self.ask(do="step", rows=rows)["rows"])

    def advance_to(self, ts_ns: int) -> int:
        return int(self.ask(do="advance", to_ns=ts_ns)["rows"])


class Stepper(Driver):
    """Play one thing whenever the script waits; sockets tell it what came of that."""

    def __init__(self, remote: Remote) -> None:
        super().__init__(remote, Cable(lambda: None))
        self._remote = remote
        self._is_quiet = False

    def turn(self) -> None:
        self._is_quiet = False

    def wait(self, seconds: float | None) -> None:
        self._is_quiet = not self._is_quiet
        if self._is_quiet:
            # Whatever the script has asked for has been answered now, and is looked for once more.
            self._remote.ask(do="status")
            return
        market = self.market
        if market.ended:
            raise AssertionError("the data is over, and the script waits")
        limit = None if seconds is None else market.now_ns + ceil(seconds * SECOND)
        self._step(limit)


@contextmanager
def a_gateway(*words: str) -> Iterator[tuple[int, int]]:
    """Start `ikbr gateway sim`; give its ports."""
    ports = [str(free_port()), str(free_port())]
    process = subprocess.Popen(
        [sys.executable, "-c", GATEWAY, "gateway", "sim", *words, "--port", ports[0],
         "--control-port", ports[1]],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("control port"):
                break
        yield int(ports[0]), int(ports[1])
    finally:
        process.terminate()
        process.communicate(timeout=20)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def run_stepped(path: Path, arguments: Sequence[str], control_port: int) -> str:
    """Run a script against a gateway in step mode; give what it printed."""
    remote = Remote(control_port)
    driver, faults, said = Stepper(remote), Faults(), io.StringIO()
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(program._as_main(path, arguments))
            stack.enter_context(faults.of_events())
            stack.enter_context(virtual_clock(driver))
            stack.enter_context(program._loops(driver, faults))
            stack.enter_context(contextlib.redirect_stdout(said))
            code, error = program._run(path)
    finally:
        remote.close()
    if error is not None:
        raise error
    assert (code, [str(fault) for fault in faults]) == (0, [])
    return said.getvalue()
