"""The gateway's container: its recorded logs, its variables, mounts and ports."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest
from tests.unit.ops.doctor.a_docker import LOGS, a_docker

from ikbr.ops.doctor.case import Case, Visit
from ikbr.ops.doctor.container import check_start, find_container
from ikbr.ops.doctor.container_setup import check_mounts, check_published, check_variables
from ikbr.ops.doctor.docker import Docker
from ikbr.ops.doctor.finding import Finding, Level
from ikbr.ops.doctor.log_milestones import read_milestones

GOOD = {
    "READ_ONLY_API": "no",
    "TIME_ZONE": "America/New_York",
    "TWOFA_TIMEOUT_ACTION": "restart",
    "RELOGIN_AFTER_TWOFA_TIMEOUT": "yes",
    "AUTO_RESTART_TIME": "11:59 PM",
    "EXISTING_SESSION_DETECTED_ACTION": "primary",
    "TWS_ACCEPT_INCOMING": "accept",
}


def start_of(folder: Path, log: str, at: str) -> list[Finding]:
    """Look at a start, at a time of 2 March 2026."""

    async def look() -> list[Finding]:
        visit = Visit(Case(), a_docker(folder, log))
        [found] = await find_container(visit)
        assert found.level is Level.OK, found
        now = dt.datetime.fromisoformat(f"2026-03-02T{at}+00:00")
        return await check_start(visit, lambda: now)

    return asyncio.run(look())


@pytest.mark.parametrize(
    ("log", "at", "level", "words"),
    [
        ("ready.log", "14:10:00", Level.OK, "Configuration tasks completed"),
        ("cold_start.log", "13:58:40", Level.NOTE, "40 s after it began"),
        ("cold_start.log", "14:00:30", Level.FAILURE, "got no further in 150 s"),
        ("port_conflict.log", "14:04:00", Level.FAILURE, "7 attempts"),
        ("second_factor.log", "14:04:00", Level.FAILURE, "a person is waited for"),
        ("second_factor.log", "13:58:20", Level.NOTE, "second factor"),
    ],
)
def test_the_log_tells_how_far_a_start_has_come(
    tmp_path: Path, log: str, at: str, level: Level, words: str
) -> None:
    first = start_of(tmp_path, log, at)[0]
    assert first.level is level, first
    assert words in first.seen


@pytest.mark.parametrize(
    ("log", "level", "words"),
    [
        ("read_only.log", Level.FAILURE, "Read-only file system"),
        ("wrong_password.log", Level.FAILURE, "Unrecognized Username or Password"),
        ("restarted.log", Level.WARNING, "somebody else was logged in"),
    ],
)
def test_the_log_tells_what_went_wrong(tmp_path: Path, log: str, level: Level, words: str) -> None:
    found = start_of(tmp_path, log, "14:04:00")
    assert [one for one in found if one.level is level and words in one.seen and one.mend], found


def test_a_login_of_more_than_a_week_ago_warns_that_a_person_will_be_needed(tmp_path: Path) -> None:
    old = start_of(tmp_path, "restarted.log", "14:04:00")[-1]
    assert (old.level, old.seen) == (Level.WARNING, "the last login was 10 d 9 h ago")
    assert start_of(tmp_path, "ready.log", "20:04:00")[-1].level is Level.OK


def test_what_an_earlier_start_told_does_not_count_for_this_one() -> None:
    seen = read_milestones((LOGS / "restarted.log").read_text())
    assert seen.reached == "authenticating"


def test_logs_of_nonsense_are_read_without_complaint() -> None:
    assert read_milestones("\x00\xff 2026-99-99T00:00:00 Login has completed\n").login is None


def test_without_docker_the_container_is_left_out(tmp_path: Path) -> None:
    visit = Visit(Case(), Docker(str(tmp_path / "nowhere")))
    [found] = asyncio.run(find_container(visit))
    assert found.level is Level.NOTE
    assert asyncio.run(check_start(visit)) == []


def test_a_container_that_has_ended_is_a_failure(tmp_path: Path) -> None:
    visit = Visit(Case(), a_docker(tmp_path, status="exited"))
    [found] = asyncio.run(find_container(visit))
    assert found.level is Level.FAILURE
    assert "ikbr-gateway is exited" in found.seen


def setup_of(folder: Path, **container: object) -> list[Finding]:
    async def look() -> list[Finding]:
        visit = Visit(Case(), a_docker(folder, **container))  # type: ignore[arg-type]
        await find_container(visit)
        return [
            *await check_variables(visit),
            *await check_mounts(visit),
            *await check_published(visit),
        ]

    return asyncio.run(look())


def test_a_container_that_is_set_up_well_raises_nothing(tmp_path: Path) -> None:
    mounts = {"/home/ibgateway/tws_settings": True, "/run/secrets/tws_password": False}
    found = setup_of(
        tmp_path, environment=GOOD, mounts=mounts, published={"4004/tcp": "127.0.0.1:4002"}
    )
    assert {one.level for one in found} == {Level.OK}, found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"READ_ONLY_API": ""}, "READ_ONLY_API is not set"),
        ({"READ_ONLY_API": "yes"}, "READ_ONLY_API = 'yes'"),
        ({"TIME_ZONE": ""}, "TIME_ZONE is not set"),
        ({"TWOFA_TIMEOUT_ACTION": "exit"}, "TWOFA_TIMEOUT_ACTION = 'exit'"),
        ({"AUTO_RESTART_TIME": ""}, "AUTO_RESTART_TIME is not set"),
        ({"CUSTOM_CONFIG": "yes"}, "CUSTOM_CONFIG = yes"),
        ({"TWS_PASSWORD": "secret"}, "TWS_PASSWORD is a variable"),
    ],
)
def test_variables_that_do_not_work_are_named_with_what_mends_them(
    tmp_path: Path, change: dict[str, str], words: str
) -> None:
    found = setup_of(tmp_path, environment=GOOD | change)
    [wrong] = [one for one in found if one.level is Level.WARNING]
    assert words in wrong.seen
    assert wrong.why
    assert wrong.mend
    assert "secret" not in wrong.seen


def test_a_configuration_mounted_read_only_is_found(tmp_path: Path) -> None:
    mounts = {"/home/ibgateway/Jts/jts.ini": False, "/home/ibgateway/ibc/config.ini.tmpl": False}
    found = setup_of(tmp_path, environment=GOOD, mounts=mounts)
    [wrong] = [one for one in found if one.level is Level.WARNING]
    assert wrong.seen == "/home/ibgateway/Jts/jts.ini is mounted read-only"


def test_an_api_that_is_published_to_everybody_is_found(tmp_path: Path) -> None:
    found = setup_of(tmp_path, environment=GOOD, published={"4004/tcp": "0.0.0.0:4002"})
    [wrong] = [one for one in found if one.level is Level.WARNING]
    assert "published on 0.0.0.0:4002" in wrong.seen
