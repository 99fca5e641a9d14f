"""The volume-weighted average price."""

from __future__ import annotations

from ikbr.strategies.indicators._window import NAN


class VWAP:
    """Average the prices of all prints since the last reset, weighted by their sizes.

    Call `reset()` at the start of a session. Ready with the first print. A print whose price is
    not finite or whose size is not a finite number above 0 is ignored. Distances from the first
    price are summed, with Neumaier's compensation, so a long session loses no digits.

    Source: `Σ price × size / Σ size`; S. A. Berkowitz, D. E. Logue, E. A. Noser, "The total cost
    of transactions on the NYSE", Journal of Finance 43 (1988). Summation: A. Neumaier,
    "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54 (1974).

    >>> vwap = VWAP()
    >>> [vwap.update(10.0, 100), vwap.update(11.0, 300)]
    [10.0, 10.75]
    """

    __slots__ = ("_base", "_lost", "_sum", "ready", "value", "volume")

    def __init__(self) -> None:
        """Start empty."""
        self.reset()

    def reset(self) -> None:
        """Forget everything, as at the start of a session."""
        self.value = NAN
        self.ready = False
        self.volume = 0.0
        self._base = self._sum = self._lost = 0.0

    def update(self, price: float, size: float) -> float:
        """Take the newest print.

        Args:
            price: Price of the print.
            size: Its size, in shares or contracts.

        Returns:
            The average price so far, NaN before the first print.
        """
        if price - price != 0.0 or not 0.0 < size < float("inf"):
            return self.value
        if not self.ready:
            self.ready = True
            self._base = price
        part = (price - self._base) * size
        before = self._sum
        self._sum = total = before + part
        if abs(before) >= abs(part):
            self._lost += (before - total) + part
        else:
            self._lost += (part - total) + before
        self.volume += size
        self.value = average = self._base + (total + self._lost) / self.volume
        return average
