"""The calendar of IB's resets, by tables; New York is UTC-5 in winter and UTC-4 in summer."""

from __future__ import annotations

import datetime as dt

import pytest

from ikbr.domain.errors import ConfigError
from ikbr.domain.supervision import SupervisionRules
from ikbr.live.resets import Reset, resets

NIGHT, WEEKEND = "the nightly reset of IB's servers", "the weekend reset of IB's servers"
LOGIN, RESTART = "the weekly login", "the gateway's own restart"


def ns(text: str) -> int:
    return round(dt.datetime.fromisoformat(text + "+00:00").timestamp()) * 1_000_000_000


def shown(found: list[Reset]) -> list[tuple[str, str, str]]:
    return [
        (one.name, *(f"{dt.datetime.fromtimestamp(at / 1e9, dt.UTC):%a %d %H:%M}"
                     for at in (one.begin_ns, one.end_ns)))
        for one in found
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("region", "since", "expected"),
    [
        # A winter's and a summer's night in New York.
        ("america", "2026-01-14T12:00", [(NIGHT, "Thu 15 05:15", "Thu 15 06:45")]),
        ("america", "2026-07-15T12:00", [(NIGHT, "Thu 16 04:15", "Thu 16 05:45")]),
        # In the middle of one it is still listed, and after its end no more.
        ("america", "2026-01-15T06:44", [(NIGHT, "Thu 15 05:15", "Thu 15 06:45"),
                                         (NIGHT, "Fri 16 05:15", "Fri 16 06:45")]),
        ("america", "2026-01-15T06:45", [(NIGHT, "Fri 16 05:15", "Fri 16 06:45")]),
        ("europe", "2026-01-14T12:00", [(NIGHT, "Thu 15 05:25", "Thu 15 06:45")]),
        ("europe", "2026-07-15T12:00", [(NIGHT, "Thu 16 04:25", "Thu 16 05:45")]),
        ("asia", "2026-01-14T12:00", [(NIGHT, "Wed 14 12:15", "Wed 14 13:15"),
                                      (NIGHT, "Wed 14 20:45", "Wed 14 22:05")]),
    ],
)  # fmt: skip
def test_the_nights_of_each_region(
    region: str, since: str, expected: list[tuple[str, str, str]]
) -> None:
    rules = SupervisionRules(region=region)  # type: ignore[arg-type]
    assert shown(resets(rules, real_money=True, from_ns=ns(since), days=1)) == expected


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2026-01-16T12:00", [(WEEKEND, "Sat 17 04:00", "Sat 17 08:00"),
                              (NIGHT, "Sat 17 05:15", "Sat 17 06:45"),
                              (NIGHT, "Sun 18 05:15", "Sun 18 06:45"),
                              (LOGIN, "Sun 18 06:00", "Sun 18 07:00")]),
        # The clocks go forward on Sunday 8 March at 2:00, one hour after the login.
        ("2026-03-06T12:00", [(WEEKEND, "Sat 07 04:00", "Sat 07 08:00"),
                              (NIGHT, "Sat 07 05:15", "Sat 07 06:45"),
                              (NIGHT, "Sun 08 05:15", "Sun 08 06:45"),
                              (LOGIN, "Sun 08 06:00", "Sun 08 07:00")]),
        # They go back on Sunday 1 November at 2:00: 1:45 comes twice, and the last one counts.
        ("2026-10-30T12:00", [(WEEKEND, "Sat 31 03:00", "Sat 31 07:00"),
                              (NIGHT, "Sat 31 04:15", "Sat 31 05:45"),
                              (NIGHT, "Sun 01 04:15", "Sun 01 06:45"),
                              (LOGIN, "Sun 01 05:00", "Sun 01 06:00")]),
    ],
)  # fmt: skip
def test_the_weekends_with_the_turns_of_the_clocks(
    since: str, expected: list[tuple[str, str, str]]
) -> None:
    found = resets(SupervisionRules(), real_money=True, from_ns=ns(since), days=2)
    assert shown(found) == expected
    assert [one.name for one in found if one.needs_person] == [LOGIN]


def test_paper_accounts_are_served_from_america_and_need_no_weekly_login() -> None:
    rules = SupervisionRules(region="asia")
    found = resets(rules, real_money=False, from_ns=ns("2026-01-17T12:00"), days=1)
    assert shown(found) == [(NIGHT, "Sun 18 05:15", "Sun 18 06:45")]


def test_the_gateways_own_restart_is_by_the_clock_of_new_york() -> None:
    rules = SupervisionRules(restart_at="23:45")
    winter = resets(rules, real_money=False, from_ns=ns("2026-01-14T12:00"), days=1)
    assert shown(winter)[0] == (RESTART, "Thu 15 04:45", "Thu 15 04:55")
    summer = resets(rules, real_money=False, from_ns=ns("2026-07-15T12:00"), days=1)
    assert shown(summer)[0] == (RESTART, "Thu 16 03:45", "Thu 16 03:55")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"restart_at": "11:59 PM"}, "supervision.restart_at = '11:59 PM': write it as HH:MM"),
        ({"restart_at": "24:00"}, "supervision.restart_at"),
        ({"quiet_s": -1.0}, "supervision.quiet_s = -1.0"),
        ({"warn_min": float("nan")}, "supervision.warn_min"),
        ({"loop_warn_ms": 2_000.0}, "supervision.loop_warn_ms = 2000"),
        ({"skew_warn_s": 0.0}, "supervision.skew_warn_s = 0"),
    ],
)
def test_rules_that_make_no_sense_are_refused_by_name(rules: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SupervisionRules(**rules)  # type: ignore[arg-type]
    assert words in str(caught.value)
