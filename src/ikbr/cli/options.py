"""What people write after options, as values."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ikbr.domain.errors import UsageError

_NEXT_PAIR = re.compile(r",(?=\s*[\w.-]+\s*=)")
"""A comma before NAME=; other commas belong to a value."""


def pairs(texts: Iterable[str], option: str, example: str) -> dict[str, str]:
    """Read `NAME=VALUE`, several in one text separated by commas.

    Args:
        texts: What was given, option by option.
        option: For the message.
        example: A right one, for the message.

    Raises:
        UsageError: When one is no pair, or a name comes twice.

    >>> pairs(["lookback=20,threshold=0.001", "days=1,2"], "--param", "lookback=20")
    {'lookback': '20', 'threshold': '0.001', 'days': '1,2'}
    """
    found: dict[str, str] = {}
    for text in texts:
        for part in _NEXT_PAIR.split(text):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            if not (name and equals and value):
                raise UsageError(f"{option} {part!r}: write it as NAME=VALUE, as {example}.")
            if name in found:
                raise UsageError(f"{option} {name} is given twice; give it once.")
            found[name] = value
    return found


def rates(texts: Iterable[str]) -> dict[str, float]:
    """Read exchange rates.

    Raises:
        UsageError: When one is no number.

    >>> rates(["EUR=1.1,gbp=1.3"])
    {'EUR': 1.1, 'GBP': 1.3}
    """
    found = {}
    for name, value in pairs(texts, "--fx", "EUR=1.1").items():
        try:
            found[name.upper()] = float(value)
        except ValueError:
            raise UsageError(f"--fx {name}={value}: the rate is no number, as EUR=1.1.") from None
    return found


def listed(text: str) -> list[str]:
    """Split at commas.

    >>> listed("SPY, BAC,")
    ['SPY', 'BAC']
    """
    return [one.strip() for one in text.split(",") if one.strip()]
