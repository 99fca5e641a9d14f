"""What the doctor mends by itself: only what is safe, and told line by line."""

from __future__ import annotations

import stat
from pathlib import Path

from ikbr.ops.doctor.case import Case
from ikbr.ops.doctor.handshake import Reply, greet
from ikbr.ops.doctor.host_ports import CONTAINER, Holder, holders
from ikbr.ops.doctor.move_ports import MOVES, Places, move_ports
from ikbr.ops.doctor.own_settings import holds_secrets

GREET_S = 2.0


async def fix(case: Case) -> list[str]:
    """Mend what can be mended without harm.

    Secrets become readable by their owner only. Where a port of the gateway is held by somebody
    else, the gateway is moved: in the compose file, `.env` and the settings at once.

    Args:
        case: What is examined.

    Returns:
        What was done, in words; what could not be done, too.

    Raises:
        StateError: When a file cannot be written; then all of them are as they were.
    """
    done = _close_secrets(case.folder)
    strangers = await _strangers() if case.local else {}
    if not strangers:
        return [*done, "host ports: nothing to move"]
    aims = holders(tuple(MOVES.values()))
    if aims:
        words = ", ".join(f"{one.port} by {one.text}" for one in aims)
        return [*done, f"host ports: not moved, as the new ones are held, too ({words})"]
    places = Places(
        compose=case.compose,
        env=case.folder / ".env",
        compose_env=case.compose.with_name(".env"),
        settings=case.folder / "config" / "settings.toml",
    )
    held = ", ".join(f"{port} by {one.text}" for port, one in strangers.items())
    return [*done, f"host ports: held were {held}", *move_ports(places)]


async def _strangers() -> dict[int, Holder]:
    """Find who holds a port of the gateway and is none: neither answers nor may begin to."""
    found = {}
    for one in holders(tuple(MOVES)):
        if one.kind == CONTAINER:
            continue
        if (await greet("127.0.0.1", one.port, GREET_S)).reply is not Reply.ANSWERED:
            found[one.port] = one
    return found


def _close_secrets(folder: Path) -> list[str]:
    done = []
    inner = folder / "deploy" / "secrets"
    files = [
        folder / ".env",
        folder / "deploy" / ".env",
        folder / "secrets" / "alerts.toml",
        *(inner.glob("*") if inner.is_dir() else ()),
    ]
    for path in files:
        if not path.is_file() or path.name == ".gitignore":
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077 and (path.name != ".env" or holds_secrets(path)):
            done.append(_close(path, mode))
    return done


def _close(path: Path, mode: int) -> str:
    try:
        path.chmod(0o600)
    except PermissionError:
        return f"{path}: not closed, as it belongs to another user; sudo chmod 600 {path}"
    return f"{path}: mode {mode:o} → 600"
