"""Data farms: which of IB's servers the gateway is connected with."""

from __future__ import annotations

from enum import Enum


class FarmState(Enum):
    """Say how a farm is."""

    THERE = "there"
    ASLEEP = "asleep"
    """It wakes when it is needed."""
    LOST = "lost"


FARM_CODES: dict[int, FarmState] = {
    2103: FarmState.LOST,
    2104: FarmState.THERE,
    2105: FarmState.LOST,
    2106: FarmState.THERE,
    2107: FarmState.ASLEEP,
    2108: FarmState.ASLEEP,
    2119: FarmState.LOST,
    2157: FarmState.LOST,
    2158: FarmState.THERE,
}
"""Source: IBKR, TWS API, "System message codes"; 2119 is on its way to be there."""

LIMIT = 100


class Farms:
    """Keep the state of each farm by its name, which ends the text of the code.

    >>> farms = Farms()
    >>> farms.on_code(2103, "Market data farm connection is broken:usfarm")
    True
    >>> farms.lost, farms.on_code(2104, "Market data farm connection is OK:usfarm"), farms.lost
    (['usfarm'], True, [])
    """

    __slots__ = ("states",)

    def __init__(self) -> None:
        """Start with none known."""
        self.states: dict[str, FarmState] = {}

    def on_code(self, code: int, text: str) -> bool:
        """Take a code; say whether it was about a farm."""
        state = FARM_CODES.get(code)
        if state is None:
            return False
        name = text.rpartition(":")[2].strip() or str(code)
        if name in self.states or len(self.states) < LIMIT:
            self.states[name] = state
        return True

    @property
    def lost(self) -> list[str]:
        """Name the farms that are lost."""
        return [name for name, state in self.states.items() if state is FarmState.LOST]
