"""Settings and secrets: whether they can be used, agree with each other, and are kept apart."""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path

from dotenv import dotenv_values

from ikbr.ops.doctor.case import Visit
from ikbr.ops.doctor.finding import Finding, failure, note, ok, warning

SECRETS = ("TWS_PASSWORD", "TWS_PASSWORD_PAPER", "VNC_SERVER_PASSWORD")
ADDRESSES = "IKBR_ALERT_"
"""So begin the variables with the addresses of alerts."""
MAY_BE_EMPTY = ("vnc_password", "alerts")
"""Without a screen, and without anybody who is told."""
_PLACEHOLDER = re.compile(r"^(|changeme|your[-_ ].*|<.*>)$", re.I)


async def check_settings(visit: Visit) -> list[Finding]:
    """Look whether the settings can be read and do not contradict each other."""
    case = visit.case
    if case.settings_problem:
        return [
            failure(
                case.settings_problem,
                "Nothing is connected or traded with settings that cannot be meant.",
                "edit the place that is named, then `ikbr doctor` again",
            )
        ]
    where = f"{case.host}:{case.port}, client id {case.client_id}, TRADING_MODE {case.trading_mode}"
    return [ok(f"settings can be used: {where}")]


async def check_secrets(visit: Visit) -> list[Finding]:
    """Look whether secrets lie where others can read them, or in files that are shared."""
    folder = visit.case.folder
    found = [*_dotenv(folder / ".env"), *_dotenv(folder / "deploy" / ".env")]
    found += _secret_files(folder / "deploy" / "secrets")
    addresses = folder / "secrets" / "alerts.toml"
    found += [_open(addresses)] if addresses.is_file() and _is_open(addresses) else []
    found += _settings_file(folder / "config" / "settings.toml")
    return found or [ok("no secret lies where it should not")]


def _dotenv(path: Path) -> list[Finding]:
    if not path.is_file():
        return []
    try:
        held = holds_secrets(path)
    except (OSError, UnicodeDecodeError) as error:
        return [
            failure(f"{path} cannot be read ({error})", "Its values are not used.", f"edit {path}")
        ]
    if held and _is_open(path):
        return [_open(path)]
    return []


def holds_secrets(path: Path) -> bool:
    """Say whether a file of variables holds secrets.

    Raises:
        OSError: When it cannot be read.
        UnicodeDecodeError: When it is no text.
    """
    return any(
        (value or "").strip() and (name in SECRETS or name.startswith(ADDRESSES))
        for name, value in dotenv_values(path).items()
    )


def _secret_files(folder: Path) -> list[Finding]:
    found = []
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        if not path.is_file() or path.name.startswith("."):
            continue
        if _is_open(path):
            found.append(_open(path))
        try:
            text = path.read_text(encoding="utf-8", errors="replace").strip()
        except PermissionError:
            continue  # it belongs to the user of its container, as it should
        if _PLACEHOLDER.match(text) and (text or path.name not in MAY_BE_EMPTY):
            found.append(
                note(
                    f"{path} holds no secret yet", "Whoever needs it cannot log in.", f"edit {path}"
                )
            )
    return found


def _settings_file(path: Path) -> list[Finding]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return []  # What cannot be read is told by the settings themselves.
    broker = content.get("broker", {})
    held = [
        n for n in ("password", "username", "account") if isinstance(broker, dict) and broker.get(n)
    ]
    if not held:
        return []
    return [
        warning(
            f"{path} holds {', '.join(f'broker.{name}' for name in held)}",
            "This file is shared and kept in git; secrets in it are known to everybody.",
            "move it into .env, as TWS_PASSWORD=… (and change the password if it was shared)",
        )
    ]


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _open(path: Path) -> Finding:
    return warning(
        f"{path} holds secrets and can be read by others",
        "Whoever has an account on this machine can act in your name.",
        f"chmod 600 {path}",
    )
