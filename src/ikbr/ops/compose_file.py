"""The compose file, read as compose reads it: with the variables put in.

Source: the Compose Specification, "Interpolation": `${NAME}`, `${NAME:-default}`,
`${NAME-default}`, `${NAME:?message}`, `$$`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

from ikbr.domain.errors import ConfigError

_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:?[-?])([^{}]*))?\}|(\w+))")


def read_compose(path: Path, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Read a compose file.

    Args:
        path: The file.
        variables: What is put in; None for those of `.env` beside the file.

    Raises:
        ConfigError: When it cannot be read, is no YAML, or a variable that must be set is not.
    """
    try:
        if variables is None:
            beside = path.with_name(".env")
            values = dotenv_values(beside) if beside.is_file() else {}
            variables = {k: v for k, v in values.items() if v is not None}
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"compose file {path} cannot be read ({error}).") from None
    if not isinstance(content, dict) or not isinstance(content.get("services"), dict):
        raise ConfigError(f"compose file {path} has no services; see deploy/compose.yaml.")
    found: dict[str, Any] = _fill(content, variables, path)
    return found


def _fill(value: Any, variables: Mapping[str, str], path: Path) -> Any:
    if isinstance(value, dict):
        return {key: _fill(one, variables, path) for key, one in value.items()}
    if isinstance(value, list):
        return [_fill(one, variables, path) for one in value]
    if not isinstance(value, str):
        return value
    return _VARIABLE.sub(lambda found: _value_of(found, variables, path), value)


def _value_of(found: re.Match[str], variables: Mapping[str, str], path: Path) -> str:
    dollar, name, how, rest, bare = found.groups()
    if dollar:
        return "$"
    value = variables.get(name or bare)
    if not how:
        return value or ""
    # With a colon, what is empty counts as not set.
    if value is not None and (value or ":" not in how):
        return value
    if "?" in how:
        raise ConfigError(f"compose file {path}: {name} must be set ({rest or 'required'}).")
    return rest
