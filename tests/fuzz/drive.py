"""Fuzz one target in this process with atheris: python -m tests.fuzz.drive TARGET OPTIONS..."""

from __future__ import annotations

import importlib
import sys

import atheris
from tests.fuzz.modules import MODULES
from tests.fuzz.targets import target


def main() -> None:
    """Instrument what is under test, then let libFuzzer drive; it ends the process itself."""
    name = sys.argv[1]
    with atheris.instrument_imports(include=list(MODULES[name])):
        for module in MODULES[name]:
            importlib.import_module(module)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target(name).feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
