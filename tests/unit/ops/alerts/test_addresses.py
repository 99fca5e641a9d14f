"""Addresses come from the environment or their file, and are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from ikbr.domain.alerts import AlertRoute, AlertRules
from ikbr.domain.errors import ConfigError
from ikbr.ops.alerts.addresses import read_addresses, routes_of

SECRET = "tgram://12345:SECRET/678"


def rules(folder: Path, text: str = "", **to: AlertRoute) -> AlertRules:
    path = folder / "alerts.toml"
    if text:
        path.write_text(text, encoding="utf-8")
    return AlertRules(secrets_file=str(path), to=to)


def test_an_address_comes_from_the_file_or_the_environment_which_is_stronger(
    tmp_path: Path,
) -> None:
    (tmp_path / "hook").write_text("json://hook\n", encoding="utf-8")
    given = rules(tmp_path, f'phone = "{SECRET}"\nmail = "mailto://a"\nheartbeat = "https://h"\n')
    variables = {
        "IKBR_ALERT_MAIL": "mailto://b",
        "IKBR_ALERT_MAIL_FILE": str(tmp_path / "hook"),
        "IKBR_ALERT_HOOK_FILE": str(tmp_path / "hook"),
        "IKBR_ALERT_EMPTY": "",
        "HOME": "/",
    }
    found = read_addresses(given, variables)
    assert {name: one.url for name, one in found.items()} == {
        "phone": SECRET,
        "mail": "mailto://b",
        "heartbeat": "https://h",
        "hook": "json://hook",
    }
    assert SECRET not in repr(found)
    assert set(routes_of(given, found)) == {"phone", "mail", "hook"}


def test_without_file_and_environment_nobody_is_told(tmp_path: Path) -> None:
    assert read_addresses(rules(tmp_path), {}) == {}


@pytest.mark.parametrize(
    ("text", "variables", "said"),
    [
        ("", {}, "alerts.to.phone has no address; put phone"),
        (f"phone = {SECRET}", {}, "is no TOML"),
        ("phone = 5", {}, "phone must be an address"),
        ("phone = 'SECRET'", {}, "phone must be an address"),
        (f"Phone = '{SECRET}'", {}, "the target 'Phone' must be called"),
        ("", {"IKBR_ALERT_PHONE": "SECRET"}, "IKBR_ALERT_PHONE: phone must be an address"),
        ("", {"IKBR_ALERT_PHONE_FILE": "nowhere"}, "'nowhere' cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_without_showing_it(
    tmp_path: Path, text: str, variables: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        read_addresses(rules(tmp_path, text, phone=AlertRoute()), variables)
    assert "SECRET" not in str(caught.value)
