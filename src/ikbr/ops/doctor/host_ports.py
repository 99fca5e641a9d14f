"""Host ports: which are taken, and by whom.

Source: the owner's guide, "Critical port forwarding troubleshooting": a gateway that never gets
beyond "Connecting to server" is often one whose ports on the host belong to somebody else.
"""

from __future__ import annotations

import errno
import re
import socket
from typing import NamedTuple

import psutil

from ikbr.ops.doctor.case import Visit
from ikbr.ops.doctor.finding import Finding, failure, note, ok, warning
from ikbr.ops.doctor.handshake import Reply, greet

CONTAINER = "a container"
NOBODY_NAMED = "another user's process"

_KNOWN = (
    (re.compile(r"\b(?:co)?lima\b", re.I), "Colima", "colima stop"),
    (re.compile(r"docker-proxy|com\.docker|vpnkit|rootlesskit", re.I), CONTAINER, "docker ps"),
    (re.compile(r"ibgateway|install4j|\btws\b|\bjava\b", re.I), "a local TWS or IB Gateway", ""),
    (re.compile(r"gateway\W+sim\b", re.I), "the simulated gateway of ikbr", ""),
)
"""How holders of a port are recognised, what they are, and the command that names or ends them."""


class Holder(NamedTuple):
    """Say who listens on a port.

    Attributes:
        port: Which.
        pid: The process; 0 when it is not ours to know.
        name: Its name.
        kind: What it is, where that is recognised; "" else.
        command: What shows or ends it.
    """

    port: int
    pid: int
    name: str
    kind: str
    command: str

    @property
    def text(self) -> str:
        """Name the holder."""
        who = f"{self.name} (process {self.pid})" if self.pid else self.name
        return f"{who}, {self.kind}" if self.kind else who


def holders(ports: tuple[int, ...]) -> list[Holder]:
    """Find who listens on some ports of this machine.

    Args:
        ports: Which.
    """
    pids: dict[int, int] = {}
    try:
        for one in psutil.net_connections("tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port in ports:
                pids[one.laddr.port] = one.pid or pids.get(one.laddr.port, 0)
    except psutil.AccessDenied:
        pass  # On macOS only root may ask; what is taken is then found by trying.
    return [_holder(port, pids.get(port, 0)) for port in ports if port in pids or _is_taken(port)]


async def check_host_ports(visit: Visit) -> list[Finding]:
    """Look who holds the ports that a gateway uses on this machine."""
    case = visit.case
    taken = holders(case.ports)
    free = [port for port in case.ports if port not in {one.port for one in taken}]
    found = [ok(f"free: {', '.join(map(str, free))}")] if free else []
    if visit.container is not None and visit.container.status == "running":
        bound = [b for where in visit.container.published.values() for b in where]
        ours = {int(b.rpartition(":")[2]) for b in bound}
    else:
        ours = set()
    return found + [await _judge(one, visit, one.port in ours) for one in taken]


async def _judge(one: Holder, visit: Visit, ours: bool) -> Finding:
    case = visit.case
    if ours:
        return ok(f"port {one.port} is held by the gateway's container")
    if one.port in {5900, 5901}:
        return note(
            f"port {one.port} (VNC) is held by {one.text}",
            "The gateway's screen cannot be published there.",
            "publish VNC elsewhere: VNC_PORT in deploy/.env",
        )
    reply = (await greet("127.0.0.1", one.port, min(case.timeout_s, 2.0))).reply
    if reply is Reply.ANSWERED:
        return ok(f"port {one.port} is held by {one.text}, and answers as a gateway")
    if one.port == case.port and case.local:
        return failure(
            f"port {one.port}, where the gateway is expected, is held by {one.text}, which does "
            "not answer as a gateway",
            'A container cannot publish its port there: it says "Connecting to server" for ever '
            "and the API times out.",
            one.command or "ikbr doctor --fix (moves the gateway to 4101 and 4102)",
        )
    if one.port not in case.published:
        return note(
            f"port {one.port} is held by {one.text}",
            "It is in nobody's way: by the settings the gateway is published elsewhere.",
            "",
        )
    return warning(
        f"port {one.port} is held by {one.text}, which does not answer as a gateway",
        "A gateway that is published there would not come up.",
        one.command or "ikbr doctor --fix (moves the gateway to 4101 and 4102)",
    )


def _holder(port: int, pid: int) -> Holder:
    if not pid:
        return Holder(port, 0, NOBODY_NAMED, "", f"sudo lsof -nP -iTCP:{port} -sTCP:LISTEN")
    try:
        process = psutil.Process(pid)
        name, line = process.name(), " ".join(process.cmdline())
    except psutil.Error:
        return Holder(port, pid, NOBODY_NAMED, "", f"sudo lsof -nP -iTCP:{port} -sTCP:LISTEN")
    for words, kind, command in _KNOWN:
        if words.search(name) or words.search(line):
            return Holder(port, pid, name, kind, command)
    return Holder(port, pid, name, "", "")


def _is_taken(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
