"""Over TLS: the cookie is for it alone, and browsers are told to stay with it."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path

from dash_rig import SECRET, people, served


def test_a_session_over_tls_has_a_cookie_of_its_own(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = certificate
    trust = ssl.create_default_context(cafile=str(cert))
    with served(tmp_path / "j", passwords=people(), tls_cert=cert, tls_key=key) as dashboard:
        port = dashboard.options.port
        host = f"127.0.0.1:{port}"

        def log_in(origin: str) -> http.client.HTTPResponse:
            line = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=trust)
            headers = {"Origin": origin, "Content-Type": "application/json"}
            body = json.dumps({"user": "ann", "password": SECRET})
            line.request("POST", "/login", body, headers)
            answer = line.getresponse()
            answer.read()
            line.close()
            return answer

        answer = log_in(f"https://{host}")
        assert answer.status == 200
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(f"__Host-ikbr-{port}=")
        assert "; Secure" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
        assert answer.headers["Strict-Transport-Security"]
        assert log_in(f"http://{host}").status == 403
