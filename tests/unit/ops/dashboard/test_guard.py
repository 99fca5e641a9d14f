"""Who may ask what: every route of the application, whoever adds one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from dash_rig import BOT, SECRET, Browser, Served, people, served
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ikbr.ops.dashboard.headers import PAGE_POLICY

FILLED = {"bot": BOT, "action": "halt", "path": "0/report.html", "name": "paper-DU1-7"}
ANYBODY = {("GET", "/login"), ("POST", "/login"), ("GET", "/static/{path:path}")}
READERS = {("POST", "/logout")}


@pytest.fixture(scope="module")
def dashboard() -> Iterator[Served]:
    with (
        tempfile.TemporaryDirectory(prefix="ikbr-") as folder,
        served(Path(folder), passwords=people()) as one,
    ):
        yield one


def routes(dashboard: Served) -> list[tuple[str, str]]:
    """List every method and path that the application has."""
    found = []
    for route in dashboard.dashboard.routes:
        if isinstance(route, WebSocketRoute):
            assert route.path == "/ws"
            continue
        assert isinstance(route, Route)
        found += [(m, route.path) for m in sorted(route.methods or ()) if m != "HEAD"]
    return found


def filled(path: str) -> str:
    for name, value in FILLED.items():
        path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
    assert "{" not in path, path
    return path


def test_every_route_is_closed_to_those_who_are_not_logged_in(dashboard: Served) -> None:
    stranger = dashboard.browser()
    found = routes(dashboard)
    assert len(found) > 10
    for method, path in found:
        status, _, headers = stranger.ask(method, filled(path))
        if (method, path) not in ANYBODY:
            assert status in (401, 403), (method, path, status)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert stranger.ask(method, "/api/me", Origin=f"http://{stranger.host}")[0] == 401
    assert stranger.ask("GET", "/nowhere")[0] == 401


def test_a_reader_may_look_and_not_act(dashboard: Served) -> None:
    reader = dashboard.browser("bob")
    posts = [path for method, path in routes(dashboard) if method == "POST"]
    assert len(posts) >= 3
    for path in posts:
        if ("POST", path) not in ANYBODY | READERS:
            status, told, _ = reader.ask("POST", filled(path), {"confirm": "halt"})
            assert (status, "bob may look" in told["error"]) == (403, True), path
    assert reader.ask("GET", "/api/me")[1]["role"] == "reader"
    assert dashboard.bots.asked == []


def test_no_post_goes_without_the_token_of_the_page(dashboard: Served) -> None:
    trader = dashboard.browser("ann")
    for method, path in routes(dashboard):
        if method == "POST" and (method, path) not in ANYBODY:
            for wrong in (None, "", "x", trader.csrf[:-1]):
                status, _, _ = trader.ask("POST", filled(path), {"confirm": "halt"}, X_CSRF=wrong)
                assert status == 403, (path, wrong)
    assert dashboard.bots.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Host": ""},
        {"Host": None},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
def test_foreign_names_and_foreign_pages_are_refused(
    dashboard: Served, headers: dict[str, str | None]
) -> None:
    trader = dashboard.browser("ann")
    sent = {n: v and v.format(port=trader.port) for n, v in headers.items()}
    for method, path in routes(dashboard):
        if method == "POST":
            status, _, _ = trader.ask("POST", filled(path), {"confirm": "halt"}, **sent)
            assert status in (400, 403), (path, status)
        elif "Host" in headers:
            assert trader.ask("GET", filled(path), **sent)[0] in (400, 403), path
    assert dashboard.bots.asked == []


def test_a_post_without_an_origin_is_refused(dashboard: Served) -> None:
    trader = dashboard.browser("ann")
    assert trader.ask("POST", "/logout", Origin=None)[0] == 403
    assert trader.ask("GET", "/api/me")[0] == 200


def test_the_websocket_is_for_our_pages_with_a_session(dashboard: Served) -> None:
    stranger, trader = dashboard.browser(), dashboard.browser("ann")
    with stranger.listen() as line, pytest.raises(ConnectionClosed) as closed:
        line.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    for wrong in ({"Origin": "http://evil.example"}, {"Origin": ""}, {"Origin": "null"}):
        with pytest.raises(InvalidStatus) as refused:
            trader.listen(**wrong)
        assert refused.value.response.status_code == 403
    with trader.listen() as line:
        assert '"role":"trader"' in str(line.recv(timeout=5))


def test_a_rebound_name_gets_no_websocket(dashboard: Served) -> None:
    from websockets.sync.client import connect

    trader = dashboard.browser("ann")
    with pytest.raises(InvalidStatus) as refused:
        connect(
            f"ws://127.0.0.1:{trader.port}/ws",
            additional_headers={"Cookie": trader.cookie, "Host": f"evil.example:{trader.port}"},
            origin=f"http://127.0.0.1:{trader.port}",  # type: ignore[arg-type]
        )
    assert refused.value.response.status_code in (400, 403)


def test_long_bodies_are_refused_whatever_their_length_is_said_to_be(dashboard: Served) -> None:
    browser = dashboard.browser()
    long = b'{"user": "' + b"x" * 20_000 + b'"}'
    assert browser.ask("POST", "/login", long)[0] == 413
    assert browser.ask("POST", "/login", b"{}", Content_Length="-5")[0] in (400, 413)
    chunked = b"".join(b"%x\r\n%b\r\n" % (1000, long[i : i + 1000].ljust(1000, b" ")) for i in
                       range(0, len(long), 1000)) + b"0\r\n\r\n"  # fmt: skip
    assert browser.ask("POST", "/login", chunked, Transfer_Encoding="chunked")[0] == 413


def test_pages_may_load_nothing_from_elsewhere(dashboard: Served) -> None:
    trader = dashboard.browser("ann")
    status, content, headers = trader.ask("GET", "/")
    assert (status, headers["Content-Security-Policy"]) == (200, PAGE_POLICY)
    assert headers["X-Frame-Options"] == "DENY"
    assert "unsafe" not in PAGE_POLICY
    assert b"<html" in content
    status, _, headers = trader.ask("GET", "/static/js/main.js")
    assert status == 200
    assert headers["Content-Type"].startswith("text/javascript")
    for path in ("/static/../guard.py", "/static/%2e%2e/guard.py", "/static/index.html",
                 "/static//etc/passwd", "/static/js/..%2f..%2fguard.py"):  # fmt: skip
        assert trader.ask("GET", path)[0] == 404, path


def test_a_person_without_a_session_sees_the_login_page(dashboard: Served) -> None:
    status, content, _ = dashboard.browser().ask("GET", "/", Accept="text/html,*/*")
    assert status == 401
    assert b'id="login"' in content


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(dashboard: Served) -> None:
    browser = dashboard.browser()
    proof = {"user": "ann", "password": SECRET}
    cookie = browser.ask("POST", "/login", proof)[2]["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert "secure" not in cookie  # plain HTTP on this machine
    assert cookie.startswith(f"ikbr-{browser.port}=")


def test_no_secret_is_in_any_answer_or_line_of_the_log(
    dashboard: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    browser = dashboard.browser()
    told = [
        browser.ask("POST", "/login", body)[1]
        for body in (
            {"user": "ann", "password": SECRET + "!"},
            {"user": "ann", "password": SECRET, "more": SECRET},
            {"user": SECRET, "password": ["x", SECRET]},
            {"user": SECRET, "password": "in the wrong field"},
            f'{{"user": "{SECRET}'.encode(),
        )
    ]
    trader = dashboard.browser("ann")
    cookie = trader.cookie.partition("=")[2]
    for method, path in routes(dashboard):
        body = {"confirm": SECRET, "reason": cookie} if method == "POST" else None
        if path not in {"/login", "/logout", "/api/me"}:
            told.append(trader.ask(method, filled(path), body, Referer=SECRET)[1])
    with trader.listen() as line:
        told += [str(line.recv(timeout=5)) for _ in range(2)]
    everything = f"{told}{caplog.text}"
    assert "refused to log in: an unknown user" in caplog.text
    for secret in (SECRET, cookie, trader.csrf, "$argon2"):
        assert secret not in everything


def test_a_session_ends_by_itself_and_by_logging_out(dashboard: Served) -> None:
    browser: Browser = dashboard.browser("ann")
    with browser.listen() as line:
        line.recv(timeout=5)
        assert browser.ask("POST", "/logout")[0] == 200
        with suppress(ConnectionClosed):
            for _ in line:
                pass
        assert line.close_code == 4401
    assert browser.ask("GET", "/api/me")[0] == 401
    again = dashboard.browser("ann")
    dashboard.clock[0] += 12 * 3_600 + 1
    assert again.ask("GET", "/api/me")[0] == 401
