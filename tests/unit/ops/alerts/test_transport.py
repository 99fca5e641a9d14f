"""What can be told of a failure holds no secret, and an address is checked before."""

from __future__ import annotations

import pytest

from ikbr.domain.errors import ConfigError
from ikbr.ops.alerts.note import Message
from ikbr.ops.alerts.transport import check_heartbeat, check_target, ping, redacted, send

MESSAGE = Message("title", "body", "info", 1)


@pytest.mark.parametrize(
    "url",
    [
        "tgram://123456789:abcdefg_hijklmnop/12315544/",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alerts",
        "mailtos://user:pass@gmail.com",
        "ntfys://ntfy.sh/my-topic",
        "jsons://hooks.example.org/path?+X-Token=abc",
    ],
)
def test_the_usual_targets_are_known(url: str) -> None:
    check_target("phone", url)


@pytest.mark.parametrize("url", ["nonsense://SECRET", "tgram://SECRET"])
def test_an_address_that_apprise_does_not_know_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError, match="'phone'") as caught:
        check_target("phone", url)
    assert "SECRET" not in str(caught.value)
    assert "SECRET" not in send(url, MESSAGE)
    assert send(url, MESSAGE)


@pytest.mark.parametrize("url", ["ftp://SECRET", "https://", "nonsense://SECRET"])
def test_a_heartbeat_is_an_address_on_the_web(url: str) -> None:
    with pytest.raises(ConfigError, match="http") as caught:
        check_heartbeat(url)
    assert "SECRET" not in str(caught.value)


def test_a_refused_connection_is_told_without_the_address() -> None:
    # Port 1 of this machine: nobody listens.
    for failure in (
        send("json://user:PASSWORD@127.0.0.1:1/TOKEN", MESSAGE),
        ping("http://127.0.0.1:1/TOKEN"),
    ):
        assert failure
        assert "TOKEN" not in failure
        assert "PASSWORD" not in failure


def test_parts_of_an_address_are_taken_out_written_either_way() -> None:
    url = "json://me:p%40ssword@host.example/tok%20en"
    said = "host.example: p@ssword and p%40ssword, tok%20en is tok en; me"
    assert redacted(said, url) == "…: … and …, … is …; me"
