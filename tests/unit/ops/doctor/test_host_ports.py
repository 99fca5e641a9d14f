"""Host ports that somebody really holds, and moving the gateway away from them."""

from __future__ import annotations

import asyncio
import os
import socket
import socketserver
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from ikbr.domain.errors import StateError
from ikbr.ops.doctor.case import Case, Visit
from ikbr.ops.doctor.docker import Docker
from ikbr.ops.doctor.finding import Finding, Level
from ikbr.ops.doctor.fixes import fix
from ikbr.ops.doctor.host_ports import check_host_ports, holders
from ikbr.ops.doctor.move_ports import Places, move_ports

LISTEN = """
import socket, sys, time
taken = socket.create_server(("127.0.0.1", 0))
print(taken.getsockname()[1], flush=True)
time.sleep(60)
"""


@pytest.fixture
def stranger() -> Iterator[tuple[int, int]]:
    """Let another process listen; give its port and number."""
    process = subprocess.Popen([sys.executable, "-c", LISTEN], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def look(case: Case) -> list[Finding]:
    return asyncio.run(check_host_ports(Visit(case, Docker("no-such-docker"))))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_the_holder_of_a_port_is_named_with_its_process(stranger: tuple[int, int]) -> None:
    port, pid = stranger
    [one] = holders((port, free_port()))
    assert (one.port, one.pid) == (port, pid)
    assert f"(process {pid})" in one.text


def test_a_stranger_where_the_gateway_is_expected_is_a_failure(stranger: tuple[int, int]) -> None:
    port, pid = stranger
    other = free_port()
    free, held = look(Case(port=port, ports=(other, port), timeout_s=0.3))
    assert free.seen == f"free: {other}"
    assert held.level is Level.FAILURE
    assert f"process {pid}" in held.seen
    assert "--fix" in held.mend


def test_a_stranger_where_the_other_account_is_expected_is_a_warning(
    stranger: tuple[int, int],
) -> None:
    port, _pid = stranger
    own = free_port()
    [held] = look(Case(port=own, published=(own, port), ports=(port,), timeout_s=0.3))
    assert held.level is Level.WARNING
    assert "--fix" in held.mend


def test_a_stranger_where_no_gateway_is_expected_any_more_is_worth_a_note(
    stranger: tuple[int, int],
) -> None:
    port, _pid = stranger
    own = free_port()
    [held] = look(Case(port=own, published=(own, free_port()), ports=(port,), timeout_s=0.3))
    assert (held.level, held.mend) == (Level.NOTE, "")


COMPOSE = """
services:
  ib-gateway:
    ports:
      - "127.0.0.1:${IB_GATEWAY_PORT_LIVE:-4001}:4003"
      - "127.0.0.1:4002:4004"
      - "127.0.0.1:5901:5900"
"""


def places(folder: Path) -> Places:
    (folder / "deploy").mkdir()
    (folder / "config").mkdir()
    (folder / "deploy" / "compose.yaml").write_text(COMPOSE)
    (folder / "config" / "settings.toml").write_text("[broker]\nport_paper = 4002\nclient_id = 1\n")
    (folder / ".env").write_text("TRADING_MODE=paper\nIB_GATEWAY_PORT=4002\n")
    return Places(
        folder / "deploy" / "compose.yaml",
        folder / ".env",
        folder / "deploy" / ".env",
        folder / "config" / "settings.toml",
    )


def test_ports_are_moved_in_all_files_at_once(tmp_path: Path) -> None:
    where = places(tmp_path)
    told = move_ports(where)
    assert len(told) == 3
    compose = where.compose.read_text()
    assert "${IB_GATEWAY_PORT_LIVE:-4101}:4003" in compose
    assert '"127.0.0.1:4102:4004"' in compose
    assert '"127.0.0.1:5901:5900"' in compose
    assert where.env.read_text() == (
        "TRADING_MODE=paper\nIB_GATEWAY_PORT=4102\nIB_GATEWAY_PORT_LIVE=4101\n"
    )
    assert "port_paper = 4102" in where.settings.read_text()
    assert not where.compose_env.exists()
    assert move_ports(where) == ["host ports: they had been moved before"]


def test_when_one_file_cannot_be_written_none_is_changed(tmp_path: Path) -> None:
    where = places(tmp_path)
    before = {path: path.read_text() for path in (where.compose, where.env, where.settings)}
    # A folder stands where the new text would be written first, for root too.
    where.settings.with_name(f".settings.toml.{os.getpid()}.tmp").mkdir()
    with pytest.raises(StateError, match="nothing was changed"):
        move_ports(where)
    assert {path: path.read_text() for path in before} == before


def test_a_file_that_is_no_text_leaves_all_as_they_were(tmp_path: Path) -> None:
    where = places(tmp_path)
    where.settings.write_bytes(b"\xff\xfe")
    before = where.compose.read_text()
    with pytest.raises(StateError, match=r"settings\.toml cannot be read"):
        move_ports(where)
    assert where.compose.read_text() == before


def test_fixing_closes_secrets_and_moves_nothing_while_the_ports_are_free(tmp_path: Path) -> None:
    where = places(tmp_path)
    addresses = tmp_path / "secrets" / "alerts.toml"
    addresses.parent.mkdir()
    where.env.write_text("TWS_PASSWORD=x\n")
    addresses.write_text('phone = "tgram://x"\n')
    for path in (where.env, addresses):
        path.chmod(0o644)
    told = asyncio.run(fix(Case(folder=tmp_path, compose=where.compose)))
    for path in (where.env, addresses):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sum("644 → 600" in line for line in told) == 2


@contextmanager
def held(port: int, answer: bytes = b"") -> Iterator[None]:
    """Hold a port, unless somebody else does; answer whoever says something."""

    class Talk(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(100)
            self.request.sendall(answer)

    socketserver.TCPServer.allow_reuse_address = True
    with ExitStack() as stack:
        with suppress(OSError):
            server = stack.enter_context(socketserver.TCPServer(("127.0.0.1", port), Talk))
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            stack.callback(server.shutdown)
        yield


def test_fixing_moves_away_from_a_stranger_and_not_from_a_gateway_that_answers(
    tmp_path: Path,
) -> None:
    where = places(tmp_path)
    case = Case(folder=tmp_path, compose=where.compose)
    words = b"176\x0020260302 09:30:00 EST\x00"
    with held(4001, struct.pack(">I", len(words)) + words):
        assert asyncio.run(fix(case)) == ["host ports: nothing to move"]
    assert "port_paper = 4002" in where.settings.read_text()
    with held(4001):
        told = asyncio.run(fix(case))
    assert "host ports: held were 4001 by" in told[0]
    assert "port_paper = 4102" in where.settings.read_text()


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("/Users/me/.colima/ssh-mux", "Colima"),
        ("com.docker.backend", "a container"),
        ("/opt/ibgateway/jars", "a local TWS or IB Gateway"),
        ("climate", ""),
    ],
)
def test_usual_holders_are_recognised_by_their_command_line(word: str, kind: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LISTEN, word], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        [one] = holders((int(process.stdout.readline()),))
        assert one.kind == kind
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
