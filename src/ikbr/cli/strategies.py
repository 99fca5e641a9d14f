"""`ikbr strategies`: what can be run, and with which parameters."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ikbr.strategies.base_strategy import BaseStrategy

app = typer.Typer(help="List strategies and their parameters.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.command("list")
def list_command(as_json: JsonOption = False) -> None:
    """List the strategies that can be run by name."""
    from ikbr.strategies.registry import available, load

    rows = {name: _idea(load(name)) for name in available()}
    if as_json:
        print(json.dumps([{"name": n, "idea": text} for n, text in rows.items()], indent=1))
        return
    width = max(map(len, rows))
    for name, text in rows.items():
        print(f"{name:<{width}}  {text}")


@app.command("show")
def show_command(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE.py:Class")], as_json: JsonOption = False
) -> None:
    """Explain a strategy: its idea, its parameters, their ranges."""
    from ikbr.strategies.registry import load

    about = describe(name, load(name))
    if as_json:
        print(json.dumps(about, indent=1, default=str))
        return
    print(about["name"], "\n", sep="")
    if about["doc"]:
        print(about["doc"], "\n", sep="")
    print("Parameters (--param NAME=VALUE):")
    for one in about["parameters"]:
        print(f"  {one['name']}: {one['type']} = {one['default']}{_bounds(one)}")
        if one["doc"]:
            print(f"      {one['doc']}")


def describe(name: str, cls: type[BaseStrategy]) -> dict[str, Any]:
    """Describe a strategy in plain values.

    Args:
        name: What it is called.
        cls: Its class.

    Returns:
        Name, class, documentation, parameters (own ones first, then those that all share).
    """
    from ikbr.strategies.registry import OPTIONS

    own = [
        {
            "name": one.name,
            "type": one.type_name,
            "default": one.default if _is_plain(one.default) else str(one.default),
            "low": one.range.low if one.range else None,
            "high": one.range.high if one.range else None,
            "doc": one.doc,
        }
        for one in cls.parameters()
    ]
    named = {one["name"] for one in own}
    shared = [
        {
            "name": option,
            "type": kind.__name__,
            "default": getattr(cls, option),
            "low": bounds.low if bounds else None,
            "high": bounds.high if bounds else None,
            "doc": "",
        }
        for option, (kind, bounds) in OPTIONS.items()
        if option not in named
    ]
    return {
        "name": name,
        "class": cls.__name__,
        "bars": list(cls.bars),
        "doc": _own_doc(cls).partition("\nArgs:")[0].strip(),
        "parameters": own + shared,
    }


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, int | float | str | bool)


def _idea(cls: type[BaseStrategy]) -> str:
    return _own_doc(cls).partition("\n")[0]


def _own_doc(cls: type[BaseStrategy]) -> str:
    """Give the class's own docstring: what the base class says explains no strategy."""
    return inspect.cleandoc(cls.__dict__.get("__doc__") or "")


def _bounds(one: dict[str, Any]) -> str:
    return "" if one["low"] is None else f"  ({one['low']:g} to {one['high']:g})"
