"""The text that strategies consist of: their files, and everything of a person's that these use."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import ikbr

_PACKAGES = ("site-packages", "dist-packages")
_PLAIN = (int, float, complex, str, bytes, bool, type(None), tuple, list, dict)
_SCRIPT = "__main__"
_IKBR = Path(ikbr.__file__).parent


def texts_of(classes: Iterable[type]) -> Iterator[bytes]:
    """Give all text on which classes depend, as far as it can be found, in a fixed order.

    Of a class in a file: the file, and the files of the modules that it imports, as long as
    they are neither installed nor Python's own. Of a class in a script or notebook: its lines,
    and what it reaches from there. Of a class made in a function: the values it closes over.

    Args:
        classes: Of strategies.
    """
    seen = _Seen()
    for cls in classes:
        path = _path_of(cls)
        yield from seen.file(path) if path is not None else seen.value(cls)
        yield from seen.closed_over(cls)


class _Seen:
    """Go through sources, each once."""

    def __init__(self) -> None:
        self._files: set[Path] = set()
        self._values: dict[int, Any] = {}

    def file(self, path: Path) -> Iterator[bytes]:
        """Give a file's text and those of the modules that it imports."""
        path = path.resolve()
        if path in self._files:
            return
        self._files.add(path)
        text = path.read_bytes()
        yield text
        with suppress(SyntaxError, ValueError):
            for name in sorted(set(_imported(ast.parse(text), _package_of(path)))):
                if (found := _own_file(name)) is not None:
                    yield from self.file(found)

    def value(self, value: Any) -> Iterator[bytes]:
        """Give the text of something that a script or notebook made."""
        if id(value) in self._values:
            return
        self._values[id(value)] = value
        if isinstance(value, ModuleType):
            path = _own_file(value.__name__)
            yield from self.file(path) if path is not None else ()
        elif isinstance(value, type | FunctionType):
            path = _path_of(value)
            if path is not None:
                yield from self.file(path) if _is_own(value.__module__, path) else ()
            elif value.__module__ == _SCRIPT:
                yield _lines(value)
                yield from self._reached(value)
        elif isinstance(value, set | frozenset):
            yield repr(sorted(value, key=repr)).encode()
        elif isinstance(value, _PLAIN):
            yield repr(value).encode()
        else:
            import cloudpickle

            # What cannot be sent to workers is refused where it is sent.
            with suppress(Exception):
                yield cloudpickle.dumps(value)

    def closed_over(self, value: type | FunctionType) -> Iterator[bytes]:
        """Give the variables of an enclosing function that a class or function uses."""
        for function in _functions(value):
            cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
            for name, cell in cells:
                if name != "__class__":
                    yield name.encode()
                    with suppress(ValueError):  # not assigned yet
                        yield from self.value(cell.cell_contents)

    def _reached(self, value: type | FunctionType) -> Iterator[bytes]:
        """Give what the functions of a class, or a function, name outside of themselves."""
        if isinstance(value, type):
            yield from (text for base in value.__bases__ for text in self.value(base))
        for function in _functions(value):
            for name in sorted(_names(function.__code__)):
                if name in function.__globals__:
                    yield name.encode()
                    yield from self.value(function.__globals__[name])
        yield from self.closed_over(value)


def _functions(value: type | FunctionType) -> Iterator[FunctionType]:
    for part in [*vars(value).values()] if isinstance(value, type) else [value]:
        function = inspect.unwrap(getattr(part, "__func__", getattr(part, "fget", part)))
        if isinstance(function, FunctionType):
            yield function


def _lines(value: type | FunctionType) -> bytes:
    try:
        return inspect.getsource(value).encode()
    except (OSError, TypeError):
        import cloudpickle

        packed: bytes = cloudpickle.dumps(value)
        return packed


def _names(code: CodeType) -> set[str]:
    inner = (_names(one) for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*inner)


def _path_of(value: type | FunctionType) -> Path | None:
    """Find the file of a class or function; none for what a script or notebook made."""
    file = getattr(sys.modules.get(value.__module__), "__file__", None)
    return Path(file) if file and value.__module__ != _SCRIPT else None


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Name the modules that a file may import, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield from _with_parents(one.name)
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            if node.level:
                try:
                    name = importlib.util.resolve_name(name, package)
                except ImportError:
                    continue
            yield from _with_parents(name)
            yield from (f"{name}.{one.name}" for one in node.names)


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def _package_of(path: Path) -> str:
    """Name the package that a file belongs to, for its relative imports."""
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == str(path):
            return name if path.stem == "__init__" else name.rpartition(".")[0]
    return ""


def _own_file(name: str) -> Path | None:
    """Find the file of a module that is a person's own."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    parent = name.rpartition(".")[0]
    if module is None and (not parent or hasattr(sys.modules.get(parent), "__path__")):
        with suppress(ImportError, ValueError):
            spec = importlib.util.find_spec(name)
            file = spec.origin if spec is not None and spec.has_location else None
    path = Path(file) if file else None
    return path if path is not None and _is_own(name, path) else None


def _is_own(name: str, path: Path) -> bool:
    return (
        path.suffix == ".py"
        and name.partition(".")[0] not in sys.stdlib_module_names
        and not any(one in path.parts for one in _PACKAGES)
        and _IKBR not in path.resolve().parents
    )
