"""Inside the container: which port answers as a gateway, and where socat forwards to.

Source: the owner's guide, "Internal port mismatch": the login completes, TCP connects, and the
handshake times out, because the gateway listens elsewhere than where socat forwards. What a
configuration file says is weak evidence; a handshake is proof.
"""

from __future__ import annotations

import re

from ikbr.ops.doctor.case import Visit
from ikbr.ops.doctor.docker import Container
from ikbr.ops.doctor.finding import Finding, failure, note, ok
from ikbr.ops.doctor.handshake import VERSIONS

INNER_PORTS = (4001, 4002, 4000)
"""Where a gateway may listen inside: live, paper, and its own default."""

_SOCAT = re.compile(r"socat\s.*?TCP4?-LISTEN:(\d+)\S*\s+TCP4?:[\w.-]+:(\d+)", re.I)

GREET = r"""
for port in {ports}; do
  if exec 3<>"/dev/tcp/127.0.0.1/$port"; then
    printf 'API\0\0\0\0\{size:03o}{versions}' >&3
    if timeout {seconds} head -c 5 <&3 | grep -q '[0-9]'; then says=answers; else says=silent; fi
    echo "$port $says"
    exec 3<&- 3>&-
  fi 2>/dev/null
done 2>/dev/null
"""
"""Greets ports from inside; bash alone, as the image has nothing else."""


def greet_script(ports: tuple[int, ...], seconds: int) -> str:
    """Write the script that greets ports inside."""
    return GREET.format(
        ports=" ".join(map(str, ports)),
        size=len(VERSIONS),
        versions=VERSIONS.decode(),
        seconds=seconds,
    )


async def check_inner_ports(
    visit: Visit, ports: tuple[int, ...] = INNER_PORTS, seconds: int = 3
) -> list[Finding]:
    """Compare where the gateway answers with where socat forwards."""
    one = visit.container
    if one is None or one.status != "running":
        return []
    greeted = await visit.docker.run(
        "exec", one.name, "bash", "-c", greet_script(ports, seconds),
        timeout_s=5 + len(ports) * (seconds + 1),
    )  # fmt: skip
    answering, silent = _by_word(greeted.out, "answers"), _by_word(greeted.out, "silent")
    forwards = await _forwards(visit, one)
    if not answering:
        heard = f"; {', '.join(map(str, silent))} accepted and said nothing" if silent else ""
        return [
            failure(
                f"no port inside the container answers as a gateway (tried "
                f"{', '.join(map(str, ports))}{heard})",
                "The gateway is not logged in yet, or its API is not switched on.",
                f"docker logs --tail 50 {one.name}",
            )
        ]
    if not forwards:
        return [
            note(f"the gateway answers on {_list(answering)} inside; socat was not seen", "", "")
        ]
    wrong = {outer: inner for outer, inner in forwards.items() if inner not in answering}
    if not wrong:
        return [ok(f"the gateway answers on {_list(answering)} inside, where socat forwards to")]
    outer, inner = next(iter(wrong.items()))
    return [
        failure(
            f"socat forwards {outer} to {inner}, but the gateway answers on {_list(answering)}",
            "TCP connects, and the API handshake times out. MASTER_API_PORT does not change this.",
            "docker compose -f deploy/compose.yaml -f deploy/compose.api-port.yaml up -d --build",
        )
    ]


async def _forwards(visit: Visit, one: Container) -> dict[int, int]:
    listed = await visit.docker.run("exec", one.name, "ps", "-eo", "args")
    if listed.code:
        listed = await visit.docker.run("top", one.name, "-eo", "pid,args")
    return {int(found[1]): int(found[2]) for found in _SOCAT.finditer(listed.out)}


def _by_word(text: str, word: str) -> list[int]:
    return [int(line.split()[0]) for line in text.splitlines() if line.endswith(word)]


def _list(ports: list[int]) -> str:
    return " and ".join(map(str, ports))
