"""Addresses: the secrets of the targets, from the environment or a file of their own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ikbr.domain.alerts import HEARTBEAT, NAME, AlertRoute, AlertRules
from ikbr.domain.errors import ConfigError

PREFIX = "IKBR_ALERT_"


class Address(msgspec.Struct, frozen=True):
    """Hold the address of a target.

    Attributes:
        url: A secret.
        origin: Where it stands.
    """

    url: str
    origin: str

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Address(…, {self.origin!r})"


def read_addresses(rules: AlertRules, variables: Mapping[str, str]) -> dict[str, Address]:
    """Read the addresses of all targets, and that of the heartbeat.

    Args:
        rules: Name the file and the targets.
        variables: The environment: `IKBR_ALERT_PHONE`, or `IKBR_ALERT_PHONE_FILE` with the path
            of a file that holds nothing else.

    Returns:
        By name. The environment is stronger than the file.

    Raises:
        ConfigError: When a file cannot be read or a target of the rules has no address.
    """
    found = _from_file(Path(rules.secrets_file))
    found |= _from_variables(variables)
    for name in rules.to:
        if name not in found:
            raise ConfigError(
                f'alerts.to.{name} has no address; put {name} = "…" into {rules.secrets_file}, '
                f"or set {PREFIX}{name.upper()}."
            )
    return found


def routes_of(rules: AlertRules, addresses: Mapping[str, Address]) -> dict[str, AlertRoute]:
    """Say what each target is told; one without rules is told what is built in."""
    names = [name for name in addresses if name != HEARTBEAT]
    return {name: rules.to.get(name, AlertRoute()) for name in names}


def _from_file(path: Path) -> dict[str, Address]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(
            f"alerts.secrets_file = '{path}' cannot be read ({error.strerror})."
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        # What the parser says may quote the line, and with it the secret.
        raise ConfigError(
            f"alerts.secrets_file = '{path}' is no TOML; write lines as phone = \"tgram://…\"."
        ) from None
    for name, url in content.items():
        _check(name, url, str(path))
    return {name: Address(url.strip(), str(path)) for name, url in content.items()}


def _from_variables(variables: Mapping[str, str]) -> dict[str, Address]:
    found = {}
    # Backwards, so that IKBR_ALERT_PHONE comes after IKBR_ALERT_PHONE_FILE, and is stronger.
    for variable in sorted(variables, reverse=True):
        given = variables[variable]
        if not variable.startswith(PREFIX) or not given:
            continue
        name = variable.removeprefix(PREFIX).lower()
        url = _content(variable, given) if name.endswith("_file") else given
        name = name.removesuffix("_file")
        _check(name, url, variable)
        found[name] = Address(url.strip(), variable)
    return found


def _content(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(f"{variable} = {path!r} cannot be read ({why}).") from None


def _check(name: str, url: object, origin: str) -> None:
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{origin}: the target {name!r} must be called with small letters, digits and _."
        )
    if not isinstance(url, str) or "://" not in url:
        raise ConfigError(f'{origin}: {name} must be an address, as "ntfys://…" (not shown here).')
