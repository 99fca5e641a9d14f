"""The compose file's own commands, run on this machine: a full system without an account."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.integration.test_live_process import IKBR, gateway, wait_for

from ikbr.journal.replay import replay
from ikbr.ops.compose_file import read_compose

__all__ = ["gateway"]

ROOT = Path(__file__).parents[2]
PORT = "4002"


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def command_of(service: dict[str, Any], port: str) -> list[str]:
    return [*IKBR, *(port if word == PORT else word for word in shlex.split(service["command"]))]


def environment_of(service: dict[str, Any], port: str) -> dict[str, str]:
    own = {k: str(v).replace(PORT, port) for k, v in service.get("environment", {}).items()}
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("IKBR_S", "TRADING", "IB_"))}
    return clean | own


def start(service: dict[str, Any], port: str, folder: Path, out: Path) -> subprocess.Popen[str]:
    with out.open("w") as file:
        return subprocess.Popen(
            command_of(service, port), cwd=folder, env=environment_of(service, port),
            stdout=file, stderr=file, text=True,
        )  # fmt: skip


def is_healthy(service: dict[str, Any], folder: Path, port: str) -> bool:
    """Run the health check of a service as docker does."""
    how, line = service["healthcheck"]["test"]
    assert how == "CMD-SHELL"
    script = line.replace("$$", "$").replace(f"{int(PORT):04X}", f"{int(port):04X}")
    return subprocess.run(["sh", "-c", script], cwd=folder, check=False).returncode == 0


def end(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(60)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the health checks read /proc")
def test_the_sim_profile_is_a_full_system_that_trades(tmp_path: Path) -> None:
    variables = {
        "IKBR_SIM_SPEED": "600",
        "IKBR_SIM_ARGS": "--symbols KO --param lookback=30,threshold=0.0002",
    }
    services = {
        name: one
        for name, one in read_compose(ROOT / "deploy" / "compose.yaml", variables)[
            "services"
        ].items()
        if "sim" in one["profiles"]
    }
    assert set(services) == {"sim-gateway", "sim-bot"}
    gateway, bot, port = services["sim-gateway"], services["sim-bot"], free_port()
    assert bot["network_mode"] == "service:sim-gateway"
    folder = tmp_path / "state"
    folder.mkdir()
    assert not is_healthy(gateway, folder, port)
    first = start(gateway, port, folder, tmp_path / "gateway.txt")
    try:
        wait_for(tmp_path / "gateway.txt", "accounts: ", first)
        assert is_healthy(gateway, folder, port)
        assert not is_healthy(bot, folder, port)
        second = start(bot, port, folder, tmp_path / "bot.txt")
        try:
            wait_for(tmp_path / "bot.txt", "log in ", second)
            until = time.monotonic() + 30
            while not (logs := list(folder.glob("sessions/*/live.log"))):
                assert time.monotonic() < until
                time.sleep(0.05)
            wait_for(logs[0], "fill of order", second)
            assert is_healthy(bot, folder, port)
        finally:
            code = end(second)
        assert code == 0, (tmp_path / "bot.txt").read_text()
        assert not is_healthy(bot, folder, port)
    finally:
        end(first)
    [journal] = folder.glob("journals/paper-*")
    assert replay(journal).fills


@pytest.mark.skipif(sys.platform != "linux", reason="the health check is one of the image's bash")
def test_the_health_check_of_the_real_gateway_greets_its_api(gateway: int) -> None:
    services = read_compose(ROOT / "deploy" / "compose.yaml", {})["services"]
    how, *words, script = services["ib-gateway"]["healthcheck"]["test"]
    assert how == "CMD"
    for live, paper, healthy in (
        (free_port(), str(gateway), True),
        (free_port(), free_port(), False),
    ):
        text = script.replace("4001", live).replace("4002", paper)
        done = subprocess.run([*words, text], check=False, timeout=10)
        assert (done.returncode == 0) is healthy


def test_services_with_a_bot_are_closed_and_have_a_way_to_end() -> None:
    services = read_compose(ROOT / "deploy" / "compose.yaml", {})["services"]
    for name in ("bot", "sim-bot", "sim-gateway"):
        one = services[name]
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert one["user"] == "10001:10001"
        assert one["restart"] == "unless-stopped"
        assert not one.get("ports")
        assert one["healthcheck"]["test"]


def test_a_profile_runs_one_gateway_and_one_bot() -> None:
    services = read_compose(ROOT / "deploy" / "compose.yaml", {})["services"]
    by_profile: dict[str, set[str]] = {}
    for name, one in services.items():
        for profile in one["profiles"]:
            by_profile.setdefault(profile, set()).add(name)
    assert by_profile == {"gateway": {"ib-gateway", "bot"}, "sim": {"sim-gateway", "sim-bot"}}
