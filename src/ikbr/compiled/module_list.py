"""The list of modules that are compiled, and the sources that the compiled code depends on."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ikbr.compiled.record import Source, digest_of

LIST = Path(__file__).with_name("modules.toml")


def compiled_modules() -> tuple[str, ...]:
    """Name the modules of ikbr that `./run compile` compiles."""
    names = tomllib.loads(LIST.read_text(encoding="utf-8"))["compiled"]
    return tuple(f"ikbr.{name}" for name in names)


def path_of(package: Path, module: str) -> Path:
    """Name the file of a module, which may be that of a package.

    Args:
        package: Folder of the top package.
        module: Its full name.
    """
    path = package.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def sources_of(package: Path, modules: Iterable[str]) -> tuple[Source, ...]:
    """List the files that compiled modules depend on, with what they are now.

    Compiled code holds constants and layouts of what it imports, and so on.

    Args:
        package: Folder of the top package.
        modules: What is compiled.
    """
    waiting, seen = list(modules), set(modules)
    files = set()
    while waiting:
        path = path_of(package, waiting.pop())
        files.add(path)
        for name in _imports(package, path):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return tuple(_source(package, path) for path in sorted(files))


def _imports(package: Path, path: Path) -> Iterator[str]:
    """Name the modules of the same package that a file imports, for types only as well."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.partition(".")[0] == package.name and path_of(package, name).is_file():
                yield name


def _source(package: Path, path: Path) -> Source:
    stat = path.stat()
    name = path.relative_to(package).as_posix()
    return Source(name, stat.st_size, stat.st_mtime_ns, digest_of(str(path)))
