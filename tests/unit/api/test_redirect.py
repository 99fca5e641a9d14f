"""Reads below one folder find another one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ikbr.api.redirect import own_modules, redirected


def opened(path: str | Path) -> str:
    """Read with the plain function."""
    with open(path) as file:
        return file.read()


def described(path: Path) -> str:
    """Read with the system's calls."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 9).decode()
    finally:
        os.close(descriptor)


READS: dict[str, Callable[[Path], Any]] = {
    "open": lambda p: opened(p / "a.txt"),
    "path": lambda p: (p / "a.txt").read_text(),
    "text": lambda p: opened(str(p / "a.txt")),
    "polars": lambda p: pl.read_csv(p / "a.txt", has_header=False).item(),
    "lazy": lambda p: pl.scan_csv(str(p / "a.txt"), has_header=False).collect().item(),
    "parquet": lambda p: pl.read_parquet(p / "a.parquet").item(),
    "by name": lambda p: pl.read_parquet(source=p / "a.parquet").item(),
    "glob": lambda p: pl.read_parquet(str(p / "*.parquet")).item(),
    "list": lambda p: pl.read_parquet([p / "a.parquet"]).item(),
    "pandas": lambda p: pd.read_csv(p / "a.txt", header=None).iloc[0, 0],
    "numpy": lambda p: np.loadtxt(p / "a.txt", dtype=str).item(),
    "descriptor": lambda p: described(p / "a.txt"),
    "listing": lambda p: next(iter(p.glob("only_*"))).name.removeprefix("only_"),
}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Make two folders that hold their own names."""
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.txt").write_text(name)
        (folder / f"only_{name}").write_text("")
        pl.DataFrame({"x": [name]}).write_parquet(folder / "a.parquet")
    return tmp_path / "one", tmp_path / "two"


@pytest.mark.parametrize("read", READS)
def test_a_read_finds_the_other_folder_while_it_lasts(
    read: str, folders: tuple[Path, Path]
) -> None:
    one, two = folders
    with redirected(one, two):
        assert READS[read](one) == "two"
        assert READS[read](two) == "two"
    assert READS[read](one) == "one"


def test_relative_names_and_links_mean_the_same_folder(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = folders
    link = one.parent / "link"
    link.symlink_to(one)
    monkeypatch.chdir(one.parent)
    with redirected(link, two):
        for name in (link, one, Path("one"), Path("link"), Path("two/../one")):
            assert (name / "a.txt").read_text() == "two"


def test_an_error_ends_it_too(folders: tuple[Path, Path]) -> None:
    one, two = folders
    with pytest.raises(ZeroDivisionError), redirected(one, two):
        raise ZeroDivisionError
    assert (one / "a.txt").read_text() == "one"


def test_a_person_s_modules_are_forgotten_and_packages_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "beside_the_strategy.py").write_text("X = 1")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with own_modules():
        import colorsys  # noqa: F401

        import beside_the_strategy  # type: ignore[import-not-found]

        assert beside_the_strategy.X == 1
    assert "beside_the_strategy" not in sys.modules
    assert "colorsys" in sys.modules
