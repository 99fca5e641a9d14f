"""The transport: how a message reaches a target, and how a failure is told without secrets."""

from __future__ import annotations

import logging
import re
import threading
import urllib.error
import urllib.request
from urllib.parse import unquote, urlsplit

from ikbr.domain.errors import ConfigError
from ikbr.ops.alerts.note import Message

PING_S = 10.0
"""How long the heartbeat's address may take to answer."""
SHORTEST_SECRET = 4
"""Shorter parts of an address are ports, numbers of retries and the like."""

_PARTS = re.compile(r"[/:@?&=#,+\s]+")


class _Heard(logging.Handler):
    """Hear what Apprise says in this thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.words.append(record.getMessage())


def scheme_of(url: str) -> str:
    """Name the kind of an address, which is all of it that may be shown.

    >>> scheme_of("tgram://123:abc/456")
    'tgram'
    """
    return url.partition("://")[0] if "://" in url else "?"


def redacted(words: str, url: str) -> str:
    """Take everything out of a text that stands in an address.

    >>> redacted("cannot reach hooks.example.org/T0SECRET", "slack://T0SECRET/hooks.example.org")
    'cannot reach …/…'
    """
    rest = url.partition("://")[2] or url
    pieces = _PARTS.split(rest)
    parts = {rest, *pieces, *map(unquote, pieces), *_PARTS.split(unquote(rest))}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= SHORTEST_SECRET:
            words = words.replace(part, "…")
    return words


def check_target(name: str, url: str) -> None:
    """Refuse an address that Apprise does not know.

    Raises:
        ConfigError: Without the address, which is a secret.
    """
    from apprise import Apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    if not Apprise().add(url):
        raise ConfigError(
            f"the address of {name!r} ({scheme_of(url)}://…) is none that Apprise knows; see "
            "docs/alerts.md for how Telegram, Slack, mail, ntfy and webhooks are written."
        )


def check_heartbeat(url: str) -> None:
    """Refuse an address that is not on the web.

    Raises:
        ConfigError: Without the address, which is a secret.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError("the address of 'heartbeat' must begin with http:// or https://.")


def send(url: str, message: Message) -> str:
    """Send a message to a target, and wait for what becomes of it.

    Args:
        url: In Apprise's form.
        message: What to say.

    Returns:
        "" when it was delivered; else why not, without secrets.
    """
    from apprise import Apprise, NotifyFormat, NotifyType

    kinds = {
        "over": NotifyType.SUCCESS,
        "info": NotifyType.INFO,
        "warning": NotifyType.WARNING,
        "critical": NotifyType.FAILURE,
    }
    logger, heard = logging.getLogger("apprise"), _Heard()
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logger.addHandler(heard)
    try:
        target = Apprise()
        if not target.add(url):
            return f"{scheme_of(url)}://… is no address that Apprise knows"
        delivered = target.notify(
            body=message.body,
            title=message.title,
            notify_type=kinds[message.severity],
            body_format=NotifyFormat.TEXT,
        )
    except Exception as error:  # noqa: BLE001 - a service's plugin may raise anything
        return redacted(f"{type(error).__name__}: {error}", url)
    finally:
        logger.removeHandler(heard)
    if delivered:
        return ""
    return redacted("; ".join(heard.words) or "it was not delivered", url)


def ping(url: str) -> str:
    """Ask the heartbeat's address.

    Returns:
        "" when it answered well; else why not, without secrets.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "ikbr"})
    try:
        with urllib.request.urlopen(request, timeout=PING_S) as answer:
            answer.read(1)
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answers with {error.code}"
    except (OSError, ValueError) as error:
        return redacted(str(getattr(error, "reason", "") or error), url)
    return ""
