"""The log of the gateway's container: how far the start has come, and since when.

Source: the owner's guide, "Verification", and the image's own log. A cold start takes 30 to 60
seconds; a login may wait for a person's second factor.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

COLD_START_S = 60.0
"""Source: the owner's guide, "Connection issues": 30 to 60 seconds."""
MANY_ATTEMPTS = 3

_STAMP = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|[+-]\d\d:\d\d)?\s")
_MARKS = {
    "connecting": re.compile(r"Connecting to server|attempt \d+ to connect", re.I),
    "authenticating": re.compile(r"Authenticating", re.I),
    "second factor": re.compile(
        r"Second Factor Authentication(?! has completed)|2FA (?:dialog|prompt)", re.I
    ),
    "logged in": re.compile(r"Login has completed", re.I),
    "ready": re.compile(r"Configuration tasks completed", re.I),
}
_ATTEMPT = re.compile(r"attempt (\d+) to connect", re.I)
_READ_ONLY = re.compile(r"Read-only file system", re.I)
_REFUSED = re.compile(r"(?:Unrecognized Username or Password|Login failed|invalid.*password)", re.I)
_SESSION = re.compile(r"Existing session detected", re.I)
_STARTED = re.compile(r"Starting IBC|Starting Xvfb", re.I)


class Milestones(NamedTuple):
    """Say how far the start has come.

    Attributes:
        reached: The last mark: "", connecting, authenticating, second factor, logged in, ready.
        attempts: How often connecting with IB's servers was tried since the start.
        login: When the last login was completed; None when the log does not tell.
        read_only: The line that complains of a read-only file system; "" for none.
        refused: The line that says the login was refused; "" for none.
        other_session: Whether somebody else was logged in.
    """

    reached: str
    attempts: int
    login: dt.datetime | None
    read_only: str
    refused: str
    other_session: bool


def read_milestones(log: str) -> Milestones:
    """Read a log, with or without docker's time before each line.

    >>> read_milestones("IBC: Login has completed").reached
    'logged in'
    """
    reached, attempts, login = "", 0, None
    read_only = refused = ""
    other = False
    for line in log.splitlines():
        if _STARTED.search(line):
            # What was before belongs to an earlier start.
            reached, attempts, refused, other = "", 0, "", False
        for name, words in _MARKS.items():
            if not words.search(line):
                continue
            if name == "connecting":
                numbered = _ATTEMPT.search(line)
                attempts = int(numbered[1]) if numbered else attempts + 1
            else:
                attempts = 0
            if name == "logged in":
                login, refused = _time_of(line), ""
            reached = name
        if _READ_ONLY.search(line):
            read_only = _without_stamp(line)
        if _REFUSED.search(line):
            refused = _without_stamp(line)
        other = other or bool(_SESSION.search(line))
    return Milestones(reached, attempts, login, read_only, refused, other)


def _time_of(line: str) -> dt.datetime | None:
    found = _STAMP.match(line)
    if found is None:
        return None
    return dt.datetime.fromisoformat(found[1]).replace(tzinfo=dt.UTC)


def _without_stamp(line: str) -> str:
    return _STAMP.sub("", line).strip()[:200]
