"""Over TLS: the cookie is for it alone, and browsers are told to stay with it."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from pathlib import Path

from dash_rig import SECRET, people, served
from websockets.protocol import CLOSING

CLOSE = bytes((0x88, 0x82, 0, 0, 0, 0)) + (1000).to_bytes(2, "big")
"""The close frame of a page; a mask of zeros leaves it as it is."""


def log_in(port: int, trust: ssl.SSLContext, origin: str) -> http.client.HTTPResponse:
    """Log in over TLS."""
    line = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=trust)
    headers = {"Origin": origin, "Content-Type": "application/json"}
    line.request("POST", "/login", json.dumps({"user": "ann", "password": SECRET}), headers)
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer


def test_a_session_over_tls_has_a_cookie_of_its_own(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = certificate
    trust = ssl.create_default_context(cafile=str(cert))
    with served(tmp_path / "j", passwords=people(), tls_cert=cert, tls_key=key) as dashboard:
        port = dashboard.options.port
        host = f"127.0.0.1:{port}"
        answer = log_in(port, trust, f"https://{host}")
        assert answer.status == 200
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(f"__Host-ikbr-{port}=")
        assert "; Secure" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
        assert answer.headers["Strict-Transport-Security"]
        assert log_in(port, trust, f"http://{host}").status == 403


def test_the_server_ends_quietly_while_a_page_ends_its_socket(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = certificate
    trust = ssl.create_default_context(cafile=str(cert))
    with served(tmp_path / "j", passwords=people(), tls_cert=cert, tls_key=key) as dashboard:
        port = dashboard.options.port
        host = f"127.0.0.1:{port}"
        answer = log_in(port, trust, f"https://{host}")
        cookie = str(answer.headers["Set-Cookie"]).split(";")[0]
        page = trust.wrap_socket(
            socket.create_connection(("127.0.0.1", port), 10), server_hostname="127.0.0.1"
        )
        page.sendall(
            f"GET /ws HTTP/1.1\r\nHost: {host}\r\nOrigin: https://{host}\r\nCookie: {cookie}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert page.recv(12) == b"HTTP/1.1 101"
        page.sendall(CLOSE)  # and reads no more: that it ends is not answered either
        until = time.monotonic() + 10
        while not any(
            getattr(one, "conn", None) and one.conn.state is CLOSING  # type: ignore[union-attr]
            for one in list(dashboard.server.server_state.connections)
        ):
            assert time.monotonic() < until, "the close frame is not heard"
            time.sleep(0.005)
    page.close()
