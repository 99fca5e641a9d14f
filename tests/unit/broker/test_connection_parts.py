"""The small parts of a connection: waits, accounts, farms."""

from __future__ import annotations

from typing import Any

import pytest

from ikbr.broker.accounts import choose_account
from ikbr.broker.backoff import Backoff
from ikbr.broker.error_codes import CODES, Topic
from ikbr.broker.farms import FARM_CODES, LIMIT, Farms, FarmState
from ikbr.domain.errors import ConfigError


@pytest.mark.parametrize(("draw", "waits"), [(0.0, [0.5, 1, 2, 3]), (0.5, [0.75, 1.5, 3, 4.5])])
def test_waits_grow_to_a_limit_and_are_spread_below_it(draw: float, waits: list[float]) -> None:
    backoff = Backoff(1.0, 6.0, lambda: draw)
    assert [backoff.next_s() for _ in range(4)] == waits


@pytest.mark.parametrize(
    ("mode", "wanted", "accounts", "chosen"),
    [
        ("paper", "", ["DU1"], "DU1"),
        ("paper", "DU2", ["DU1", "DU2"], "DU2"),
        ("paper", "", ["DF7"], "DF7"),
        ("live", "", ["U1"], "U1"),
        ("data", "", ["U1", "DU1"], "U1"),
        ("data", "DU1", ["U1", "DU1"], "DU1"),
        ("data", "", [], ""),
        ("live", "U2", ["DU1", "U2"], "U2"),
    ],
)
def test_the_account_that_is_meant_is_chosen(
    mode: Any, wanted: str, accounts: list[str], chosen: str
) -> None:
    assert choose_account(mode, wanted, accounts) == chosen


@pytest.mark.parametrize(
    ("mode", "wanted", "accounts", "words"),
    [
        ("paper", "", ["U1"], "U1 is an account with real money"),
        ("live", "", ["DU1"], "DU1 is a paper account"),
        ("live", "DU1", ["DU1", "U2"], "DU1 is a paper account"),
        ("paper", "", ["DU1", "DU2"], "name one"),
        ("paper", "DU3", ["DU1", "DU2"], "account = 'DU3'"),
        ("paper", "", [], "serves no account"),
    ],
)
def test_a_wrong_account_is_refused(
    mode: Any, wanted: str, accounts: list[str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        choose_account(mode, wanted, accounts)


def test_farms_are_kept_by_name() -> None:
    farms = Farms()
    for code, text in [
        (2104, "Market data farm connection is OK:usfarm"),
        (2105, "HMDS data farm connection is broken:ushmds"),
        (2108, "Market data farm connection is inactive:cashfarm"),
        (2119, "Market data farm is connecting:eufarm"),
    ]:
        assert farms.on_code(code, text)
    assert farms.lost == ["ushmds", "eufarm"]
    assert farms.states["cashfarm"] is FarmState.ASLEEP
    assert not farms.on_code(201, "no margin")


def test_farms_without_end_are_not_kept() -> None:
    farms = Farms()
    for number in range(LIMIT + 5):
        farms.on_code(2104, f"OK:{number}")
    farms.on_code(2103, "broken:0")
    assert len(farms.states) == LIMIT
    assert farms.lost == ["0"]


def test_farm_codes_are_those_of_the_table() -> None:
    assert set(FARM_CODES) == {code for code, row in CODES.items() if row.topic is Topic.FARM}
