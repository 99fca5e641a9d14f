"""The key of compiled code: it changes when anything changes that the code depends on.

A kernel's own text is not enough: it may call helpers in other files and read constants
anywhere. So everything it reaches is walked through: bytecode, constants, defaults, closures,
globals, attributes of modules, and the text of every file this comes from.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
import types
from collections.abc import Iterable, Mapping
from enum import Enum
from importlib.machinery import SourceFileLoader
from typing import Any

PLAIN = (int, float, complex, str, bytes, bool, type(None), type(Ellipsis))
_INSTALLED = ("site-packages", "dist-packages")


class Uncacheable(Exception):  # noqa: N818 - it is caught, never shown
    """Say that something is reached whose changes cannot be noticed."""


def key_of(
    functions: Iterable[Any], *others: object, modules: Iterable[types.ModuleType] = ()
) -> str:
    """Make a key for compiled functions.

    Args:
        functions: What is compiled.
        others: What else the result depends on, as plain values.
        modules: Modules whose text it depends on.

    Returns:
        A name of 32 hexadecimal digits.

    Raises:
        Uncacheable: When a function reaches something that is no plain value, function or
            module.
    """
    walk = _Walk()
    for function in functions:
        walk.take(function)
    walk.take(tuple(repr(other) for other in others))
    walk.files.update(path for module in modules if (path := module.__file__))
    for path in sorted(walk.files):
        walk.add(path, _text_of(path))
    return walk.digest.hexdigest()[:32]


class _Walk:
    """Feed everything that is reached into one digest."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.files: set[str] = set()
        self._seen: dict[int, Any] = {}

    def add(self, *parts: object) -> None:
        for part in parts:
            raw = part if isinstance(part, bytes) else repr(part).encode()
            self.digest.update(len(raw).to_bytes(8, "little") + raw)

    def take(self, value: Any, names: tuple[str, ...] = ()) -> None:
        """Feed a value; of a module only the attributes that are named."""
        if isinstance(value, Enum):
            self.add("enum", type(value).__qualname__, value.name, value.value)
        elif isinstance(value, PLAIN):
            self.add(type(value).__name__, value)
        elif isinstance(value, tuple | list):
            self.add(type(value).__name__, len(value))
            for item in value:
                self.take(item, names)
        elif isinstance(value, set | frozenset):
            self.add("set", sorted(repr(item) for item in value))
        elif isinstance(value, types.ModuleType):
            self._module(value, names)
        elif id(value) in self._seen:
            self.add("seen", getattr(value, "__qualname__", ""))
        else:
            self._seen[id(value)] = value
            self._complex(value, names)

    def _complex(self, value: Any, names: tuple[str, ...]) -> None:
        function = getattr(value, "py_func", value)
        if isinstance(function, types.FunctionType):
            self.add("options", sorted(map(repr, getattr(value, "targetoptions", {}).items())))
            self._function(function)
        elif isinstance(value, type):
            self._class(value, names)
        elif isinstance(value, types.BuiltinFunctionType) or _is_ufunc(value):
            self.add("builtin", getattr(value, "__module__", ""), value.__name__)
        elif isinstance(value, Mapping):
            self.add("mapping", len(value))
            for key, item in value.items():
                self.take(key)
                self.take(item)
        elif hasattr(value, "dtype") and hasattr(value, "tobytes"):
            self.add("array", str(value.dtype), getattr(value, "shape", ()), value.tobytes())
        elif type(value).__module__.partition(".")[0] == "numba":
            self.add("numba", value)
        else:
            raise Uncacheable(repr(value))

    def _function(self, function: types.FunctionType) -> None:
        self.add("function", function.__module__, function.__qualname__)
        self._file(function.__code__.co_filename)
        if _is_installed(function.__code__.co_filename):
            self.add(_version(function.__module__))
            return
        self._code(function.__code__, function.__globals__)
        self.take(function.__defaults__ or ())
        self.take(tuple(sorted((function.__kwdefaults__ or {}).items())))
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            self.add(name)
            self.take(cell.cell_contents, function.__code__.co_names)

    def _code(self, code: types.CodeType, scope: Mapping[str, Any]) -> None:
        self.add(code.co_code, code.co_names, code.co_varnames, code.co_freevars)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._code(constant, scope)
            else:
                self.take(constant)
        for name in code.co_names:
            if name in scope:
                self.add(name)
                self.take(scope[name], code.co_names)

    def _module(self, module: types.ModuleType, names: tuple[str, ...]) -> None:
        self.add("module", module.__name__, _version(module.__name__))
        path = getattr(module, "__file__", None)
        if path is None or _is_installed(path) or _is_standard(module.__name__):
            return
        self._file(path)
        for name in names:
            if hasattr(module, name):
                self.add(name)
                self.take(getattr(module, name), names)

    def _class(self, value: type, names: tuple[str, ...]) -> None:
        self.add("class", value.__module__, value.__qualname__)
        path = getattr(sys.modules.get(value.__module__), "__file__", None)
        if path is not None:
            self._file(path)
        if path is None or not (_is_installed(path) or _is_standard(value.__module__)):
            for name in names:
                if name in vars(value):
                    self.take(vars(value)[name], names)

    def _file(self, path: str) -> None:
        if not _is_installed(path):
            self.files.add(path)


def _is_installed(path: str) -> bool:
    return any(part in path for part in _INSTALLED)


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _is_ufunc(value: Any) -> bool:
    return type(value).__name__ in ("ufunc", "_ArrayFunctionDispatcher", "builtin_function")


def _version(module: str) -> str:
    top = sys.modules.get(module.partition(".")[0])
    return str(getattr(top, "__version__", ""))


def _text_of(path: str) -> bytes:
    """Give the text of a source file; what has none (a notebook's cell) is told by bytecode."""
    try:
        return SourceFileLoader("", path).get_data(path)
    except OSError:
        return inspect.cleandoc(path).encode()
