"""A plan of faults, as a file says it.

seed = 7                       # decides what `chance` comes to; 0 when it is not said

[[fault]]
what = "drop"
at = "10:30"
client = 1
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from ikbr.domain.errors import ConfigError
from ikbr.gateway.faults.fault import Fault, read_fault

MOST_FAULTS = 10_000


class FaultPlan(msgspec.Struct, frozen=True):
    """Hold what is to go wrong.

    Attributes:
        faults: In the order in which they were written.
        seed: Decides what `chance` comes to.
    """

    faults: tuple[Fault, ...] = ()
    seed: int = 0


def load_plan(path: Path) -> FaultPlan:
    """Read a plan.

    Raises:
        ConfigError: When it cannot be read or makes no sense.
    """
    try:
        with path.open("rb") as file:
            given = tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"the fault plan {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the fault plan {path} is no TOML: {error}.") from None
    return read_plan(given, str(path))


def read_plan(given: dict[str, object], place: str = "plan") -> FaultPlan:
    """Read a plan that was decoded.

    Args:
        given: Names and values.
        place: What it is called in an error.

    Raises:
        ConfigError: When it makes no sense.
    """
    for name in given:
        if name not in {"seed", "fault"}:
            raise ConfigError(f"{place}: {name} is unknown; write seed and [[fault]] only.")
    seed, faults = given.get("seed", 0), given.get("fault", [])
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise ConfigError(f"{place}: seed = {seed!r} must be a whole number, 0 or more.")
    if not isinstance(faults, list) or len(faults) > MOST_FAULTS:
        raise ConfigError(f"{place}: fault must be a list of at most {MOST_FAULTS}: [[fault]].")
    return FaultPlan(
        tuple(read_fault(one, f"{place}: fault {n}") for n, one in enumerate(faults, 1)), seed
    )
