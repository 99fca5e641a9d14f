"""Checking a deployment folder: what would not work, or would be open to others."""

from __future__ import annotations

import stat
from pathlib import Path

from ikbr.domain.errors import ConfigError
from ikbr.ops.compose_file import read_compose
from ikbr.ops.deploy.render import Host, render

_HARDENED = {"read_only": True, "cap_drop": ["ALL"]}
_OURS = ("ikbr:", "prom/", "grafana/")
"""Images whose services we harden; the gateway's writes where it likes."""


def check_folder(folder: Path) -> list[str]:
    """Check a folder with rendered files.

    Args:
        folder: With compose.yaml.

    Returns:
        Problems, each with what mends it; none when all is well.

    Raises:
        ConfigError: When there is no compose file, or it cannot be read.
    """
    compose = folder / "compose.yaml"
    content = read_compose(compose)
    problems = [*_published(content), *_hardened(content), *_secrets(content, folder)]
    for name, text in render(Host(), ("compose",)).items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{path} is missing; `ikbr deploy render {folder}` writes it.")
        elif name.endswith(("Dockerfile", ".json")) and path.read_text(encoding="utf-8") != text:
            problems.append(f"{path} is not that of this version; `ikbr deploy render {folder}`.")
    return problems


def _published(content: dict[str, object]) -> list[str]:
    services = content["services"]
    assert isinstance(services, dict)
    return [
        f"service {name}: port {port} is published to everybody; begin it with 127.0.0.1:."
        for name, service in services.items()
        for port in service.get("ports", ())
        if not str(port).startswith("127.0.0.1:")
    ]


def _hardened(content: dict[str, object]) -> list[str]:
    services = content["services"]
    assert isinstance(services, dict)
    problems = []
    for name, service in services.items():
        if not str(service.get("image", "")).startswith(_OURS):
            continue
        if str(service.get("user", "root")).split(":", maxsplit=1)[0] in {"root", "0"}:
            problems.append(f"service {name} runs as root; give it a user.")
        problems += [
            f"service {name}: {key} must be {value}."
            for key, value in _HARDENED.items()
            if service.get(key) != value
        ]
    return problems


def _secrets(content: dict[str, object], folder: Path) -> list[str]:
    services, secrets = content["services"], content.get("secrets", {})
    assert isinstance(services, dict)
    assert isinstance(secrets, dict)
    used = {name for service in services.values() for name in service.get("secrets", ())}
    problems = []
    for name in sorted(used):
        if name not in secrets:
            raise ConfigError(f"secret {name} is used and not described in compose.yaml.")
        path = folder / str(secrets[name]["file"])
        if not path.is_file():
            problems.append(f"secret {name}: there is no {path}; write it there (chmod 600).")
        elif path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            problems.append(f"secret {name}: {path} can be read by others; chmod 600 {path}.")
    return problems
