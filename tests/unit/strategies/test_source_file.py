"""A strategy's file and the modules beside it."""

import sys
from pathlib import Path

import pytest

from ikbr.domain.errors import StrategyError
from ikbr.strategies.source_file import load_module


@pytest.fixture(autouse=True)
def path_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


def write(folder: Path, value: int) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "levels_of_mine.py").write_text(f"from deep_of_mine import DEEP\nLEVEL = {value}\n")
    (folder / "deep_of_mine.py").write_text(f"DEEP = {value * 10}\n")
    (folder / "main_of_mine.py").write_text("from levels_of_mine import LEVEL, DEEP\n")
    return str(folder / "main_of_mine.py")


def test_a_file_imports_the_modules_beside_it(tmp_path: Path) -> None:
    assert load_module(write(tmp_path, 1)).LEVEL == 1


def test_it_does_so_from_the_current_folder_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 2)
    monkeypatch.chdir(tmp_path)
    assert load_module("main_of_mine.py").LEVEL == 2


def test_a_changed_module_beside_it_is_read_afresh(tmp_path: Path) -> None:
    path = write(tmp_path, 3)
    assert (load_module(path).LEVEL, load_module(path).DEEP) == (3, 30)
    write(tmp_path, 4)  # same length, same second: compiled files would be taken for fresh
    assert (load_module(path).LEVEL, load_module(path).DEEP) == (4, 40)


def test_two_folders_may_use_one_name_for_different_modules(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one", 5), write(tmp_path / "two", 6)
    assert (load_module(one).LEVEL, load_module(two).LEVEL) == (5, 6)
    assert (load_module(one).DEEP, load_module(two).DEEP) == (50, 60)


def test_the_standard_library_is_found_before_modules_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    (tmp_path / "colorsys.py").write_text("raise AssertionError")
    (tmp_path / "mine.py").write_text("import colorsys")
    assert load_module(str(tmp_path / "mine.py")).colorsys.rgb_to_hsv


def test_a_module_of_the_calling_script_stays_the_one_that_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, 7)
    monkeypatch.syspath_prepend(str(tmp_path))
    import levels_of_mine  # type: ignore[import-not-found]

    monkeypatch.setattr(levels_of_mine, "LEVEL", 8)
    assert load_module(path).LEVEL == 8
    del sys.modules["levels_of_mine"], sys.modules["deep_of_mine"]


def test_an_error_in_a_module_beside_it_names_both_places(tmp_path: Path) -> None:
    path = write(tmp_path, 1)
    (tmp_path / "deep_of_mine.py").write_text("1 / 0\n")
    with pytest.raises(StrategyError, match=r"main_of_mine\.py, line 1: .*ZeroDivisionError"):
        load_module(path)
    write(tmp_path, 9)
    assert load_module(path).LEVEL == 9


def test_packages_installed_below_the_folder_are_not_loaded_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "venv" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "installed_of_mine.py").write_text("X = object()")
    monkeypatch.syspath_prepend(str(packages))
    (tmp_path / "mine.py").write_text("from installed_of_mine import X")
    first = load_module(str(tmp_path / "mine.py")).X
    assert load_module(str(tmp_path / "mine.py")).X is first
    del sys.modules["installed_of_mine"]
