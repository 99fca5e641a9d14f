"""A mutant: one known bug, planted in a module as it is imported; nothing on the disk changes."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import NamedTuple

SRC = Path(__file__).parents[2] / "src"


class Mutant(NamedTuple):
    """Name a bug.

    Attributes:
        name: What it is called.
        module: Where it is planted, below `ikbr`.
        right: What stands there; it must be there exactly once.
        wrong: What stands there instead.
        bug: What it does, in words.
    """

    name: str
    module: str
    right: str
    wrong: str
    bug: str

    @property
    def full_name(self) -> str:
        return f"ikbr.{self.module}"

    @property
    def path(self) -> Path:
        return SRC / "ikbr" / f"{self.module.replace('.', '/')}.py"

    def source(self) -> str:
        """Give the module's source with the bug in it.

        Raises:
            ValueError: When the source has changed, so that the bug cannot be planted any more.
        """
        text = self.path.read_text(encoding="utf-8")
        count = text.count(self.right)
        if count != 1:
            raise ValueError(
                f"mutant {self.name}: what it replaces stands {count} times in {self.path.name}; "
                "bring tests/mutants/ in line with the source."
            )
        return text.replace(self.right, self.wrong)


class _Loader(SourceFileLoader):
    def __init__(self, mutant: Mutant) -> None:
        super().__init__(mutant.full_name, str(mutant.path))
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._mutant.source(), self.path, "exec", dont_inherit=True)


class _Finder(PathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname, path=None, target=None) -> ModuleSpec | None:  # type: ignore[no-untyped-def, override]
        if fullname != self._mutant.full_name:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None:
            spec.loader = _Loader(self._mutant)
        return spec


def plant(mutant: Mutant) -> None:
    """Let the module be imported with the bug from now on.

    Raises:
        RuntimeError: When it was imported already.
    """
    if mutant.full_name in sys.modules:
        raise RuntimeError(f"{mutant.full_name} was imported before the bug was planted")
    sys.meta_path.insert(0, _Finder(mutant))  # type: ignore[arg-type]
