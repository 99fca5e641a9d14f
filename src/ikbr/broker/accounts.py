"""Accounts: which one is traded, and whether it is of the kind that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ikbr.domain.errors import ConfigError, nearest

Mode = Literal["paper", "live", "data"]
"""What is meant: paper money, real money, or no trading at all."""

PAPER_PREFIX = "D"
"""Source: IBKR, "Paper trading": the account numbers of paper accounts begin with DU (DF and DI
for advisors and institutions), those of real ones with U, F or I."""


class WrongAccountError(ConfigError):
    """Report an account of the other kind than was asked for.

    Attributes:
        account: Which.
    """

    def __init__(self, account: str, words: str) -> None:
        """Name the account."""
        super().__init__(words)
        self.account = account


def choose_account(mode: Mode, wanted: str, accounts: Sequence[str]) -> str:
    """Choose the account to trade in, and make sure that it is of the right kind.

    Args:
        mode: Whether real money is meant; for data alone any account will do.
        wanted: The account from the settings; "" for the only one there is.
        accounts: Those that the gateway serves.

    Raises:
        ConfigError: When there is no such account.
        WrongAccountError: When it is of the other kind.

    >>> choose_account("paper", "", ["DU1000001"])
    'DU1000001'
    """
    if mode == "data" and not wanted:
        return accounts[0] if accounts else ""
    if not wanted and len(accounts) > 1:
        raise ConfigError(
            f"account is not set, and the gateway serves {', '.join(accounts)}; name one."
        )
    if wanted and wanted not in accounts:
        raise ConfigError(f"account = {wanted!r}: {nearest(wanted, accounts)}.")
    if not accounts:
        raise ConfigError("the gateway serves no account; log in to it.")
    account = wanted or accounts[0]
    if mode == "data":
        return account
    is_paper = account.startswith(PAPER_PREFIX)
    if is_paper != (mode == "paper"):
        kind = "a paper account" if is_paper else "an account with real money"
        raise WrongAccountError(
            account,
            f"mode = {mode!r}, but {account} is {kind}; connect to the other gateway or change "
            "the mode.",
        )
    return account
