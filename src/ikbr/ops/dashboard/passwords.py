"""The password file: who may use the dashboard, as what, and the hashes of their passwords.

Source: RFC 9106, "Argon2": argon2id with the memory and passes that argon2-cffi takes by default.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Literal

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from ikbr.domain.errors import ConfigError, UsageError

Role = Literal["reader", "trader"]

SHORTEST = 12
LONGEST = 1_000
_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")


class Account(msgspec.Struct, frozen=True):
    """Let somebody in.

    Attributes:
        role: "reader" sees, "trader" acts.
        hash: Of the password, as argon2 writes it.
    """

    role: Role
    hash: str


class Passwords:
    """Check passwords against a file."""

    def __init__(self, accounts: dict[str, Account], hasher: PasswordHasher | None = None) -> None:
        """Take the accounts.

        Args:
            accounts: By name.
            hasher: Hashes and compares; one with argon2-cffi's parameters by default.
        """
        self.accounts = accounts
        self._hasher = hasher or PasswordHasher()
        # Names that are not there take as long as those that are.
        self._nobody = self._hasher.hash(os.urandom(16).hex())

    def role_of(self, user: str, password: str) -> Role | None:
        """Give the role of somebody who knows the password; None for everybody else."""
        account = self.accounts.get(user)
        known = account.hash if account is not None else self._nobody
        try:
            self._hasher.verify(known, password[: LONGEST + 1])
        except (Argon2Error, InvalidHashError):
            return None
        return account.role if account is not None else None


def read_passwords(path: Path, hasher: PasswordHasher | None = None) -> Passwords:
    """Read a password file.

    Args:
        path: The file.
        hasher: See `Passwords`.

    Raises:
        ConfigError: When it cannot be read, others may read it, or it names nobody.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        accounts = _read(path)
    except OSError as error:
        raise ConfigError(
            f"password file '{path}' cannot be read ({error.strerror}); make it with "
            "`ikbr dashboard set-password`."
        ) from None
    if mode & 0o077:
        raise ConfigError(f"password file '{path}' may be read by others; chmod 600 it.")
    if not accounts:
        raise ConfigError(
            f"password file '{path}' names nobody; use `ikbr dashboard set-password`."
        )
    return Passwords(accounts, hasher)


def set_password(
    path: Path, user: str, role: Role, password: str, hasher: PasswordHasher | None = None
) -> None:
    """Write an account into a password file, which is made if it is not there.

    Raises:
        UsageError: When the name or the password will not do.
        ConfigError: When the file cannot be understood.
    """
    if not _NAME.fullmatch(user):
        raise UsageError(f"user {user!r} cannot be; use up to 32 letters, digits, '.', '_', '-'.")
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"the password must have {SHORTEST} characters or more; choose another.")
    accounts = _read(path) if path.exists() else {}
    accounts[user] = Account(role, (hasher or PasswordHasher()).hash(password))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(accounts)) + b"\n")
        os.replace(temporary, path)
    except OSError as error:
        raise UsageError(
            f"password file '{path}' cannot be written ({error.strerror}); name another."
        ) from None


def _read(path: Path) -> dict[str, Account]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Account])
    except (msgspec.MsgspecError, UnicodeError) as error:
        # What stands there may be secret: the file's words are not repeated.
        raise ConfigError(
            f"password file '{path}' is damaged ({type(error).__name__}); make it anew with "
            "`ikbr dashboard set-password`."
        ) from None
