"""The headers of every answer: what a browser may do with it, which is as little as possible.

Source: W3C, "Content Security Policy Level 3"; OWASP, "HTTP Headers Cheat Sheet".
"""

from __future__ import annotations

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""A report is a file that anybody may have written: it runs in no origin and reaches nothing."""

POLICY = b"content-security-policy"

COMMON = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cache-control", b"no-store"),
)
HSTS = (b"strict-transport-security", b"max-age=31536000")

Header = tuple[bytes, bytes]


def with_headers(given: list[Header], *, tls: bool) -> list[Header]:
    """Add to the headers of an answer those that every answer has.

    Args:
        given: What the answer says itself; it wins.
        tls: Whether it goes over TLS.
    """
    present = {name.lower() for name, _ in given}
    wanted = [*COMMON, *([HSTS] if tls else [])]
    if POLICY not in present:
        wanted += [(POLICY, PAGE_POLICY.encode()), (b"x-frame-options", b"DENY")]
    return [*given, *(one for one in wanted if one[0] not in present)]
