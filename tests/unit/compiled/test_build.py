"""A small package is really compiled, used, edited and used again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ikbr.compiled import toolchain
from ikbr.compiled.__main__ import main
from ikbr.compiled.build import build, remove
from ikbr.compiled.toolchain import BuildError, check_toolchain

MODULES = ("shop.till", "shop.tax")
INIT = """
from importlib import import_module
import_module("ikbr.compiled.use").use_compiled(__path__[0], {folder!r})
"""
TILL = """
from shop.tax import with_tax

class Till:
    def __init__(self) -> None:
        self.sum = 0

    def sell(self, price: int) -> int:
        self.sum += with_tax(price)
        return self.sum
"""
TAX = "def with_tax(price: int) -> int:\n    return price + 1\n"
ASK = "from shop import tax, till; print(tax.__file__, till.__file__, till.Till().sell(10))"


def can_compile() -> bool:
    try:
        check_toolchain()
    except BuildError:
        return False
    return True


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text(INIT.format(folder=str(tmp_path / "builds")))
    (package / "till.py").write_text(TILL)
    (package / "tax.py").write_text(TAX)
    return package


def ask(shop: Path) -> tuple[set[str], int]:
    """Run a program that uses the package; give the kinds of its modules and its answer."""
    environment = {**os.environ, "PYTHONPATH": str(shop.parent)}
    environment.pop("IKBR_COMPILED", None)
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True
    )
    tax, till, answer = done.stdout.split()
    return {Path(tax).suffix, Path(till).suffix}, int(answer)


@pytest.mark.slow
@pytest.mark.skipif(not can_compile(), reason="there is no C compiler, or no headers")
def test_an_edited_source_is_seen_at_once_and_never_mixed_with_compiled_ones(
    shop: Path, tmp_path: Path
) -> None:
    builds, said = tmp_path / "builds", list[str]()
    record = build(shop, MODULES, builds, said.append)
    assert ask(shop) == ({".so"}, 11)
    assert any("2 modules" in line for line in said)

    (shop / "tax.py").write_text(TAX.replace("+ 1", "+ 2"))
    assert ask(shop) == ({".py"}, 12)

    (shop / "tax.py").write_text(TAX)
    assert ask(shop) == ({".so"}, 11)
    said.clear()
    assert build(shop, MODULES, builds, said.append).library == record.library
    assert said[0] == "these sources were compiled before"

    (shop / "tax.py").write_text("def with_tax(price: int) -> str:\n    return price + 3\n")
    with pytest.raises(BuildError, match=r"tax\.py:2: error: Incompatible return value"):
        build(shop, MODULES, builds, said.append)
    assert [one.name for one in builds.iterdir() if one.name.startswith("part")] == []
    assert ask(shop)[0] == {".py"}

    assert remove(builds)
    assert not builds.exists()


def test_a_module_that_is_not_there_is_named(shop: Path, tmp_path: Path) -> None:
    if not can_compile():
        pytest.skip("there is no C compiler, or no headers")
    with pytest.raises(BuildError, match=r"there is no module shop\.stall"):
        build(shop, ["shop.stall"], tmp_path / "builds", print)


@pytest.mark.parametrize(
    ("name", "value", "package"),
    [
        ("CC", "no-such-compiler -pthread", "build-essential"),
        ("include", "/no/such/folder", f"python3.{sys.version_info.minor}-dev"),
    ],
)
def test_what_is_missing_is_named_with_the_package_that_brings_it(
    name: str, value: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"CC": sys.executable}
    if name == "CC":
        known = {"CC": value}
    monkeypatch.setattr(toolchain.sysconfig, "get_config_var", known.get)
    if name == "include":
        monkeypatch.setattr(toolchain.sysconfig, "get_path", lambda _: value)
    with pytest.raises(BuildError, match=package):
        check_toolchain()


def test_the_command_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--fast"]) == 2
    assert "knows '--fast' not; usage: ./run compile [--remove]" in capsys.readouterr().err


def test_removing_where_nothing_was_compiled_says_so(tmp_path: Path) -> None:
    assert not remove(tmp_path / "builds")
