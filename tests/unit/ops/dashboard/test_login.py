"""Coming in: passwords, the link that works once, and those who guess."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from dash_rig import QUICK, SECRET, people, served

from ikbr.domain.errors import ConfigError, IkbrError, UsageError
from ikbr.ops.dashboard.lockout import FIRST_S, FREE, LONGEST_S, MOST, Lockout, Rate
from ikbr.ops.dashboard.options import DashboardOptions
from ikbr.ops.dashboard.passwords import read_passwords, set_password


def test_who_knows_a_password_comes_in_and_nobody_else(tmp_path: Path) -> None:
    with served(tmp_path, passwords=people()) as dashboard:
        browser = dashboard.browser()
        for user, password in (("ann", "wrong"), ("ann", ""), ("eve", SECRET), ("", "")):
            status, told, headers = browser.ask(
                "POST", "/login", {"user": user, "password": password}
            )
            assert (status, told["error"]) == (401, "user or password is wrong.")
            assert "Set-Cookie" not in headers
        assert browser.log_in("ann") == 200
        assert browser.log_in("", "", token="x") == 401


def test_who_guesses_has_to_wait_even_with_the_right_password(tmp_path: Path) -> None:
    with served(tmp_path, passwords=people()) as dashboard:
        browser = dashboard.browser()
        for _ in range(FREE):
            assert browser.log_in("ann", "wrong") == 401
        assert browser.log_in("ann") == 429
        dashboard.clock[0] += FIRST_S + 1
        assert browser.log_in("ann") == 200


def test_the_link_works_once_and_not_for_ever(tmp_path: Path) -> None:
    with served(tmp_path) as dashboard:
        link = dashboard.dashboard.sessions.new_link()
        browser = dashboard.browser()
        assert browser.log_in(token=link + "x") == 401
        assert browser.log_in(token=link) == 200
        assert browser.ask("GET", "/api/me")[1]["role"] == "trader"
        assert dashboard.browser().log_in(token=link) == 401
        late = dashboard.dashboard.sessions.new_link()
        dashboard.clock[0] += 3_601
        assert dashboard.browser().log_in(token=late) == 401


def test_a_dashboard_that_is_read_only_makes_everybody_a_reader(tmp_path: Path) -> None:
    with served(tmp_path, passwords=people(), read_only=True) as dashboard:
        assert dashboard.browser("ann").ask("GET", "/api/me")[1]["role"] == "reader"


def test_waits_double_and_are_bounded_and_forgotten() -> None:
    now = [0.0]
    lockout = Lockout(lambda: now[0])
    for count in range(1, 40):
        lockout.failed(["user ann"])
        expected = 0.0 if count < FREE else min(LONGEST_S, FIRST_S * 2 ** (count - FREE))
        assert lockout.wait_s(["user ann", "address x"]) == expected
    now[0] += LONGEST_S
    assert lockout.wait_s(["user ann"]) == 0
    lockout.succeeded(["user ann"])
    lockout.failed(["user ann"])
    assert lockout.wait_s(["user ann"]) == 0
    for number in range(MOST + 50):
        lockout.failed([f"user {number}"])
    assert len(lockout._failures) == MOST


def test_a_rate_allows_some_at_once_and_then_so_many_a_second() -> None:
    now = [0.0]
    rate = Rate(2.0, 3, lambda: now[0])
    assert [rate.take() for _ in range(4)] == [True, True, True, False]
    now[0] += 1.0
    assert [rate.take() for _ in range(3)] == [True, True, False]


def test_a_password_file_is_its_owners_alone_and_holds_hashes(tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    set_password(file, "ann", "trader", SECRET, QUICK)
    set_password(file, "bob", "reader", SECRET + "2", QUICK)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text(encoding="utf-8")
    assert SECRET not in text
    assert text.count("$argon2id$") == 2
    found = read_passwords(file, QUICK)
    assert found.role_of("ann", SECRET) == "trader"
    assert found.role_of("bob", SECRET + "2") == "reader"
    assert found.role_of("bob", SECRET) is None
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="may be read by others"):
        read_passwords(file)


@pytest.mark.parametrize(
    ("user", "password", "words"),
    [
        ("ann", "short", "12 characters"),
        ("ann", "x" * 1_001, "12 characters"),
        ("a nn", SECRET, "cannot be"),
        ("", SECRET, "cannot be"),
    ],
)
def test_a_weak_password_is_refused(tmp_path: Path, user: str, password: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        set_password(tmp_path / "people.json", user, "reader", password)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_password_file_is_told_without_its_words(tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    file.touch(0o600)
    for content in ("{", '{"ann": {"role": "king", "hash": "hunter2"}}', "[]"):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(IkbrError, match="is damaged") as refused:
            read_passwords(file)
        assert "hunter2" not in str(refused.value)
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="names nobody"):
        read_passwords(file)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "0.0.0.0"}, "needs --tls-cert, --tls-key"),
        ({"host": "192.168.1.5"}, "needs --tls-cert, --tls-key"),
        ({"host": "::"}, "needs --tls-cert, --tls-key"),
        ({"host": "example.com"}, "needs --tls-cert, --tls-key"),
        ({"host": "0.0.0.0", "password_file": Path(__file__)}, "needs --tls-cert"),
        ({"tls_cert": Path(__file__)}, "belong together"),
        ({"password_file": Path("nowhere.json")}, "is not there"),
        ({"port": 70_000}, "cannot be"),
    ],
)  # fmt: skip
def test_what_would_be_open_to_others_is_not_served(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        DashboardOptions(**options).check()  # type: ignore[arg-type]


def test_this_machine_needs_nothing_and_others_need_both() -> None:
    for host in ("127.0.0.1", "localhost", "::1", "127.0.0.9"):
        DashboardOptions(host=host).check()
    here = Path(__file__)
    DashboardOptions(host="0.0.0.0", tls_cert=here, tls_key=here, password_file=here).check()


def test_names_are_those_that_were_given() -> None:
    options = DashboardOptions(host="0.0.0.0", port=443, names=("Bot.example",),
                               tls_cert=Path("c"), tls_key=Path("k"))  # fmt: skip
    assert {"bot.example", "bot.example:443", "127.0.0.1:443"} <= options.hosts
    assert "0.0.0.0:443" not in options.hosts
    assert "https://bot.example" in options.origins
    assert not any(one.startswith("http:") for one in options.origins)
