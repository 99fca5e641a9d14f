"""Docker, as far as the doctor needs it: its command line, where it is there."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

IMAGE = "gnzsnz/ib-gateway"
"""Part of the image's name by which a gateway's container is recognised."""
TIMEOUT_S = 10.0


class Answer(NamedTuple):
    """Hold what a command said.

    Attributes:
        code: Its exit code; -1 when it did not end in time.
        out: What it printed.
        error: What it complained of.
    """

    code: int
    out: str
    error: str


class Container(NamedTuple):
    """Describe a container.

    Attributes:
        name: Its name.
        status: created, running, restarting, exited …
        started: When it was started, as docker writes it.
        restarts: How often docker has restarted it.
        environment: Its variables.
        mounts: Places inside that are mounted, and whether they can be written.
        published: Ports inside (as "4004/tcp") and where they are published ("127.0.0.1:4002").
    """

    name: str
    status: str
    started: str
    restarts: int
    environment: Mapping[str, str]
    mounts: Mapping[str, bool]
    published: Mapping[str, tuple[str, ...]]


class Docker:
    """Ask docker.

    Attributes:
        problem: Why it cannot be asked; "" while it can.
    """

    def __init__(self, command: str = "docker", timeout_s: float = TIMEOUT_S) -> None:
        """Find the command."""
        self._command = shutil.which(command)
        self._timeout_s = timeout_s
        self.problem = "" if self._command else f"there is no command {command!r}"

    async def run(self, *words: str, timeout_s: float | None = None) -> Answer:
        """Run a docker command."""
        if not self._command:
            return Answer(-1, "", self.problem)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            self._command, *words, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
        try:
            async with asyncio.timeout(timeout_s or self._timeout_s):
                out, error = await process.communicate()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            return Answer(-1, "", f"docker {words[0]} gave no answer")
        code = process.returncode if process.returncode is not None else -1
        return Answer(code, out.decode(errors="replace"), error.decode(errors="replace").strip())

    async def find(self, name: str) -> Container | None:
        """Find the gateway's container, running or not.

        Args:
            name: Its name; "" for the first whose image is that of a gateway.
        """
        if not name:
            listed = await self.run("ps", "--all", "--format", "{{.Names}}\t{{.Image}}")
            if listed.code:
                self.problem = listed.error or "docker does not answer"
                return None
            rows = (line.partition("\t") for line in listed.out.splitlines())
            name = next((own for own, _tab, image in rows if IMAGE in image), "")
        if not name:
            return None
        shown = await self.run("inspect", "--type", "container", name)
        if shown.code:
            if "no such" not in shown.error.lower():
                self.problem = shown.error or "docker does not answer"
            return None
        return read_inspection(shown.out)

    async def logs(self, container: Container) -> str:
        """Give the last lines of a container's log, each with its time."""
        told = await self.run("logs", "--timestamps", "--tail", "2000", container.name)
        return told.out + told.error


def read_inspection(text: str) -> Container | None:
    """Read what `docker inspect` prints; None where that is nothing."""
    try:
        rows: list[dict[str, Any]] = msgspec.json.decode(text)
        one = rows[0]
        state, config = one["State"], one["Config"]
        bound = one.get("NetworkSettings", {}).get("Ports") or {}
        return Container(
            name=str(one["Name"]).lstrip("/"),
            status=str(state["Status"]),
            started=str(state.get("StartedAt", "")),
            restarts=int(one.get("RestartCount", 0)),
            environment={
                key: value
                for key, _equals, value in (t.partition("=") for t in config.get("Env") or ())
            },
            mounts={str(m["Destination"]): bool(m["RW"]) for m in one.get("Mounts") or ()},
            published={
                inner: tuple(f"{p['HostIp'] or '0.0.0.0'}:{p['HostPort']}" for p in outer or ())
                for inner, outer in bound.items()
            },
        )
    except (msgspec.DecodeError, LookupError, TypeError, ValueError):
        return None
