from typing import Any

import pytest
from tests.unit.gateway.rig import quote, source_of

from ikbr.domain.errors import ConfigError, DataError
from ikbr.gateway.options import ACCOUNTS, GatewayOptions
from ikbr.gateway.world import World


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"accounts": {}}, "is empty"),
        ({"accounts": {"DU-1": 5.0}}, "letters and digits"),
        ({"accounts": {"DU1": -1.0}}, "give 0 or more"),
        ({"clients": 0}, "1 to 1000"),
        ({"lines": 0}, "1 to 100000"),
        ({"server_version": 175}, "176, 177 and 178"),
        ({"request_rate": -1}, "0 or more"),
        ({"delay_s": -1}, "0 or more"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        GatewayOptions(**options)


def test_the_usual_account_is_a_paper_account() -> None:
    assert GatewayOptions().accounts == ACCOUNTS
    assert all(name.startswith("DU") for name in ACCOUNTS)


def test_a_tape_without_rows_is_no_market() -> None:
    with pytest.raises(DataError, match="no rows"):
        World(source_of([]))


def test_a_currency_needs_its_rate() -> None:
    pair = source_of([quote(1, 0.85, 0.86)], ["EUR.GBP"])
    with pytest.raises(ConfigError, match="GBP"):
        World(pair)
    World(pair, GatewayOptions(fx={"GBP": 1.3}))


def test_a_currency_without_a_rate_is_refused_with_the_option_that_gives_it() -> None:
    source = source_of([quote(1, 150.00, 150.01)], symbols=("USD.JPY",))
    with pytest.raises(ConfigError, match=r"USD.JPY is quoted in JPY .* as --fx JPY=RATE"):
        World(source, GatewayOptions())
    assert World(source, GatewayOptions(fx={"JPY": 0.0067})).books
