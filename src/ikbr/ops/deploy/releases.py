"""Releases side by side, and the link that says which one runs.

ROOT/releases/1.2.0/venv/bin/ikbr
ROOT/current  → releases/1.2.0
ROOT/previous → releases/1.1.0
ROOT/state    journals, sessions, catalog, config: stays where it is
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ikbr.domain.errors import ConfigError, StateError, nearest

PROGRAM = Path("venv/bin/ikbr")
CHECK_S = 60.0


class Releases:
    """Know and switch the releases of a host.

    Attributes:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        """Look at a folder."""
        self.root = root

    @property
    def state(self) -> Path:
        """Where what outlives releases lies."""
        return self.root / "state"

    @property
    def names(self) -> list[str]:
        """Name the releases that are there."""
        folder = self.root / "releases"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    @property
    def current(self) -> str:
        """Name the release that runs; "" for none."""
        return self._linked("current")

    @property
    def previous(self) -> str:
        """Name the release that ran before; "" for none."""
        return self._linked("previous")

    def check(self, name: str) -> str:
        """Make sure that a release can be started.

        Returns:
            What it says of its version.

        Raises:
            ConfigError: When there is no such release, or its program does not run.
        """
        if name not in self.names:
            raise ConfigError(f"release {name!r} is not there; {nearest(name, self.names)}.")
        program = self.root / "releases" / name / PROGRAM
        try:
            told = subprocess.run(
                [program, "--version"], capture_output=True, text=True, timeout=CHECK_S, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ConfigError(f"release {name!r}: {program} does not run ({error}).") from None
        return told.stdout.strip()

    def switch(self, name: str) -> None:
        """Let another release be the one that runs from the next start on.

        Raises:
            StateError: When the links cannot be written.
        """
        before = self.current
        try:
            if before and before != name:
                self._link("previous", before)
            self._link("current", name)
        except OSError as error:
            raise StateError(
                f"{self.root}/current cannot be written ({error.strerror}); it names {before!r}."
            ) from None

    def _linked(self, name: str) -> str:
        link = self.root / name
        return os.readlink(link).rpartition("/")[2] if link.is_symlink() else ""

    def _link(self, name: str, release: str) -> None:
        # A link is replaced as a whole, so that there is always one.
        temporary = self.root / f".{name}.{os.getpid()}"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(Path("releases") / release)
        os.replace(temporary, self.root / name)
