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
PORT, METRICS = "4002", "9464"


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def metrics_port(port: str) -> str:
    """Give a port beside that of the gateway, which nobody else is likely to ask for."""
    return str(int(port) - 1)


def command_of(service: dict[str, Any], port: str) -> list[str]:
    return [*IKBR, *(port if word == PORT else word for word in shlex.split(service["command"]))]


def environment_of(service: dict[str, Any], port: str) -> dict[str, str]:
    own = {
        name: str(value).replace(PORT, port).replace("0.0.0.0", "127.0.0.1")
        for name, value in service.get("environment", {}).items()
    }
    if "IKBR_METRICS__PORT" in own:
        assert own["IKBR_METRICS__PORT"] == METRICS
        own["IKBR_METRICS__PORT"] = metrics_port(port)
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
    how, *words = service["healthcheck"]["test"]
    if how == "CMD-SHELL":
        words = ["sh", "-c", *words]
    script = words.pop().replace("$$", "$").replace(f"{int(PORT):04X}", f"{int(port):04X}")
    script = script.replace(METRICS, metrics_port(port))
    words = [sys.executable if word == "python" else word for word in words]
    done = subprocess.run([*words, script], cwd=folder, check=False, capture_output=True)
    return done.returncode == 0


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
    assert set(services) == {"sim-gateway", "sim-bot", "prometheus", "sim-grafana"}
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


def test_the_bot_reads_whom_to_alert_from_its_secret_file(tmp_path: Path) -> None:
    secret = tmp_path / "alerts"
    secret.write_text('phone = "ntfys://example.com/SECRET"\n')
    secret.chmod(0o600)
    bot = read_compose(ROOT / "deploy" / "compose.yaml", {})["services"]["bot"]
    environment = {
        name: value.replace("/run/secrets", str(tmp_path))
        for name, value in environment_of(bot, "7").items()
    }
    done = subprocess.run(
        [*IKBR, "alerts", "show"], cwd=tmp_path, env=environment, text=True,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"phone        ntfys://…  from {secret}" in done.stdout
    assert "SECRET" not in done.stdout


def test_services_with_a_bot_are_closed_and_have_a_way_to_end() -> None:
    services = read_compose(ROOT / "deploy" / "compose.yaml", {})["services"]
    users = {"prometheus": "65534:65534", "grafana": "1000:0", "sim-grafana": "1000:0"}
    for name, one in services.items():
        assert one["restart"] == "unless-stopped"
        assert one["healthcheck"]["test"]
        if name != "ib-gateway":
            assert one["read_only"] is True
            assert one["cap_drop"] == ["ALL"]
            assert one["user"] == users.get(name, "10001:10001")
    published = {name: one["ports"] for name, one in services.items() if one.get("ports")}
    assert set(published) == {"ib-gateway", "grafana", "sim-grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_a_profile_runs_one_gateway_and_one_bot() -> None:
    services = read_compose(ROOT / "deploy" / "compose.yaml", {})["services"]
    by_profile: dict[str, set[str]] = {}
    for name, one in services.items():
        for profile in one["profiles"]:
            by_profile.setdefault(profile, set()).add(name)
    assert by_profile == {
        "gateway": {"ib-gateway", "bot"},
        "metrics": {"prometheus", "grafana"},
        "sim": {"sim-gateway", "sim-bot", "prometheus", "sim-grafana"},
    }
