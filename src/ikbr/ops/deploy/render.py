"""Rendering what a host needs: compose, Dockerfiles, a systemd unit, an AWS template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from ikbr.domain.errors import ConfigError
from ikbr.ops.metrics.dashboards import DASHBOARDS
from ikbr.ops.metrics.grafana import dashboard_json

TARGETS = {
    "compose": {
        "compose.yaml": "compose.yaml",
        "compose.api-port.yaml": "compose.api-port.yaml",
        "gateway.Dockerfile": "gateway.Dockerfile",
        "Dockerfile": "Dockerfile",
        ".env.example": "env.example",
        "prometheus/prometheus.yml": "prometheus/prometheus.yml",
        "prometheus/alerts.yml": "prometheus/alerts.yml",
        "grafana/provisioning/datasources/ikbr.yaml": "grafana/datasource.yaml",
        "grafana/provisioning/dashboards/ikbr.yaml": "grafana/provider.yaml",
    },
    "systemd": {"systemd/ikbr.service": "systemd/ikbr.service"},
    "aws": {"aws/cloudformation.yaml": "aws/cloudformation.yaml"},
}
"""What can be rendered: the files of each target, and their templates; dashboards have none."""

PROMETHEUS = "v3.5.0"
GRAFANA = "12.1.1"
PYTHON = "3.11.14-slim-bookworm"
"""The base image; its Python is one that the lock was tried with."""

_PLAIN = re.compile(r"[A-Za-z0-9 =,./_:@-]*")
_PATH = re.compile(r"/[A-Za-z0-9/._-]+")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Say what differs from host to host.

    Attributes:
        mode: "paper" or "live".
        arguments: What follows `ikbr paper --supervise`.
        root: Folder with releases and state (systemd).
        user: Who runs the bot (systemd).
    """

    mode: str = "paper"
    arguments: str = "--strategy momentum --symbols SPY"
    root: str = "/opt/ikbr"
    user: str = "ikbr"

    def check(self) -> None:
        """Refuse values that would mean something else where they are put.

        Raises:
            ConfigError: With the field, the value and what is allowed.
        """
        if self.mode not in {"paper", "live"}:
            raise ConfigError(f"mode = {self.mode!r}: it must be paper or live.")
        rules = {"arguments": _PLAIN, "root": _PATH, "user": _USER}
        for name, rule in rules.items():
            value = getattr(self, name)
            if not rule.fullmatch(value):
                raise ConfigError(
                    f"{name} = {value!r} cannot be written into units and templates; use letters, "
                    "digits and - _ . , / = : @ only."
                )


def render(host: Host, targets: tuple[str, ...] = tuple(TARGETS)) -> dict[str, str]:
    """Render files.

    Args:
        host: What differs.
        targets: Names in `TARGETS`.

    Returns:
        Text by path.

    Raises:
        ConfigError: When a value or a target cannot be.
    """
    host.check()
    environment = Environment(
        loader=PackageLoader("ikbr.ops.deploy"),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
    )
    values = {
        "mode": host.mode,
        "arguments": host.arguments,
        "root": host.root,
        "user": host.user,
        "version": version("ikbr"),
        "python": PYTHON,
        "prometheus": PROMETHEUS,
        "grafana": GRAFANA,
    }
    found = {}
    for target in targets:
        if target not in TARGETS:
            raise ConfigError(f"target {target!r} is unknown; choose from: {', '.join(TARGETS)}.")
        for path, template in TARGETS[target].items():
            found[path] = environment.get_template(template).render(values)
    if "compose" in targets:
        for board in DASHBOARDS:
            found[f"grafana/dashboards/{board.name}.json"] = dashboard_json(board)
    return found


def write(files: dict[str, str], folder: Path) -> list[str]:
    """Write rendered files; say what became of each.

    Args:
        files: Text by path.
        folder: Where they go.
    """
    told = []
    for name, text in files.items():
        path = folder / name
        before = path.read_text(encoding="utf-8") if path.is_file() else None
        if before == text:
            told.append(f"{path}: as it was")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        told.append(f"{path}: {'written' if before is None else 'changed'}")
    return told
