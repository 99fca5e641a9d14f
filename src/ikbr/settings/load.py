"""Settings: one way from files, environment and command line into the components' frozen types.

Weakest first: built-in defaults of the profile, the file's shared sections, the file's sections of
the profile, environment (`IKBR_RISK__MAX_POSITION_PCT`), `.env`, overrides (`--set risk.x=y`).
Imported only inside commands: pydantic takes its time.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from dotenv import dotenv_values
from pydantic import BaseModel, BeforeValidator, SecretStr, ValidationError, create_model

from ikbr.domain.alerts import AlertRules
from ikbr.domain.errors import ConfigError, nearest
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import PROFILES, RiskLimits
from ikbr.domain.metrics import MetricsSettings
from ikbr.domain.routing import ROUTING, RoutingRules
from ikbr.domain.supervision import SupervisionRules
from ikbr.settings.sections import (
    STRICT,
    BrokerSettings,
    DataSettings,
    JournalSettings,
    SessionSettings,
    Settings,
    StrategySettings,
)

DEFAULT_FILE = Path("config/settings.toml")
"""Read when it exists and no other file is named."""

PREFIX = "IKBR_"

_GUIDE_NAMES = {
    "IB_GATEWAY_HOST": ("broker", "host"),
    "IB_GATEWAY_PORT": ("broker", "port_paper"),
    "IB_GATEWAY_PORT_LIVE": ("broker", "port_live"),
    "TRADING_MODE": ("broker", "trading_mode"),
    "TWS_USERID": ("broker", "username"),
    "TWS_PASSWORD": ("broker", "password"),
}
"""Source: the owner's guide, "Port Configuration" and "Docker Configuration"."""


class _Layer(NamedTuple):
    source: str
    values: Mapping[str, Any]


