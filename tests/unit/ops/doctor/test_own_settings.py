"""Secrets where they should not be."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ikbr.ops.doctor.case import Case, Visit
from ikbr.ops.doctor.docker import Docker
from ikbr.ops.doctor.finding import Level
from ikbr.ops.doctor.fixes import fix
from ikbr.ops.doctor.own_settings import check_secrets, check_settings


def visit(folder: Path, problem: str = "") -> Visit:
    return Visit(Case(folder=folder, settings_problem=problem), Docker("no-such-docker"))


@pytest.mark.parametrize(
    ("name", "text", "mode", "words"),
    [
        (".env", "TWS_PASSWORD=hunter2\n", 0o644, "can be read by others"),
        ("deploy/.env", "VNC_SERVER_PASSWORD=hunter2\n", 0o640, "can be read by others"),
        ("deploy/.env", "IKBR_ALERT_PHONE=tgram://hunter2\n", 0o640, "can be read by others"),
        ("secrets/alerts.toml", 'phone = "tgram://hunter2"', 0o644, "can be read by others"),
        ("deploy/secrets/tws_password", "hunter2", 0o604, "can be read by others"),
        ("deploy/secrets/tws_password", "changeme\n", 0o600, "holds no secret yet"),
        ("config/settings.toml", '[broker]\npassword = "hunter2"\n', 0o600, "broker.password"),
    ],
)
def test_a_secret_out_of_place_is_named_but_not_shown(
    tmp_path: Path, name: str, text: str, mode: int, words: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    [found] = asyncio.run(check_secrets(visit(tmp_path)))
    assert found.level in {Level.WARNING, Level.NOTE}
    assert words in found.seen
    assert "hunter2" not in found.seen + found.why + found.mend


@pytest.mark.parametrize("name", ["vnc_password", "alerts"])
def test_what_may_be_empty_is_no_secret_that_is_missing(tmp_path: Path, name: str) -> None:
    path = tmp_path / "deploy" / "secrets" / name
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    [found] = asyncio.run(check_secrets(visit(tmp_path)))
    assert found.level is Level.OK


@contextmanager
def somebody_else() -> Iterator[None]:
    """Be an ordinary user, also where the tests are root's."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)


def test_a_secret_that_only_its_container_may_read_hides_no_other() -> None:
    with tempfile.TemporaryDirectory() as name:
        secrets = Path(name) / "deploy" / "secrets"
        secrets.mkdir(parents=True)
        for folder in (Path(name), secrets.parent, secrets):
            folder.chmod(0o755)
        for secret, mode in (("alerts", 0o000), ("tws_password", 0o604)):
            (secrets / secret).write_text("hunter2")
            (secrets / secret).chmod(mode)
        with somebody_else():
            [found] = asyncio.run(check_secrets(visit(Path(name))))
        assert "tws_password holds secrets and can be read by others" in found.seen


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has files that others may not close")
def test_an_open_secret_of_another_user_is_named_and_the_rest_is_closed() -> None:
    with tempfile.TemporaryDirectory() as name:
        secrets = Path(name) / "deploy" / "secrets"
        secrets.mkdir(parents=True)
        for secret, owner in (("alerts", 0), ("tws_password", 65534)):
            (secrets / secret).write_text("hunter2")
            (secrets / secret).chmod(0o644)
            os.chown(secrets / secret, owner, owner)
        for folder in (Path(name), secrets.parent, secrets):
            folder.chmod(0o755)
        with somebody_else():
            done = asyncio.run(fix(Case(folder=Path(name), host="192.0.2.1")))
        assert f"{secrets / 'tws_password'}: mode 644 → 600" in done
        assert any("belongs to another user" in line for line in done), done


def test_secrets_in_their_place_raise_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TWS_PASSWORD=hunter2\n")
    (tmp_path / ".env").chmod(0o600)
    [found] = asyncio.run(check_secrets(visit(tmp_path)))
    assert found.level is Level.OK


def test_settings_that_cannot_be_used_are_a_failure(tmp_path: Path) -> None:
    [found] = asyncio.run(check_settings(visit(tmp_path, "risk.x is unknown.")))
    assert (found.level, found.seen) == (Level.FAILURE, "risk.x is unknown.")
