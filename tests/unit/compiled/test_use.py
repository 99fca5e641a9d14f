"""Whether compiled modules are used: all of them where every source fits, else none."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ikbr.compiled import use
from ikbr.compiled.module_list import sources_of
from ikbr.compiled.record import Record, read_record, this_python

LIBRARY = "0123abcd"


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(use, "CURRENT", use.CURRENT)
    monkeypatch.delenv(use.VARIABLE, raising=False)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "till.py").write_text("from shop.prices import PRICE\n")
    (folder / "prices.py").write_text("PRICE = 1\n")
    return folder


@pytest.fixture
def builds(tmp_path: Path, package: Path) -> Path:
    """Give the folder of a build, whose library is empty."""
    folder = tmp_path / "builds"
    (folder / LIBRARY).mkdir(parents=True)
    write(folder, record_of(package))
    return folder


def record_of(package: Path, python: str = "") -> Record:
    modules = ("shop.till",)
    sources = sources_of(package, modules)
    return Record(python or this_python(), str(package), LIBRARY, modules, sources)


def write(builds: Path, record: Record) -> None:
    (builds / "current").write_text(record.to_text())


def test_a_record_is_read_as_it_was_written(package: Path) -> None:
    text = record_of(package).to_text()
    assert read_record(text).to_text() == text
    assert "source 10 " in text
    assert "prices.py" in text


def test_without_a_build_nothing_is_used_and_nobody_is_warned(package: Path) -> None:
    found = use.use_compiled(str(package), str(package / "nowhere"))
    assert (found.modules, found.why_not, str(found)) == ((), "", "interpreted")


def test_a_build_that_fits_is_found_before_the_sources(package: Path, builds: Path) -> None:
    found = use.use_compiled(str(package), str(builds))
    assert str(found) == "compiled (1 modules)"
    spec = sys.meta_path[0].find_spec("shop.till", None)
    assert spec is not None
    assert str(spec.origin).startswith(str(builds / LIBRARY / "shop" / "till"))
    assert spec.has_location
    assert sys.meta_path[0].find_spec("shop.prices", None) is None


def change_a_compiled_source(package: Path, _builds: Path) -> None:
    (package / "till.py").write_text("from shop.prices import PRICE  # more\n")


def change_what_it_imports(package: Path, _builds: Path) -> None:
    (package / "prices.py").write_text("PRICE = 2\n")


def delete_the_library(_package: Path, builds: Path) -> None:
    (builds / LIBRARY).rmdir()


def use_another_python(package: Path, builds: Path) -> None:
    write(builds, record_of(package, "cpython-399 3.99"))


def damage_the_record(_package: Path, builds: Path) -> None:
    (builds / "current").write_text("ikbr-compiled 1\nsurprise\n")


def cut_the_record(package: Path, builds: Path) -> None:
    (builds / "current").write_text(record_of(package).to_text().partition("source")[0])


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (change_a_compiled_source, "till.py has changed since"),
        (change_what_it_imports, "prices.py has changed since"),
        (delete_the_library, "their files are gone"),
        (use_another_python, "they were compiled for another Python"),
        (damage_the_record, "their record is damaged ('surprise' is unknown)"),
        (cut_the_record, "their record is damaged (it is incomplete)"),
    ],
)
def test_a_build_that_does_not_fit_is_not_used_at_all(
    package: Path,
    builds: Path,
    happens: Callable[[Path, Path], None],
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = list(sys.meta_path)
    happens(package, builds)
    found = use.use_compiled(str(package), str(builds))
    assert (found.modules, found.why_not) == ((), why)
    assert sys.meta_path == before
    monkeypatch.setenv(use.VARIABLE, "1")
    with pytest.raises(ImportError, match="IKBR_COMPILED=1"):
        use.use_compiled(str(package), str(builds))


def test_a_build_of_another_folder_is_not_used(package: Path, builds: Path) -> None:
    found = use.use_compiled(str(package.parent / "copy"), str(builds))
    assert found.why_not == f"they were compiled from {package}"


def test_0_switches_it_off(package: Path, builds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(use.VARIABLE, "0")
    assert not use.use_compiled(str(package), str(builds)).modules
