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


_OPCODES = {
    "STORE_GLOBAL": "it assigns a global variable; keep the value in its state",
    "DELETE_GLOBAL": "it deletes a global variable; keep values in its state",
    "IMPORT_NAME": "it imports within itself; import at the top of the file",
}


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
    found = re.match(r"Unknown attribute '?(\w+)'? of type (\w+)", reason)
    if found and found[2] == "Module":
        return (
            f"{found[1]!r} of a module has no compiled form (import functions of your own by "
            f"name, as `from module import {found[1]}`)"
        )
    if found:
        return f"{_OWNERS.get(found[2], found[2])} has no field {found[1]!r}"
    found = re.match(r"Cannot resolve setattr: \((\w+)\(.*?\)\)\.(\w+)", reason)
    if found:
        return f"the field {found[2]!r} of {_OWNERS.get(found[1], found[1])} cannot be assigned"
    if re.match(r"Cannot cast .* to array", reason):
        return "a field of cells cannot be assigned; assign its cells one by one"
    found = re.match(r"No definition for lowering (\w+)\(.*\)\.(\w+) = ", reason)
    if found:
        return f"the field {found[2]!r} of {_OWNERS.get(found[1], found[1])} cannot be assigned"
    found = re.match(r"Use of unsupported opcode \((\w+)\) found", reason)
    if found:
        return _OPCODES.get(found[1], f"its bytecode {found[1]} has no compiled form")
    if re.match(r"<numba\..* object at 0x", reason):
        return "it closes over something that has no compiled form (numbers and tuples have)"
    found = re.match(r"Cannot cast (.+) to (\w+)", reason)
    if found:
        return f"{found[1]} cannot be put into a field of type {found[2]}"
    found = re.match(r"Untyped global name '(\w+)'", reason) or re.match(
        r"The use of a .* type, assigned to variable '(\w+)' in globals", reason
    )
    if found:
        return (
            f"it uses {found[1]!r}, which has no compiled form (numbers, tuples, arrays and "
            f"functions have)"
        )
    if reason.startswith("No implementation of function") and len(lines) > 1:
        reason = f"{reason} {lines[1].lstrip('> ')}"
    return reason.removeprefix("NameError: ").rstrip(".;:")
