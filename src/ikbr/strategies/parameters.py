"""Parameters of a strategy: read from the signature of its `__init__`, checked, coerced."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from ikbr.domain.errors import StrategyError, nearest
from ikbr.strategies.coercion import Range, coerce, type_name


class Required:
    """Stand for the default of a parameter that has none."""

    def __repr__(self) -> str:
        """Show it as a table does."""
        return "(required)"


REQUIRED = Required()


class Changeable:
    """Mark a parameter that a person may change while it runs.

    Write it `Annotated[float, Range(0.0, 1.0), CHANGEABLE]`.
    """

    def __repr__(self) -> str:
        """Show it as it is written."""
        return "CHANGEABLE"


CHANGEABLE = Changeable()


class Parameter(msgspec.Struct, frozen=True):
    """Describe one parameter of a strategy.

    Attributes:
        name: As in the signature.
        kind: Its type, as annotated (or the type of its default).
        default: Its default, or `REQUIRED`.
        range: What it must lie in; None for anything of its type.
        doc: What the docstring says of it.
        changeable: Whether it may be changed while the strategy runs.
    """

    name: str
    kind: Any
    default: Any
    range: Range | None = None
    doc: str = ""
    changeable: bool = False

    @property
    def type_name(self) -> str:
        """The type, for people."""
        return type_name(self.kind)


def describe_parameters(cls: type) -> tuple[Parameter, ...]:
    """List the parameters of a strategy class.

    A class whose `__init__` takes `**kwargs` also has those of its parents.

    Args:
        cls: The strategy class.

    Raises:
        StrategyError: When an annotation cannot be resolved.

    >>> class Breakout:
    ...     '''Follow a breakout.
    ...
    ...     Args:
    ...         minutes: Length of the opening range.
    ...     '''
    ...     def __init__(self, minutes: Annotated[int, Range(1, 60)] = 5): ...
    >>> p, = describe_parameters(Breakout)
    >>> p.name, p.type_name, p.default, p.range, p.doc
    ('minutes', 'int', 5, Range(low=1, high=60), 'Length of the opening range.')
    """
    found: dict[str, Parameter] = {}
    for owner in cls.__mro__:
        init = vars(owner).get("__init__")
        if init is None or owner is object:
            continue
        docs = f"{inspect.cleandoc(owner.__doc__ or '')}\n{inspect.cleandoc(init.__doc__ or '')}"
        hints = _hints(cls, init)
        passes_on = False
        for item in list(inspect.signature(init).parameters.values())[1:]:
            if item.kind in (item.VAR_POSITIONAL, item.VAR_KEYWORD):
                passes_on = passes_on or item.kind is item.VAR_KEYWORD
            elif item.name not in found:
                found[item.name] = _describe(item, hints, docs)
        if not passes_on:
            break
    return tuple(found.values())


def validate_parameters(cls: type, values: Mapping[str, object]) -> dict[str, Any]:
    """Check values for the parameters of a strategy; text is coerced to the right type.

    Args:
        cls: The strategy class.
        values: What the person gave, by name; from the command line as text.

    Returns:
        All parameters with their values, defaults included.

    Raises:
        StrategyError: When one is unknown, missing, of the wrong type or out of range.
    """
    known = {p.name: p for p in describe_parameters(cls)}
    for name in values:
        if name not in known:
            raise StrategyError(f"{cls.__name__} has no parameter {name!r}; {nearest(name, known)}")
    result: dict[str, Any] = {}
    for name, parameter in known.items():
        if name in values:
            where = f"{cls.__name__}.{name}"
            result[name] = coerce(where, values[name], parameter.kind, parameter.range)
        elif parameter.default is REQUIRED:
            raise StrategyError(
                f"{cls.__name__} needs the parameter {name!r} ({parameter.type_name}); "
                f"give it with --param {name}=VALUE."
            )
        else:
            result[name] = parameter.default
    return result


def bind_parameters(
    cls: type, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> dict[str, Any]:
    """Give names to the arguments of a constructor call and check them.

    Raises:
        StrategyError: As `validate_parameters`; also for too many or doubled arguments.
    """
    names = [p.name for p in describe_parameters(cls)]
    if len(args) > len(names):
        raise StrategyError(
            f"{cls.__name__} takes {len(names)} parameters ({', '.join(names) or 'none'}), "
            f"but {len(args)} were given."
        )
    values = dict(zip(names, args, strict=False))
    for name, value in kwargs.items():
        if name in values:
            raise StrategyError(f"{cls.__name__}: parameter {name!r} was given twice.")
        values[name] = value
    return validate_parameters(cls, values)


def parse_assignments(texts: tuple[str, ...] | list[str]) -> dict[str, str]:
    """Split the `k=v` of `--param k=v`.

    Raises:
        StrategyError: When there is no `=`, or a name comes twice.

    >>> parse_assignments(["lookback=20", "threshold = 0.001"])
    {'lookback': '20', 'threshold': '0.001'}
    """
    result: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise StrategyError(f"--param {text!r}: write it as NAME=VALUE, e.g. lookback=20.")
        if name in result:
            raise StrategyError(f"--param {name}: it was given twice.")
        result[name] = value.strip()
    return result


def _hints(cls: type, init: Any) -> dict[str, Any]:
    try:
        return get_type_hints(init, include_extras=True)
    except (NameError, TypeError) as error:
        raise StrategyError(
            f"{cls.__name__}.__init__: an annotation cannot be resolved ({error}); import the "
            f"type at run time, or annotate with int, float, bool or str."
        ) from error


def _describe(item: inspect.Parameter, hints: Mapping[str, Any], docs: str) -> Parameter:
    default = REQUIRED if item.default is item.empty else item.default
    kind: Any = hints.get(item.name)
    bounds: Range | None = None
    changeable = False
    if get_origin(kind) is Annotated:
        kind, *extras = get_args(kind)
        bounds = next((e for e in extras if isinstance(e, Range)), None)
        changeable = any(isinstance(e, Changeable) for e in extras)
    if kind is None:
        kind = str if default is REQUIRED or default is None else type(default)
    return Parameter(item.name, kind, default, bounds, _doc(item.name, docs), changeable)


def _doc(name: str, docs: str) -> str:
    """Find what a Google-style docstring says of a parameter."""
    entry = re.compile(rf"^( +)(?:\w+, )*{name}(?:, \w+)*(?: \([^)]*\))?: *(.*)$")
    lines = docs.splitlines()
    for number, line in enumerate(lines):
        match = entry.match(line)
        if match is None:
            continue
        text = [match[2]]
        for following in lines[number + 1 :]:
            if not following.startswith(match[1] + " "):
                break
            text.append(following.strip())
        return " ".join(text)
    return ""
