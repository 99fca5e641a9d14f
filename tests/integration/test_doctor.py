"""The doctor and its counterparts: simulated gateways in every condition, and worse."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.integration.live_rig import calm_source
from tests.unit.ops.doctor.a_docker import a_docker

from ikbr.api.doctor import DoctorRequest, case_of
from ikbr.api.places import Places
from ikbr.broker.checkup import Checkup
from ikbr.cli.main import execute
from ikbr.gateway.faults.plan import read_plan
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.world import World
from ikbr.ops.doctor.case import Case, Visit
from ikbr.ops.doctor.container import find_container
from ikbr.ops.doctor.docker import Docker
from ikbr.ops.doctor.finding import Finding, Level, exit_code
from ikbr.ops.doctor.inner_ports import check_inner_ports
from ikbr.ops.doctor.table import CHECKS, examine

NO_DOCKER = "no-such-docker"
CASE = Case(
    symbols=("SPY",), timeout_s=1.0, quotes_s=0.7, samples=3, ports=(), client_id=7,
)  # fmt: skip
Scene = Callable[[GatewayServer], Awaitable[None]]


def examined(
    case: Case = CASE,
    *faults: dict[str, Any],
    only: tuple[str, ...] = ("gateway",),
    scene: Scene | None = None,
    **options: Any,
) -> dict[str, Finding]:
    """Examine a simulated gateway; give the last finding of each check."""

    async def run() -> list[Finding]:
        plan = read_plan({"fault": list(faults)})
        world = World(calm_source(400), GatewayOptions(faults=plan, **options))
        server = GatewayServer(world, speed=600.0)
        await server.start(0, None)
        try:
            if scene is not None:
                await scene(server)
            return await examine(Visit(replace(case, port=server.port), Docker(NO_DOCKER)), only)
        finally:
            await server.stop()

    return {one.check: one for one in asyncio.run(run())}


def test_a_gateway_in_good_health_raises_nothing() -> None:
    found = examined()
    assert {one.level for one in found.values()} <= {Level.OK, Level.NOTE}, found
    assert set(found) == {check.name for check in CHECKS if check.group == "gateway"}
    assert exit_code(found.values()) == 0


CONDITIONS: list[tuple[str, dict[str, Any], dict[str, Any], str, Level, str]] = [
    ("read-only", {}, {"read_only": True}, "orders", Level.FAILURE, "the API is read-only (321"),
    ("delayed", {}, {"live_data": False}, "market data", Level.FAILURE, "SPY: delayed data only"),
    ("real money", {}, {"accounts": {"U1000001": 1e6}}, "account", Level.FAILURE, "real money"),
    ("two accounts", {}, {"accounts": {"DU1": 1e6, "DU2": 1e6}}, "account", Level.FAILURE, "DU1"),
    ("deaf to previews", {"what": "mute", "message": "placeOrder", "times": 0}, {}, "orders",
     Level.WARNING, "was not answered"),
    ("deaf to history", {"what": "mute", "message": "reqHistoricalData", "times": 0}, {},
     "history", Level.WARNING, "history:"),
    ("deaf to data", {"what": "mute", "message": "reqMktData", "times": 0}, {}, "market data",
     Level.WARNING, "no price came"),
    ("deaf", {"what": "mute", "message": "reqCurrentTime", "times": 0}, {}, "time",
     Level.FAILURE, "does not tell the time"),
    ("never ready", {"what": "delay", "message": "nextValidId", "seconds": 1e6}, {}, "session",
     Level.FAILURE, "serves nobody"),
    ("lost IB", {"what": "link_down", "seconds": 0}, {}, "farms", Level.FAILURE, "has lost IB"),
    ("rejecting", {"what": "mute", "message": "reqContractDetails", "times": 0}, {},
     "market data", Level.FAILURE, "contract details"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "options", "check", "level", "words"),
    [row[1:] for row in CONDITIONS],
    ids=[row[0] for row in CONDITIONS],
)
def test_each_condition_is_found_and_told_with_what_mends_it(
    fault: dict[str, Any], options: dict[str, Any], check: str, level: Level, words: str
) -> None:
    found = examined(CASE, *([fault] if fault else []), only=(check,), **options)
    assert found[check].level is level, found
    assert words in found[check].seen
    assert found[check].why
    assert found[check].mend


def test_delayed_data_is_fine_where_it_will_do() -> None:
    found = examined(replace(CASE, delayed_will_do=True), only=("market data",), live_data=False)
    assert found["market data"].level is Level.OK


def test_a_symbol_that_nobody_knows_is_named() -> None:
    found = examined(replace(CASE, symbols=("SPY", "NOSUCH")), only=("market data",))
    assert found["market data"].level is Level.FAILURE
    assert "NOSUCH: IB knows no such contract (200" in found["market data"].seen


def test_a_client_id_that_another_program_uses_is_found() -> None:
    others: list[Checkup] = []

    async def connect(server: GatewayServer) -> None:
        others.append(Checkup("127.0.0.1", server.port, 7, 2.0))
        assert await others[0].open() == ""

    found = examined(only=("client id",), scene=connect)
    assert found["client id"].level is Level.FAILURE
    assert "326" in found["client id"].seen


def test_the_bot_itself_is_not_taken_for_another_program() -> None:
    found = examined(replace(CASE, lock_holder="process 1"), only=("client id",))
    assert found["client id"].seen == "client id 7 is used by the bot (process 1)"


def test_the_gateways_clock_is_compared() -> None:
    async def run() -> tuple[float, float]:
        skews = []
        for by in (0.0, 30.0):
            fault = {"what": "clock_skew", "by": by, "times": 0}
            plan = read_plan({"fault": [fault] if by else []})
            server = GatewayServer(World(calm_source(50), GatewayOptions(faults=plan)), speed=0.0)
            await server.start(0, None)
            async with Checkup("127.0.0.1", server.port, 7, 2.0) as link:
                assert await link.open() == ""
                skews.append(await link.skew_s())
            await server.stop()
        return skews[0], skews[1]

    fair, off = asyncio.run(run())
    assert 25 < off - fair < 35


# --- ports without a gateway that answers --------------------------------------------------------


def greeted(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> Finding:
    async def run() -> list[Finding]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        case = replace(CASE, port=port, timeout_s=0.3)
        found = await examine(Visit(case, Docker(NO_DOCKER)), ("gateway",))
        server.close()
        return found

    [found] = asyncio.run(run())
    return found


async def close_at_once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(4)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("serve", "words", "mend"),
    [
        (close_at_once, "accepts connections and closes them at once", "Trusted IPs"),
        (say_nothing, "the API handshake times out", "compose.api-port.yaml"),
        (speak_http, "something else than a gateway", "--fix"),
    ],
)
def test_what_listens_without_being_a_gateway_is_told_apart(
    serve: Any, words: str, mend: str
) -> None:
    found = greeted(serve)
    assert (found.check, found.level) == ("handshake", Level.FAILURE)
    assert words in found.seen
    assert mend in found.mend


def test_a_gateway_that_hangs_accepts_and_says_nothing() -> None:
    async def hang(server: GatewayServer) -> None:
        _reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await asyncio.sleep(0.2)
        writer.close()

    fault = {"what": "half_open", "seconds": 1e6}
    found = examined(replace(CASE, timeout_s=0.4), fault, scene=hang)
    assert "the API handshake times out" in found["handshake"].seen


# --- inside the container ------------------------------------------------------------------------


def inside(folder: Path, *, forward_to_it: bool, listens: bool = True) -> Finding:
    """Greet a gateway as from inside its container, with socat as recorded."""

    async def run() -> list[Finding]:
        server = GatewayServer(World(calm_source(50), GatewayOptions()), speed=0.0)
        await server.start(0, None)
        other = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
        silent = other.sockets[0].getsockname()[1]
        inner = server.port if forward_to_it else silent
        visit = Visit(CASE, a_docker(folder, inner=inner))
        await find_container(visit)
        # The first one is closed, as are most of those that are tried in a real container.
        ports = (1, server.port, silent) if listens else (1, silent)
        found = await check_inner_ports(visit, ports, seconds=1)
        other.close()
        await server.stop()
        return found

    [found] = asyncio.run(run())
    return found


def test_socat_that_forwards_to_another_port_than_the_gateways_is_found(tmp_path: Path) -> None:
    found = inside(tmp_path, forward_to_it=False)
    assert found.level is Level.FAILURE
    assert "socat forwards 4004 to" in found.seen
    assert "compose.api-port.yaml" in found.mend


def test_socat_that_forwards_to_the_gateway_is_fine(tmp_path: Path) -> None:
    found = inside(tmp_path, forward_to_it=True)
    assert found.level is Level.OK, found


def test_a_container_in_which_nothing_answers_is_found(tmp_path: Path) -> None:
    found = inside(tmp_path, forward_to_it=False, listens=False)
    assert found.level is Level.FAILURE
    assert "accepted and said nothing" in found.seen


# --- the command ---------------------------------------------------------------------------------


def test_half_blind_it_says_what_it_can_and_gives_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    code = execute(
        ["doctor", "--json", "--port", "1", "--timeout", "0.5", "--only", "settings,gateway,disk"]
    )
    told = json.loads(capsys.readouterr().out)
    assert code == told["exit_code"] == 2
    assert [one["check"] for one in told["findings"]] == [
        "settings",
        "secrets",
        "handshake",
        "disk",
    ]
    assert "nothing listens on 127.0.0.1:1" in told["findings"][2]["seen"]


def test_settings_that_cannot_be_read_are_a_finding_and_the_rest_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("IB_GATEWAY_PORT=many\n")
    assert execute(["doctor", "--only", "settings,disk"]) == 2
    shown = capsys.readouterr().out
    assert "broker.port_paper" in shown
    assert "disk:" in shown


def test_a_mode_that_contradicts_the_settings_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRADING_MODE", "live")
    assert execute(["doctor", "--only", "settings"]) == 2
    assert "TRADING_MODE is live" in capsys.readouterr().out


def test_a_check_that_does_not_exist_is_refused_with_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert execute(["doctor", "--only", "gatway"]) == 2
    assert "did you mean 'gateway'?" in capsys.readouterr().err


def test_the_lock_of_a_running_bot_is_seen_and_never_taken_from_one_that_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert case_of(DoctorRequest()).lock_holder == ""
    places = Places(Path("journals"), "127.0.0.1", 4002, 1)
    lock = places.lock()
    assert case_of(DoctorRequest()).lock_holder == f"process {os.getpid()}"
    lock.release()
    assert case_of(DoctorRequest()).lock_holder == ""