def load_settings(
    profile: str = "backtest",
    overrides: Mapping[str, str] | Iterable[str] = (),
    config: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings of a profile.

    Args:
        profile: backtest, paper or live.
        overrides: `{"risk.x": "y"}` or `["risk.x=y"]`; the strongest.
        config: The TOML file; None for config/settings.toml, if there is one.
        env: Environment variables; None for those of the process.

    Returns:
        The settings, complete and valid.

    Raises:
        ConfigError: When a key is unknown, a value is of the wrong type or out of range, or a
            file cannot be read.
    """
    if profile not in PROFILES:
        raise ConfigError(f"profile {profile!r} is unknown; {nearest(profile, PROFILES)}")
    layers = [
        *_file_layers(profile, config),
        _Layer("the environment", _from_variables(os.environ if env is None else env)),
        _Layer(".env", _from_variables(_dotenv())),
        _Layer("--set", _from_overrides(overrides)),
    ]
    # What is wrong is told with the name of where it stands, so before the layers are joined.
    for layer in layers:
        _check_keys(layer)
    merged: dict[str, Any] = {}
    for layer in layers:
        for section, values in layer.values.items():
            merged.setdefault(section, {}).update(values)
    models = {name: _validate(name, merged.get(name, {}), layers) for name in _models()}
    risk = {**msgspec.structs.asdict(PROFILES[profile]), **_given(models["risk"])}
    names = ("broker", "data", "strategy", "journal", "session")
    broker, data, strategy, journal, session = (models[name] for name in names)
    assert isinstance(broker, BrokerSettings)
    assert isinstance(data, DataSettings)
    assert isinstance(strategy, StrategySettings)
    assert isinstance(journal, JournalSettings)
    assert isinstance(session, SessionSettings)
    sim = ExecutionModel(**_given(models["sim"]))
    routing = RoutingRules(
        **{**msgspec.structs.asdict(ROUTING[profile]), **_given(models["routing"])}
    )
    return Settings(profile, RiskLimits(**risk), sim, routing, broker, data, strategy, journal,
                    session, SupervisionRules(**_given(models["supervision"])),
                    MetricsSettings(**_given(models["metrics"])),
                    AlertRules(**_given(models["alerts"])))  # fmt: skip


@cache
def _models() -> dict[str, type[BaseModel]]:
    return {
        "risk": _model_of(RiskLimits),
        "sim": _model_of(ExecutionModel),
        "routing": _model_of(RoutingRules),
        "broker": BrokerSettings,
        "data": DataSettings,
        "strategy": StrategySettings,
        "journal": JournalSettings,
        "session": SessionSettings,
        "supervision": _model_of(SupervisionRules),
        "metrics": _model_of(MetricsSettings),
        "alerts": _model_of(AlertRules),
    }


def _model_of(struct: type[msgspec.Struct]) -> type[BaseModel]:
    hints = get_type_hints(struct)
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        hint = hints[field.name]
        kinds = (hint, *get_args(hint))
        if get_origin(hint) is dict:
            hint = Annotated[Any, BeforeValidator(partial(_tables, get_args(hint)[1]))]
        elif any(get_origin(kind) is tuple for kind in kinds):
            hint = Annotated[hint, BeforeValidator(_split)]
        if type(None) in kinds:
            hint = Annotated[hint, BeforeValidator(_none)]
        default = {} if field.default is msgspec.NODEFAULT else field.default
        fields[field.name] = (hint, default)
    model: type[BaseModel] = create_model(struct.__name__, __config__=STRICT, **fields)
    return model


def _tables(kind: type[Any], value: Any) -> dict[str, Any]:
    """Read tables within a section, as [alerts.to.phone], into the component's own type."""
    if not isinstance(value, dict):
        raise ValueError("sections were expected")
    read = {}
    for name, table in value.items():
        try:
            read[name] = msgspec.convert(table, kind, strict=False)
        except msgspec.ValidationError as error:
            raise ValueError(f"in {name!r}: {error}") from None
    return read


def _split(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parts = (part.strip(" \"'") for part in value.strip("[]() ").split(","))
    return [part for part in parts if part]


def _none(value: Any) -> Any:
    return None if isinstance(value, str) and value.strip().casefold() in ("", "none") else value


def _given(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in model.model_fields_set}


def _file_layers(profile: str, config: Path | None) -> list[_Layer]:
    path = config
    if path is None:
        if not DEFAULT_FILE.is_file():
            return []
        path = DEFAULT_FILE
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"settings file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"settings file {path} is not UTF-8 text: {error.reason}.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"settings file {path} is not valid TOML: {error}.") from None
    profiles = content.pop("profile", {})
    if not isinstance(profiles, dict):
        raise ConfigError(
            f"settings file {path}: profile must be sections, as [profile.live.risk]."
        )
    for name, sections in profiles.items():
        if name not in PROFILES:
            raise ConfigError(f"settings file {path}: profile {name!r} is unknown; "
                              f"{nearest(name, PROFILES)}")  # fmt: skip
        _check_keys(_Layer(f"{path}, [profile.{name}]", _sections(sections, f"profile.{name}")))
    return [
        _Layer(str(path), content),
        _Layer(f"{path}, [profile.{profile}]", profiles.get(profile, {})),
    ]


def variables() -> dict[str, str]:
    """Give the variables of the environment and of `.env`, which is stronger.

    Raises:
        ConfigError: When `.env` cannot be read.
    """
    return {**os.environ, **_dotenv()}


def _dotenv() -> dict[str, str]:
    path = Path(".env")
    if not path.is_file():
        return {}
    try:
        return {k: v for k, v in dotenv_values(path).items() if v is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f".env cannot be read: {error}.") from None


def _from_variables(variables: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, (section, key) in _GUIDE_NAMES.items():
        if variables.get(name):
            values.setdefault(section, {})[key] = variables[name]
    for name, value in variables.items():
        section, found, key = name.removeprefix(PREFIX).partition("__")
        if name.startswith(PREFIX) and found:
            values.setdefault(section.lower(), {})[key.lower()] = value
    return values


def _from_overrides(overrides: Mapping[str, str] | Iterable[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    pairs = (
        overrides.items()
        if isinstance(overrides, Mapping)
        else (tuple(text.split("=", 1)) for text in overrides)
    )
    for pair in pairs:
        section, dot, key = pair[0].strip().partition(".")
        if len(pair) != 2 or not dot:
            raise ConfigError(f"--set {'='.join(pair)!r}: write it as section.key=value, "
                              "for example risk.max_position_pct=0.2.")  # fmt: skip
        value = pair[1]
        values.setdefault(section, {})[key] = value.strip() if isinstance(value, str) else value
    return values


def _sections(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise ConfigError(f"{name} = {value!r}: it must be a section with keys, as [{name}].")


def _check_keys(layer: _Layer) -> None:
    models = _models()
    for section, values in layer.values.items():
        if section not in models:
            raise ConfigError(
                f"setting {section!r} (from {layer.source}) is unknown; {nearest(section, models)}"
            )
        fields = models[section].model_fields
        for key in _sections(values, section):
            if key not in fields:
                raise ConfigError(
                    f"setting {section}.{key} (from {layer.source}) is unknown; "
                    f"{nearest(key, fields, limit=20)}"
                )


def _validate(section: str, values: Mapping[str, Any], layers: list[_Layer]) -> BaseModel:
    model = _models()[section]
    try:
        return model(**values)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        key = str(problem["loc"][0])
        source = [x.source for x in layers if key in x.values.get(section, {})][-1]
        secret = model.model_fields[key].annotation is SecretStr
        # Whoever writes a secret into a section by mistake must not find it in a log.
        secret = secret or isinstance(values[key], dict)
        shown = "(hidden)" if secret else repr(values[key])
        raise ConfigError(
            f"{section}.{key} = {shown} (from {source}): {_expected(model, key, problem)}"
        ) from None


_EXPECTED = {
    "float": "a number was expected", "finite": "a finite number was expected",
    "int": "a whole number was expected", "bool": "true or false was expected",
    "date": "a date as YYYY-MM-DD was expected", "path": "a path was expected",
    "tuple": "a list was expected, in TOML [\"A\", \"B\"], elsewhere A,B",
    "string": "a text was expected",
}  # fmt: skip


def _expected(model: type[BaseModel], key: str, problem: Any) -> str:
    kind = str(problem["type"])
    if kind == "literal_error":
        return nearest(str(problem.get("input")), get_args(model.model_fields[key].annotation))
    return _EXPECTED.get(kind.split("_", maxsplit=1)[0], str(problem["msg"])) + "."
