"""Import compiled modules instead of their sources, where that is the same program.

Decided once per process, before the first module of the package is imported, for all modules of
the build or for none: there is no mixture of old and new.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec

from ikbr.compiled.record import FOLDER, Record, read_record

VARIABLE = "IKBR_COMPILED"
REMEDY = "run ./run compile again, or ./run compile --remove"


class Use:
    """Say what is used.

    Attributes:
        modules: Names of the modules that are imported compiled; empty when none are.
        why_not: Why a build that is there is not used; "" without one, or when it is used.
    """

    __slots__ = ("modules", "why_not")

    def __init__(self, modules: tuple[str, ...] = (), why_not: str = "") -> None:
        """Say it."""
        self.modules = modules
        self.why_not = why_not

    def __str__(self) -> str:
        """Say it in a line."""
        if self.modules:
            return f"compiled ({len(self.modules)} modules)"
        if self.why_not:
            return f"interpreted (compiled modules are not used: {self.why_not})"
        return "interpreted"


CURRENT = Use()
"""What this process uses; `use_compiled` replaces it."""


class _Finder:
    """Find the modules of a build before the ordinary finders see their sources."""

    def __init__(self, folder: str, names: tuple[str, ...], library: str) -> None:
        suffix = EXTENSION_SUFFIXES[0]
        self._paths = {name: f"{folder}/{name.replace('.', '/')}{suffix}" for name in names}
        self._paths[library] = f"{folder}/{library}{suffix}"

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> ModuleSpec | None:
        path = self._paths.get(name)
        if path is None:
            return None
        spec = ModuleSpec(name, ExtensionFileLoader(name, path), origin=path)
        spec.has_location = True
        return spec


def use_compiled(package: str, folder: str | None = None) -> Use:
    """Use the compiled modules of a package if they are what its sources say.

    Args:
        package: Folder of the package.
        folder: Where builds are kept; by default in the Python environment.

    Raises:
        ImportError: When IKBR_COMPILED=1 asks for compiled modules and there are none to use.
    """
    global CURRENT  # noqa: PLW0603 - there is one answer per process
    wish = os.environ.get(VARIABLE, "")
    CURRENT = Use() if wish == "0" else _look(package, folder or f"{sys.prefix}/{FOLDER}")
    if wish == "1" and not CURRENT.modules:
        why = CURRENT.why_not or "nothing was compiled"
        raise ImportError(f"{VARIABLE}=1, but compiled modules cannot be used: {why}; {REMEDY}.")
    return CURRENT


def _look(package: str, folder: str) -> Use:
    try:
        with open(f"{folder}/current", encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return Use()
    except OSError as error:
        return Use(why_not=f"their record cannot be read ({error.strerror})")
    try:
        record = read_record(text)
    except ValueError as error:
        return Use(why_not=f"their record is damaged ({error})")
    return install(record, package, folder)


def install(record: Record, package: str, folder: str) -> Use:
    """Let the modules of a build be found from now on, unless it does not fit.

    Args:
        record: Of the build.
        package: Folder of the package that is being imported.
        folder: Where builds are kept.
    """
    library = f"{folder}/{record.library}"
    why_not = record.mismatch(package)
    if not why_not and not os.path.isdir(library):
        why_not = "their files are gone"
    if why_not:
        return Use(why_not=why_not)
    top = record.modules[0].partition(".")[0]
    sys.meta_path.insert(0, _Finder(library, record.modules, f"{top}_compiled__mypyc"))
    return Use(record.modules)
