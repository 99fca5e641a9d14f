"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


class Replacing:
    """Give a temporary file that takes another's place when the block ends well."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def __enter__(self) -> Path:
        """Make the folder and name the temporary file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self._temporary

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Rename it, or remove it after an error."""
        try:
            if kind is None:
                os.replace(self._temporary, self._path)
        finally:
            # What prevented writing may prevent this too, and it is what has to be told.
            with suppress(OSError):
                self._temporary.unlink(missing_ok=True)
