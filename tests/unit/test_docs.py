"""The pages in docs/ speak of what is there: files, names, tests, settings, links, code."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import msgspec
import pytest

from ikbr.domain.alerts import AlertRules
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.limits import RiskLimits
from ikbr.domain.routing import RoutingRules
from ikbr.domain.supervision import SupervisionRules

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "ikbr"
PAGES = sorted(DOCS.rglob("*.md"))
NAMES = [page.relative_to(DOCS).as_posix() for page in PAGES]

FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```", re.M | re.S)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FILE = re.compile(r"^([\w./-]+\.(?:py|toml|sh))(?::([\w.]+))?$")
FOLDER = re.compile(r"^(?:[\w-]+/)+$")
MEMBER = re.compile(r"^([A-Z]\w+|[a-z_]+)\.([A-Za-z_]\w*)(?:\(.*\))?$")
OWN_WORDS = {
    "alerts": AlertRules,
    "risk": RiskLimits,
    "routing": RoutingRules,
    "sim": ExecutionModel,
    "supervision": SupervisionRules,
}

GUIDE_ONLY = {
    "config/settings.py",
    "backtest/analytics.py",
    "above_average.py",
    "my_strategy.py",
    "my_strategy.py:Crossover",
    "three_up.py",
}
"""Files that a page names because the guide has them, or because the reader is to write them."""


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[tuple[str, str]]:
    return [(m[1].strip(), m[2]) for m in FENCE.finditer(text(name))]


def spans(name: str) -> list[str]:
    return SPAN.findall(FENCE.sub("", text(name)))


def find_file(path: str) -> Path | None:
    """Find a file by its path from the root, from the package, or (as short lists do) by name."""
    for base in (ROOT, SOURCE):
        if (base / path).is_file():
            return base / path
    found = [] if "/" in path else sorted(SOURCE.rglob(path))
    return found[0] if found else None


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def names_in(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """List what a module or class defines: functions, classes, assigned and annotated names."""
    found: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {n.id: node for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.If):
            found |= names_in(node.body)
    return found


def attributes_of(node: ast.ClassDef) -> set[str]:
    """List what a class defines itself, attributes set on `self` included."""
    own = set(names_in(node.body))
    for inner in ast.walk(node):
        if (
            isinstance(inner, ast.Attribute)
            and isinstance(inner.ctx, ast.Store)
            and ast.unparse(inner.value) == "self"
        ):
            own.add(inner.attr)
    return own


@cache
def classes() -> dict[str, list[ast.ClassDef]]:
    found: dict[str, list[ast.ClassDef]] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(node)
    return found


@cache
def modules() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in SOURCE.rglob("*.py"):
        found.setdefault(path.stem, []).append(path)
    return found


def has_member(node: ast.ClassDef, member: str) -> bool:
    if member in attributes_of(node):
        return True
    bases = [b.id for b in node.bases if isinstance(b, ast.Name)]
    return any(has_member(base, member) for name in bases for base in classes().get(name, []))


def is_in_file(path: Path, dotted: str) -> bool:
    first, _, rest = dotted.partition(".")
    node = names_in(tree(path).body).get(first)
    if node is None or not rest:
        return node is not None
    return isinstance(node, ast.ClassDef) and has_member(node, rest)


def missing(span: str) -> str:
    """Say what a span names that is not there; nothing when all is well or it names nothing."""
    if match := FILE.match(span):
        path = find_file(match[1])
        if path is None:
            return f"no file {match[1]}"
        return "" if not match[2] or is_in_file(path, match[2]) else f"no {match[2]} in {match[1]}"
    if FOLDER.match(span):
        return "" if any((base / span).is_dir() for base in (ROOT, SOURCE)) else f"no folder {span}"
    if (match := MEMBER.match(span)) is None:
        return ""
    owner, member = match[1], match[2]
    if owner in OWN_WORDS:
        fields = {field.name for field in msgspec.structs.fields(OWN_WORDS[owner])}
        return "" if member in fields else f"no setting {span}"
    if owner in classes():
        found = any(has_member(node, member) for node in classes()[owner])
        return "" if found else f"class {owner} has no {member}"
    if owner in modules():
        found = any(is_in_file(path, member) for path in modules()[owner])
        return "" if found else f"module {owner} has no {member}"
    return ""


FOLDERS_ELSEWHERE = {
    "catalog/",
    "journals/",
    "reports/",
    "sessions/",
    "tape/",
    "tests/performance/",
    "venv/ikbr-compiled/",
}
"""Folders that a run or the future makes."""


@pytest.mark.parametrize("name", NAMES)
def test_every_file_and_name_of_the_code_on_a_page_exists(name: str) -> None:
    wrong = {
        span: problem
        for span in spans(name)
        if span not in GUIDE_ONLY | FOLDERS_ELSEWHERE and (problem := missing(span))
    }
    assert wrong == {}


@pytest.mark.parametrize("name", NAMES)
def test_every_test_named_on_a_page_exists(name: str) -> None:
    # The table of risk rules holds functions that are called test_…, but are no tests.
    written = {
        word
        for folder in (ROOT / "tests", SOURCE)
        for path in folder.rglob("*.py")
        for word in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M)
    }
    assert set(re.findall(r"`(test_\w+)`", text(name))) - written == set()


@pytest.mark.parametrize("name", NAMES)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    targets = [t.partition("#")[0] for t in LINK.findall(FENCE.sub("", text(name)))]
    here = (DOCS / name).parent
    relative = [t for t in targets if t and "://" not in t and not t.startswith("mailto:")]
    assert [t for t in relative if not (here / t).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_python_block_of_a_page_compiles(name: str) -> None:
    for kind, code in blocks(name):
        if kind.split()[:1] == ["python"]:
            compile(code, name, "exec")


RUNNABLE = [name for name in NAMES if any(kind == "python runnable" for kind, _ in blocks(name))]


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNABLE)
def test_the_runnable_blocks_of_a_page_run_one_after_the_other(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IKBR_CACHE", str(tmp_path / "cache"))
    scope: dict[str, object] = {"__name__": "page"}
    for kind, code in blocks(name):
        if kind == "python runnable":
            exec(compile(code, name, "exec"), scope)


def test_no_record_of_a_decision_is_missing_from_its_list() -> None:
    listed = set(LINK.findall(text("adr/README.md")))
    assert listed == {p.name for p in (DOCS / "adr").glob("0*.md")}


@pytest.mark.parametrize(
    ("span", "problem"),
    [
        ("core/desk.py:Desk.decide", ""),
        ("core/trader.py:Trader.dream", "no Trader.dream in core/trader.py"),
        ("core/dreamer.py", "no file core/dreamer.py"),
        ("dreams/", "no folder dreams/"),
        ("Account.safe_move()", ""),
        ("Account.dream()", "class Account has no dream"),
        ("calendars.trading_days", ""),
        ("calendars.dream", "module calendars has no dream"),
        ("risk.collar_pct", ""),
        ("risk.dream_pct", "no setting risk.dream_pct"),
        ("backtest/tape_ticker.py:TapeTicker.bid", ""),
    ],
)
def test_what_is_not_there_is_noticed(span: str, problem: str) -> None:
    assert missing(span) == problem
