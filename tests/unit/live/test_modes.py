"""The table of what is refused: mode, TRADING_MODE, port, account."""

from __future__ import annotations

import pytest

from ikbr.domain.errors import ConfigError
from ikbr.live.modes import Meant, check_account, check_before

ALLOWED = [
    ("paper", "paper", 4002, "DU1234567"),
    ("paper", "both", 4102, "DU1234567"),
    ("paper", "paper", 5000, "DF7654321"),
    ("live", "paper", 4002, "DU1234567"),
    ("live", "both", 4002, "DU1234567"),
    ("live", "live", 4001, "U1234567"),
    ("live", "live", 4101, "F1234567"),
]

REFUSED = [
    ("paper", "live", 4002, "DU1234567"),
    ("paper", "live", 4001, "U1234567"),
    ("paper", "paper", 4001, "DU1234567"),
    ("paper", "paper", 4101, "DU1234567"),
    ("paper", "paper", 7496, "DU1234567"),
    ("paper", "paper", 4002, "U1234567"),
    ("live", "paper", 4001, "DU1234567"),
    ("live", "paper", 4002, "U1234567"),
    ("live", "both", 4002, "U1234567"),
    ("live", "live", 4002, "U1234567"),
    ("live", "live", 4102, "U1234567"),
    ("live", "live", 4001, "DU1234567"),
]


@pytest.mark.parametrize(("mode", "trading_mode", "port", "account"), ALLOWED)
def test_what_agrees_is_allowed(mode: str, trading_mode: str, port: int, account: str) -> None:
    meant = Meant(mode, trading_mode, port)
    check_before(meant)
    check_account(meant, account)
    assert meant.real_money is (trading_mode == "live")


@pytest.mark.parametrize(("mode", "trading_mode", "port", "account"), REFUSED)
def test_what_disagrees_is_refused_with_the_four_values(
    mode: str, trading_mode: str, port: int, account: str
) -> None:
    meant = Meant(mode, trading_mode, port)

    def check() -> None:
        check_before(meant)
        check_account(meant, account)

    with pytest.raises(ConfigError) as refused:
        check()
    for value in (f"mode {mode}", f"TRADING_MODE {trading_mode}", f"port {port}", "account "):
        assert value in str(refused.value)
