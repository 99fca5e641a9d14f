"""Loading a Python file as a module of its own."""

from __future__ import annotations

import hashlib
import sys
import traceback
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from types import CodeType, ModuleType

from ikbr.domain.errors import StrategyError


class _FreshLoader(SourceFileLoader):
    """Compile the text that is there now.

    The usual loader trusts the compiled file beside the source when time and size agree, and
    so misses a quick edit of the same length.
    """

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def load_module(path: str) -> ModuleType:
    """Load a Python file under a module name that nothing else has.

    Strategies never touch files; a person's strategy has to come from one, though. It is read
    here by Python's own import machinery and nowhere else.

    Args:
        path: Of the file.

    Raises:
        StrategyError: When it is not there, is no Python, or fails while it is imported.
    """
    name = f"ikbr_strategy_{_digest(path)}"
    loader = _FreshLoader(name, path)
    spec = ModuleSpec(name, loader, origin=path)
    spec.has_location = True
    module = module_from_spec(spec)
    # Type hints and data classes look their module up by name.
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except SyntaxError as error:
        del sys.modules[name]
        raise StrategyError(
            f"{error.filename or path}, line {error.lineno}: {error.msg}; correct the syntax."
        ) from error
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise StrategyError(
            f"{path}{_line(path, error)}: the import failed with {type(error).__name__}: {error}."
        ) from error
    return module


def _digest(path: str) -> str:
    """Name a file and its text, so that a changed file gets a new module."""
    try:
        text = SourceFileLoader("", path).get_data(path)
    except FileNotFoundError:
        raise StrategyError(
            f"strategy file {path!r} does not exist; check the path (it is relative to the "
            f"current directory)."
        ) from None
    except OSError as error:
        raise StrategyError(f"strategy file {path!r} cannot be read: {error.strerror}.") from error
    return hashlib.sha256(path.encode() + b"\0" + text).hexdigest()[:16]


def _line(path: str, error: BaseException) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    return f", line {frames[-1].lineno}" if frames else ""
