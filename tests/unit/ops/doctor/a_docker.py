"""A docker command for tests: it lists a container, tells its recorded log, and runs what is to be
run inside on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ikbr.ops.doctor.docker import Docker

LOGS = Path(__file__).parent / "logs"
SOCAT = "socat TCP-LISTEN:4004,fork TCP:127.0.0.1:{inner}"

SCRIPT = """#!/usr/bin/env bash
here={here}
case "$1" in
  ps) cat "$here/ps" ;;
  inspect) [ "$4" = "$(cut -f1 "$here/ps")" ] || {{ echo "No such container: $4" >&2; exit 1; }}
    cat "$here/inspect.json" ;;
  logs) cat "$here/log" ;;
  exec) [ "$3" = ps ] && exec cat "$here/processes"
    shift 2; exec "$@" ;;
  *) echo "unknown: $*" >&2; exit 1 ;;
esac
"""


def inspection(
    *,
    status: str = "running",
    started: str = "2026-03-02T13:58:00.5Z",
    environment: Mapping[str, str] | None = None,
    mounts: Mapping[str, bool] | None = None,
    published: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    ports = {
        inner: [{"HostIp": outer.rpartition(":")[0], "HostPort": outer.rpartition(":")[2]}]
        for inner, outer in (published or {}).items()
    }
    return [
        {
            "Name": "/ikbr-gateway",
            "RestartCount": 0,
            "State": {"Status": status, "StartedAt": started},
            "Config": {"Env": [f"{k}={v}" for k, v in (environment or {}).items()]},
            "Mounts": [{"Destination": k, "RW": v} for k, v in (mounts or {}).items()],
            "NetworkSettings": {"Ports": ports},
        }
    ]


def a_docker(folder: Path, log: str = "ready.log", inner: int = 4002, **container: Any) -> Docker:
    """Put a docker command into a folder."""
    folder.mkdir(exist_ok=True)
    image = "ghcr.io/gnzsnz/ib-gateway:stable"
    (folder / "ps").write_text(f"ikbr-gateway\t{image}\n")
    (folder / "inspect.json").write_text(json.dumps(inspection(**container)))
    (folder / "log").write_text((LOGS / log).read_text())
    (folder / "processes").write_text(f"COMMAND\n/bin/bash run.sh\n{SOCAT.format(inner=inner)}\n")
    command = folder / "docker"
    command.write_text(SCRIPT.format(here=folder))
    os.chmod(command, 0o755)
    return Docker(str(command))
