"""Running commands as a person would, in a folder of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ikbr.cli.main import execute

ROOT = Path(__file__).parents[2]


def shared_cache(factory: pytest.TempPathFactory) -> Path:
    """Give a cache folder that all processes of one test run share."""
    base = factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "ikbr-cache"


class Door:
    """Run command lines and remember what came of them."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capfd = capfd
        self.out = self.err = ""

    def __call__(self, *words: str, code: int = 0) -> str:
        got = execute(words)
        self.out, self.err = self._capfd.readouterr()
        assert got == code, self.err
        return self.out

    def files(self) -> list[str]:
        """Name what lies in the folder, besides the catalog."""
        return sorted(path.name for path in self.folder.iterdir() if path.name != "catalog")
