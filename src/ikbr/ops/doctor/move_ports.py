"""Moving the gateway's host ports: in the compose file, `.env` and the settings, or nowhere.

Source: the owner's guide, "Critical port forwarding": 4101 and 4102 in place of 4001 and 4002, and
"Update all references".
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ikbr.domain.errors import StateError

MOVES = {4001: 4101, 4002: 4102}
"""Host port of live and of paper, and where each is moved."""

_VARIABLES = {"IB_GATEWAY_PORT_LIVE": 4001, "IB_GATEWAY_PORT": 4002}
_KEYS = {"port_live": 4001, "port_paper": 4002}


class Places(NamedTuple):
    """Name the files that know of the ports.

    Attributes:
        compose: The compose file.
        env: Variables of the bot.
        compose_env: Variables of compose.
        settings: The settings file.
    """

    compose: Path
    env: Path
    compose_env: Path
    settings: Path


class Edit(NamedTuple):
    """Hold a file before and after.

    Attributes:
        path: Which.
        before: Its text; None when it is not there yet.
        after: What it is to be.
    """

    path: Path
    before: str | None
    after: str


def move_ports(places: Places) -> list[str]:
    """Move both ports in all files.

    Returns:
        What was changed, a line per file.

    Raises:
        StateError: When a file cannot be read or written; then all of them are as they were.
    """
    edits = [edit for edit in _plan(places) if edit.after != edit.before]
    _write(edits)
    changed = [f"{edit.path}: {_told(edit)}" for edit in edits]
    return changed or ["host ports: they had been moved before"]


def move_in_compose(text: str) -> str:
    """Move published ports, written out or as the default of a variable.

    >>> move_in_compose('- "127.0.0.1:4002:4004"'), move_in_compose('${IB_GATEWAY_PORT:-4002}:4004')
    ('- "127.0.0.1:4102:4004"', '${IB_GATEWAY_PORT:-4102}:4004')
    """
    for old, new in MOVES.items():
        # Followed by the port inside: what comes behind the last colon is the container's own.
        text = re.sub(rf"(?<![\d:]){old}(?=\}}?:400[34]\b)", str(new), text)
        text = re.sub(rf"(?<=[\d.\]]:){old}(?=:400[34]\b)", str(new), text)
        text = re.sub(rf"(published:\s*[\"']?){old}\b", rf"\g<1>{new}", text)
        text = re.sub(rf"(\$\{{IB_GATEWAY_PORT(?:_LIVE)?:-){old}(?=\}})", rf"\g<1>{new}", text)
    return text


def move_in_env(text: str) -> str:
    r"""Set the variables of both ports, in place where they stand.

    >>> move_in_env("TRADING_MODE=paper\nIB_GATEWAY_PORT=4002\n")
    'TRADING_MODE=paper\nIB_GATEWAY_PORT=4102\nIB_GATEWAY_PORT_LIVE=4101\n'
    """
    for name, old in _VARIABLES.items():
        line = re.compile(rf"^(\s*(?:export\s+)?{name}\s*=\s*).*$", re.M)
        new = str(MOVES[old])
        if line.search(text):
            text = line.sub(rf"\g<1>{new}", text)
        else:
            text += ("" if not text or text.endswith("\n") else "\n") + f"{name}={new}\n"
    return text


def move_in_settings(text: str) -> str:
    """Move the ports of the settings.

    >>> move_in_settings("port_paper = 4002   # ours")
    'port_paper = 4102   # ours'
    """
    for key, old in _KEYS.items():
        text = re.sub(rf"^(\s*{key}\s*=\s*){old}\b", rf"\g<1>{MOVES[old]}", text, flags=re.M)
    return text


def _plan(places: Places) -> list[Edit]:
    edits = []
    rules: list[tuple[Path, Callable[[str], str], bool]] = [
        (places.compose, move_in_compose, False),
        (places.env, move_in_env, True),
        (places.compose_env, move_in_env, False),
        (places.settings, move_in_settings, False),
    ]
    for path, rule, made in rules:
        try:
            before = path.read_text(encoding="utf-8") if path.is_file() else None
        except (OSError, UnicodeDecodeError) as error:
            raise StateError(f"{path} cannot be read ({error}); nothing was changed.") from None
        if before is not None or made:
            edits.append(Edit(path, before, rule(before or "")))
    return edits


def _write(edits: list[Edit]) -> None:
    written: list[Edit] = []
    try:
        for edit in edits:
            _replace(edit.path, edit.after)
            written.append(edit)
    except OSError as error:
        for edit in written:
            if edit.before is None:
                edit.path.unlink()
            else:
                _replace(edit.path, edit.before)
        raise StateError(
            f"{error.filename} cannot be written ({error.strerror}); nothing was changed."
        ) from None


def _replace(path: Path, text: str) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(
            temporary, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, mode)
        ) as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _told(edit: Edit) -> str:
    before = set((edit.before or "").splitlines())
    lines = [line.strip() for line in edit.after.splitlines() if line not in before]
    return "; ".join(lines)
