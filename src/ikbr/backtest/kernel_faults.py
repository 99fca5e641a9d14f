"""Why a kernel cannot be compiled, in words: Numba's messages are made for its own developers."""

from __future__ import annotations

import os
import re

_NOISE = re.compile(
    r"^(Failed in nopython mode|During: |File \"|\s*<source elided>|There are \d+ candidate|"
    r"This error may have been caused|\s*$|- Resolution failure|\s*Overload of|\s*Of which|"
    r"Invalid use of|\s*Known signatures|- (argument|During))"
)
_OWNERS = {"State": "the state", "Params": "params", "KernelTick": "a tick"}


_USUAL = (
    (
        r"Unknown attribute '?(?P<name>\w+)'? of type Module",
        "'{name}' of a module has no compiled form (import functions of your own by name, as "
        "`from module import {name}`)",
    ),
    (
        r"Unknown attribute '?(?P<name>\w+)'? of type (?P<owner>\w+)",
        "{owner} has no field '{name}'",
    ),
    (
        r"Cannot resolve setattr: \((?P<owner>\w+)\(.*?\)\)\.(?P<name>\w+)",
        "the field '{name}' of {owner} cannot be assigned",
    ),
    (
        r"No definition for lowering (?P<owner>\w+)\(.*\)\.(?P<name>\w+) = ",
        "the field '{name}' of {owner} cannot be assigned",
    ),
    (
        r"Cannot cast .* to array",
        "a field of cells cannot be assigned; assign its cells one by one",
    ),
    (
        r"Cannot cast (?P<one>.+) to (?P<other>\w+)",
        "{one} cannot be put into a field of type {other}",
    ),
    (
        r"(Untyped global name|The use of a .* type, assigned to variable) '(?P<name>\w+)'",
        "it uses '{name}', which has no compiled form (numbers, tuples, arrays and functions have)",
    ),
    (
        r"Use of unsupported opcode \((STORE|DELETE)_GLOBAL\)",
        "it assigns a global variable; keep the value in its state",
    ),
    (
        r"Use of unsupported opcode \(IMPORT_NAME\)",
        "it imports within itself; import at the top of the file",
    ),
    (
        r"<numba\..* object at 0x",
        "it closes over something that has no compiled form (numbers and tuples have)",
    ),
)
"""What Numba says, and the same in plain words."""


def explain(who: str, place: str, error: Exception) -> str:
    """Say in a sentence why Numba could not compile something.

    Args:
        who: Whose kernel it is.
        place: Where that begins, should the message name no line.
        error: What Numba raised.

    >>> explain("Mine.on_tick", "mine.py, line 3", NameError("name 'x' is not defined"))[:70]
    "Mine.on_tick (mine.py, line 3) cannot be compiled: name 'x' is not def"
    """
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    places = re.findall(r'File "([^"]+)", line (\d+)', plain)
    if places:
        path, line = places[-1]
        place = f"{os.path.abspath(path)}, line {line}"
    where = f" ({place})" if place else ""
    return (
        f"{who}{where} cannot be compiled: {reason_in(plain)}; write it in Numba's subset of "
        f"Python (docs/kernels.md), or run it as Python with --no-compile."
    )


def reason_in(text: str) -> str:
    """Find the reason in a message of Numba, and say the usual ones in plain words.

    >>> reason_in("Unknown attribute 'volume' of type KernelTick(float64)")
    "a tick has no field 'volume'"
    >>> reason_in("Use of unsupported opcode (IMPORT_NAME) found. Raised from mine.py (3)")
    'it imports within itself; import at the top of the file'
    >>> reason_in("Untyped global name 'names': Cannot determine Numba type")
    "it uses 'names', which has no compiled form (numbers, tuples, arrays and functions have)"
    """
    lines = [line.strip() for line in text.splitlines() if not _NOISE.match(line)]
    reason = lines[0] if lines else "Numba gives no reason"
    reason = re.sub(r"Literal\[\w+\]\((.*?)\)", r"\1", reason)
    for pattern, words in _USUAL:
        if (found := re.match(pattern, reason)) is not None:
            parts = found.groupdict()
            owner = parts.get("owner", "")
            return words.format(**{**parts, "owner": _OWNERS.get(owner, owner)})
    if reason.startswith("No implementation of function") and len(lines) > 1:
        reason = f"{reason} {lines[1].lstrip('> ')}"
    return reason.removeprefix("NameError: ").rstrip(".;:")
