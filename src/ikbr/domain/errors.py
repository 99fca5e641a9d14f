"""The one tree of errors.

Every error a person can meet is an `IkbrError`: one readable sentence that names the field,
the value and the remedy. `exit_code` is what the command line returns for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class IkbrError(Exception):
    """Tell a person what went wrong and what to do about it."""

    exit_code = 1


class UsageError(IkbrError):
    """Report input that cannot be used; nothing was changed."""

    exit_code = 2


class ConfigError(UsageError):
    """Report a setting that is unknown, of the wrong type or out of range."""


class ContractError(UsageError):
    """Report a contract that cannot be parsed or is not known."""


class DataError(UsageError):
    """Report market data that is missing, broken or inconsistent."""


class StrategyError(UsageError):
    """Report a strategy that cannot be found, loaded or parameterised."""


class StateError(UsageError):
    """Report a saved state that is damaged, foreign or does not fit what it is used with."""


class OrderError(UsageError):
    """Report an order request that makes no sense (before risk is even asked)."""


class FeeTableError(UsageError):
    """Report a date for which no fee table exists."""


class JournalError(IkbrError):
    """Report a journal that is broken or was tampered with."""


class NotDurableError(JournalError):
    """Report an intent that cannot be made durable: its order must not be sent."""


class BrokerError(IkbrError):
    """Report what the gateway refused, failed to do or did not answer."""


class ProtocolError(IkbrError):
    """Report bytes that do not speak the protocol they should; their sender is dropped."""


class BusError(IkbrError):
    """Report misuse or overflow of the event bus."""


class InvariantError(IkbrError):
    """Report a broken promise inside ikbr; always a bug."""


class TransitionError(InvariantError):
    """Report an order event that the lifecycle table does not allow."""


def nearest(value: str, choices: Iterable[str], limit: int = 12) -> str:
    """Suggest what a mistyped name was meant to be.

    Args:
        value: What the person wrote.
        choices: What would have been valid.
        limit: How many choices to list when none is near.

    Returns:
        A clause to append to an error message.

    >>> nearest("momentun", ["momentum", "pairs"])
    "did you mean 'momentum'?"
    >>> nearest("zzz", ["momentum", "pairs"])
    'choose from: momentum, pairs'
    >>> nearest("zzz", [])
    'there is nothing to choose from'
    """
    names = sorted({str(choice) for choice in choices})
    if not names:
        return "there is nothing to choose from"
    folded = {name.casefold(): name for name in names}
    close = get_close_matches(value.casefold(), folded, n=1)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    shown = ", ".join(names[:limit])
    return f"choose from: {shown}" + (", …" if len(names) > limit else "")
