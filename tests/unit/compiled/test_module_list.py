"""The list of compiled modules, held against the source."""

import ast
import tomllib
from pathlib import Path

import pytest

from ikbr.compiled.module_list import LIST, compiled_modules, path_of, sources_of

PACKAGE = Path(__file__).parents[3] / "src" / "ikbr"
TABLE = tomllib.loads(LIST.read_text(encoding="utf-8"))
TESTS = Path(__file__).parents[2]
AMBIGUOUS = {"Case"}
"""Names that interpreted classes have as well."""

NOT_COMPILED = {"Struct", "Protocol", "Enum", "IntEnum", "StrEnum"}
"""Bases of classes that must stay interpreted."""


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_the_lists_name_modules_that_are_there_once_each_and_known_reasons() -> None:
    compiled, interpreted = TABLE["compiled"], TABLE["interpreted_modules"]
    assert len(compiled) == len(set(compiled))
    assert not set(compiled) & set(interpreted)
    assert all(path_of(PACKAGE, f"ikbr.{name}").is_file() for name in (*compiled, *interpreted))
    assert set(interpreted.values()) == set(TABLE["interpreted"])


def test_no_interpreted_class_derives_from_a_compiled_one() -> None:
    compiled = {path_of(PACKAGE, name) for name in compiled_modules()}
    classes = {
        node.name for path in compiled for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef)
    } - AMBIGUOUS  # fmt: skip
    for path in (*PACKAGE.rglob("*.py"), *TESTS.rglob("*.py")):
        for node in ast.walk(tree_of(path)) if path not in compiled else ():
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                assert not bases & classes, f"{path}: {node.name}"


@pytest.mark.parametrize("module", compiled_modules())
def test_a_compiled_module_is_there_and_defines_nothing_that_must_stay_interpreted(
    module: str,
) -> None:
    path = path_of(PACKAGE, module)
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ClassDef):
            bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
            assert not bases & NOT_COMPILED, node.name
            assert not node.decorator_list, node.name
        if isinstance(node, ast.FunctionDef):
            wrapped = {ast.unparse(one) for one in node.decorator_list}
            assert not any("njit" in one or "compiled" in one for one in wrapped), node.name


def test_the_sources_are_all_that_compiled_modules_import_directly_or_not() -> None:
    paths = {one.path for one in sources_of(PACKAGE, ["ikbr.core.slot"])}
    assert {"core/slot.py", "domain/order.py", "domain/lifecycle.py"} <= paths
    assert "core/desk.py" not in paths


def test_a_source_is_unchanged_when_only_its_time_is_another(tmp_path: Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "till.py").write_text("PRICE = 1\n")
    (source,) = sources_of(package, ["shop.till"])
    assert source.is_unchanged(str(package))
    (package / "till.py").touch()
    assert source.is_unchanged(str(package))
    (package / "till.py").write_text("PRICE = 2\n")
    assert not source.is_unchanged(str(package))
    (package / "till.py").unlink()
    assert not source.is_unchanged(str(package))
