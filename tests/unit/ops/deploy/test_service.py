"""systemd, as far as upgrades speak with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ikbr.domain.errors import StateError
from ikbr.ops.deploy.service import Systemd

SCRIPT = """#!/bin/sh
echo "$@" >> {log}
[ "$1" = is-active ] && exit {active}
[ "$1" = start ] && [ -e {log}.broken ] && {{ echo "Unit not found." >&2; exit 5; }}
exit 0
"""


def a_systemctl(folder: Path, monkeypatch: pytest.MonkeyPatch, *, active: bool) -> Path:
    log = folder / "said"
    command = folder / "systemctl"
    command.write_text(SCRIPT.format(log=log, active=0 if active else 3))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return log


def test_a_bot_is_asked_to_end_and_not_ended_by_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = a_systemctl(tmp_path, monkeypatch, active=True)
    unit = Systemd("bot")
    unit.ask_to_end()
    unit.stop()
    unit.start()
    assert log.read_text().splitlines() == [
        "is-active --quiet bot",
        "kill --kill-who=main --signal=SIGTERM bot",
        "stop bot",
        "start --no-block bot",
    ]


def test_a_bot_that_does_not_run_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = a_systemctl(tmp_path, monkeypatch, active=False)
    Systemd("bot").ask_to_end()
    assert log.read_text() == "is-active --quiet bot\n"


def test_what_systemd_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_systemctl(tmp_path, monkeypatch, active=True)
    (tmp_path / "said.broken").touch()
    with pytest.raises(StateError, match="systemctl start --no-block bot: Unit not found"):
        Systemd("bot").start()


def test_a_host_without_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StateError, match="systemctl is-active"):
        Systemd("bot").ask_to_end()
