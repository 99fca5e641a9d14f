"""The metrics of a real bot over the simulated gateway: scraped, ready, killed, documented."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from tests.integration.test_live_process import IKBR, a_bot, gateway, wait_for

from ikbr.domain.latency import STAGES
from ikbr.ops.metrics.families import FAMILIES, TIMINGS

__all__ = ["gateway"]

ROOT = Path(__file__).parents[2]
TRADING = ("--param", "lookback=30,threshold=0.0002")
MAY_BE_ABSENT = {"ikbr_entries_held", "ikbr_position_quantity", "ikbr_refusals_total"}
"""There need be nothing that these tell of."""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def get(port: int, path: str) -> tuple[int, str]:
    """Give status and body; (0, "") where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def scrape(port: int) -> dict[str, Metric]:
    _status, text = get(port, "/metrics")
    return {one.name: one for one in text_string_to_metric_families(text)}


def value(found: dict[str, Metric], name: str, **labels: str) -> float:
    """Sum up the samples of a name that have these labels."""
    return sum(
        sample.value
        for family in found.values()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def until(check: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.1)


def why(port: int) -> list[str]:
    status, text = get(port, "/readyz")
    told = json.loads(text)["why"] if text else ["nobody answers"]
    assert (status == 200) is (told == []), (status, text)
    return list(told)


def said_by(folder: Path, *words: str) -> str:
    """Run a command beside the bot, and give what it says."""
    done = subprocess.run(
        [*IKBR, *words], cwd=folder, check=True, timeout=60, capture_output=True, text=True
    )
    return done.stdout


def test_a_bot_without_a_gateway_is_alive_and_says_why_it_does_not_trade(tmp_path: Path) -> None:
    port, nobody = free_port(), free_port()
    with a_bot(tmp_path / "bot", nobody, "--metrics-port", str(port)):
        until(lambda: get(port, "/healthz")[0] == 200)
        until(lambda: any("refused" in one for one in why(port)))
        assert "trading has not begun" in why(port)
        found = scrape(port)
        assert value(found, "ikbr_link_ready") == value(found, "ikbr_ready") == 0
        assert "ikbr_equity" not in found or not found["ikbr_equity"].samples
    until(lambda: get(port, "/healthz")[0] == 0, 5.0)


def test_what_a_bot_exports_is_what_it_did_and_every_name_is_documented(
    tmp_path: Path, gateway: int
) -> None:
    port, folder = free_port(), tmp_path / "bot"
    with a_bot(folder, gateway, "--metrics-port", str(port), *TRADING) as bot:
        until(lambda: value(scrape(port), "ikbr_fills_total") >= 3)
        assert why(port) == []
        found = scrape(port)
        names = {sample.name for family in found.values() for sample in family.samples}
        assert {one.name for one in FAMILIES} - MAY_BE_ABSENT <= names
        assert {f"{one.name}_bucket" for one in TIMINGS} <= names
        for one in (*FAMILIES, *TIMINGS):
            bare = {k: v for k, v in found.items() if one.name in {k, f"{k}_total"}}
            for sample in (s for family in bare.values() for s in family.samples):
                assert set(sample.labels) - {"le"} == set(one.labels), sample
        stages = {s.labels["stage"] for s in found["ikbr_order_stage_seconds"].samples}
        assert stages == set(STAGES)
        fills = value(found, "ikbr_fills_total", strategy="momentum")
        assert value(found, "ikbr_orders_total", state="Filled") <= fills
        assert value(found, "ikbr_info", mode="paper", simulated="yes") == 1
        assert value(found, "process_open_fds") > 5
        cash, net = value(found, "ikbr_cash"), value(found, "ikbr_exposure_net")
        assert value(found, "ikbr_equity", currency="USD") == pytest.approx(cash + net, abs=0.02)
        page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
        documented = set(re.findall(r"^\| `(ikbr_\w+|process_\w+)`", page, re.M))
        bare = {re.sub(r"_(bucket|count|sum)$", "", name) for name in names}
        exported = {name for name in bare if name.startswith(("ikbr_", "process_"))}
        assert exported | MAY_BE_ABSENT == documented

        told = json.loads(said_by(folder, "latency", "--bot", "--json", "--port", str(gateway)))
        assert told["orders"] >= 3
        assert {*STAGES, "gateway", "event loop"} == set(told["stages_us"])
        assert 0 < told["stages_us"]["decoded"]["p50"] < told["stages_us"]["fill"]["p99.99"]
        said_by(folder, "halt", "--port", str(gateway), "--reason", "lunch")
        until(lambda: any("lunch" in one for one in why(port)))
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(20) == 0
    until(lambda: get(port, "/healthz")[0] == 0, 5.0)


def test_a_bot_whose_metrics_port_is_taken_says_so_once_and_trades(
    tmp_path: Path, gateway: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, folder = taken.getsockname()[1], tmp_path / "bot"
        with a_bot(folder, gateway, "--metrics-port", str(port), *TRADING) as bot:
            wait_for(folder / "out.txt", "log in ", bot)
            [log] = folder.glob("sessions/*/live.log")
            wait_for(log, "metrics cannot be served", bot)
            wait_for(log, "fill of order", bot)
            assert log.read_text().count("metrics cannot be served") == 1


@pytest.mark.slow
def test_a_bot_that_hangs_is_not_healthy(tmp_path: Path, gateway: int) -> None:
    port = free_port()
    with a_bot(tmp_path / "bot", gateway, "--metrics-port", str(port)) as bot:
        until(lambda: why(port) == [])
        bot.send_signal(signal.SIGSTOP)
        try:
            until(lambda: get(port, "/healthz")[0] == 503)
            assert "has not turned" in get(port, "/readyz")[1]
        finally:
            bot.send_signal(signal.SIGCONT)
        until(lambda: get(port, "/healthz")[0] == 200)
