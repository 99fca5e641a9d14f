"""The runbook has a section for every source of an alert, and none for one that does not exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "ikbr"
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
OTHERS = {"Nothing comes, and the dead-man switch calls"}
"""Sections about what no alert tells."""


def constants_of(tree: ast.Module) -> dict[str, str]:
    """List the texts that names of a module stand for, also where several are set at once."""
    found: dict[str, str] = {}
    for node in tree.body:
        if not isinstance(node, ast.Assign):
            continue
        target, value = node.targets[0], node.value
        pairs = (
            zip(target.elts, value.elts, strict=False)
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            else [(target, value)]
        )
        for name, text in pairs:
            if isinstance(name, ast.Name) and isinstance(text, ast.Constant):
                found[name.id] = str(text.value)
    return found


def sources_in(tree: ast.Module) -> set[str]:
    """Find the sources of alerts that are made, and the reasons of holds, which are alerts too."""
    names, found = constants_of(tree), set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        place = {"Alert": 2, "hold": 0}.get(called)
        if place is None or len(node.args) <= place:
            continue
        source = node.args[place]
        if isinstance(source, ast.Constant):
            found.add(str(source.value))
        elif isinstance(source, ast.Name) and source.id in names:
            found.add(names[source.id])
        elif isinstance(source, ast.JoinedStr) and isinstance(source.values[0], ast.Constant):
            found.add(f"{str(source.values[0].value).strip()} NAME")
    return found


def sources() -> set[str]:
    found = {"strategy NAME", "bot", "alerts"}
    packages = [path for name in ("api", "core", "live") for path in SOURCE.glob(f"{name}/**/*.py")]
    for path in [*packages, SOURCE / "backtest" / "margin_watch.py"]:
        found |= sources_in(ast.parse(path.read_text(encoding="utf-8")))
    return found


def sections() -> set[str]:
    headings = set(re.findall(r"^## (.+)$", RUNBOOK, re.M)) - OTHERS
    return {name for heading in headings for name in heading.split(", ")}


def test_every_alert_has_a_section_of_what_to_do() -> None:
    assert sources() - sections() == set()


def test_no_section_is_about_an_alert_that_does_not_exist() -> None:
    assert sections() - sources() == set()
