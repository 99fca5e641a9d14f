"""The gateway's container: whether it runs, how far it has come, how it is set up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from ikbr.ops.doctor.case import Visit
from ikbr.ops.doctor.finding import Finding, failure, note, ok, warning
from ikbr.ops.doctor.log_milestones import (
    COLD_START_S,
    MANY_ATTEMPTS,
    Milestones,
    read_milestones,
)

Now = Callable[[], dt.datetime]
WEEK = dt.timedelta(days=7)


def utc_now() -> dt.datetime:
    """Give the time of this machine."""
    return dt.datetime.now(dt.UTC)


async def find_container(visit: Visit) -> list[Finding]:
    """Find the container; the checks that follow need it."""
    case = visit.case
    visit.container = await visit.docker.find(case.container)
    if visit.container is None:
        return [
            note(
                f"no container of a gateway was found ({visit.docker.problem or 'none is there'})",
                "What happens inside a container cannot be looked at from here; that is fine where "
                "the gateway runs without one.",
                "",
            )
        ]
    one = visit.container
    if one.status == "running":
        restarts = f", restarted {one.restarts} times" if one.restarts else ""
        return [ok(f"container {one.name} runs since {one.started[:19]}{restarts}")]
    return [
        failure(
            f"container {one.name} is {one.status}",
            "There is no gateway while its container does not run.",
            f"docker logs --tail 50 {one.name}; docker start {one.name}",
        )
    ]


async def check_start(visit: Visit, now: Now = utc_now) -> list[Finding]:
    """Look in the log how far the start has come; a cold start takes a minute."""
    one = visit.container
    if one is None or one.status != "running":
        return []
    seen = read_milestones(await visit.docker.logs(one))
    age_s = _age_s(one.started, now())
    found = [_how_far(seen, age_s, one.name)]
    if seen.read_only:
        found.append(
            failure(
                f"the log says: {seen.read_only}",
                "The gateway writes its own configuration; a read-only mount breaks its start.",
                "remove the read-only mount of a configuration file from the compose file",
            )
        )
    if seen.refused:
        found.append(
            failure(
                f"the log says: {seen.refused}",
                "IBKR locks an account after a few wrong passwords.",
                f"docker stop {one.name}, then correct TWS_USERID and the password",
            )
        )
    if seen.other_session:
        found.append(
            warning(
                "somebody else was logged in with this user name",
                "IB allows one session per user name; the one that comes last may end the other.",
                "use a user name of its own for the bot; docs/deploy.md tells how to hand over",
            )
        )
    return [*found, _login_age(seen, now())]


def _how_far(seen: Milestones, age_s: float, name: str) -> Finding:
    if seen.reached == "ready":
        return ok('the gateway has logged in and is set up ("Configuration tasks completed")')
    if seen.reached == "logged in":
        return ok('the gateway has logged in ("Login has completed")')
    where = (
        f'the start has come to "{seen.reached}"'
        if seen.reached
        else "nothing of the start is told yet"
    )
    if age_s < COLD_START_S and seen.attempts < MANY_ATTEMPTS:
        return note(f"{where}, {age_s:.0f} s after it began", "A cold start takes 30 to 60 s.", "")
    if seen.reached == "second factor":
        return failure(
            f"{where}: a person is waited for",
            "IB asks for the second factor at the first login and about once a week.",
            "confirm the login in IBKR Mobile",
        )
    if seen.reached in {"", "connecting"}:
        tries = f" ({seen.attempts} attempts)" if seen.attempts else ""
        return failure(
            f"{where}{tries}, and got no further in {age_s:.0f} s",
            "The host's ports belong to somebody else, or there is no way to IB's servers; "
            "no prompt for the second factor will come like this.",
            "ikbr doctor --fix (moves the host ports), then docker compose up -d",
        )
    return failure(
        f"{where}, and got no further in {age_s:.0f} s",
        "The login has not been completed; nothing can be traded.",
        f"docker restart {name}",
    )


def _login_age(seen: Milestones, now: dt.datetime) -> Finding:
    if seen.login is None:
        return note("the log does not tell when the last login was", "", "")
    age = now - seen.login
    words = f"the last login was {age.days} d {age.seconds // 3600} h ago"
    if age >= WEEK:
        return warning(
            words,
            "IB wants to see the second factor about once a week (Sundays from 01:00 New York); "
            "the next restart will wait for a person.",
            "restart the gateway while somebody can confirm the login",
        )
    return ok(words)


def _age_s(started: str, now: dt.datetime) -> float:
    try:
        since = dt.datetime.fromisoformat(started[:19]).replace(tzinfo=dt.UTC)
    except ValueError:
        return float("inf")
    return (now - since).total_seconds()
