"""What every target shares: which errors may come of bytes that nobody meant."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from ikbr.domain.errors import IkbrError, InvariantError

T = TypeVar("T")


def accepted(action: Callable[[], T]) -> T | None:
    """Try something; give what came of it, or None where it was refused as it should be.

    Any error but one of the project's own tree gets out, and so does a broken promise inside.
    """
    try:
        return action()
    except InvariantError:
        raise
    except IkbrError as error:
        if not str(error):
            raise AssertionError("a refusal without words") from error
        return None


def check_plain(value: Any, where: str = "") -> None:
    """Look through what was accepted for numbers that are none."""
    if isinstance(value, float):
        assert math.isfinite(value), f"{where} = {value}"
    elif isinstance(value, dict):
        for name, one in value.items():
            check_plain(one, f"{where}.{name}")
    elif isinstance(value, list | tuple):
        for one in value:
            check_plain(one, where)
