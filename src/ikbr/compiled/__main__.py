"""`./run compile`: compile the modules that every order passes through, or remove them."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ikbr.compiled.build import build, remove
from ikbr.compiled.module_list import compiled_modules
from ikbr.compiled.record import FOLDER
from ikbr.compiled.toolchain import BuildError

PACKAGE = Path(__file__).parent.parent
USAGE = "usage: ./run compile [--remove]"


def main(arguments: list[str]) -> int:
    """Do what was asked.

    Returns:
        The exit code: 2 for words that are not understood, 1 when it cannot be done.
    """
    folder = Path(sys.prefix, FOLDER)
    if arguments == ["--remove"]:
        there = remove(folder)
        _say("the compiled modules are removed" if there else "nothing was compiled")
        return 0
    if arguments:
        _say(f"compile knows {' '.join(arguments)!r} not; {USAGE}")
        return 2
    began = time.monotonic()
    try:
        record = build(PACKAGE, compiled_modules(), folder, _say)
    except BuildError as error:
        _say(f"{error}")
        return 1
    seconds = time.monotonic() - began
    _say(
        f"{len(record.modules)} modules are compiled ({seconds:.0f} s) and used from now on, "
        f"until one of {len(record.sources)} files changes"
    )
    return 0


def _say(words: str) -> None:
    print(f"ikbr: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
