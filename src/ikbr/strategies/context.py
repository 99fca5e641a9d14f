"""The context: what a strategy may ask of the pipeline around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from ikbr.domain.order import Order
from ikbr.domain.ticker import Ticker

if TYPE_CHECKING:
    # Commands that only name strategies should not wait for numpy.
    import numpy as np
    from numpy.typing import NDArray


class TickHistory(Protocol):
    """Hold the latest prints of one instrument as columns, oldest first."""

    def __len__(self) -> int:
        """Count the prints held."""

    def window(self, n: int | None = None) -> NDArray[np.float64]:
        """View the latest `n` prices, without copying."""

    @property
    def prices(self) -> NDArray[np.float64]:
        """All prices held."""

    @property
    def volumes(self) -> NDArray[np.int64]:
        """All sizes held."""

    @property
    def timestamps(self) -> NDArray[np.int64]:
        """All times held, ns UTC."""


class StrategyContext(Protocol):
    """Answer a strategy's questions and carry its wishes; one per running instance.

    Everything is the instance's own: its virtual position, its orders, its equity.
    """

    @property
    def name(self) -> str:
        """Name of the running instance."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """What it runs on."""

    @property
    def now_ns(self) -> int:
        """The present, ns UTC."""

    @property
    def capital(self) -> float:
        """Its opening capital, in the base currency."""

    @property
    def equity(self) -> float:
        """What its own books are worth now, in the base currency."""

    @property
    def tickers(self) -> Mapping[str, Ticker]:
        """Its tickers, by symbol."""

    @property
    def orders(self) -> Sequence[Order]:
        """Its working orders as they stand now (a copy), oldest first."""

    def buffer(self, symbol: str) -> TickHistory:
        """Give the latest prints of a symbol."""

    def position(self, symbol: str) -> int:
        """Give its own signed position."""

    def pending(self, symbol: str) -> int:
        """Give the signed quantity that its orders have still to fill."""

    def cancel(self, order_id: int) -> None:
        """Ask for the cancellation of one of its orders."""

    def modify(
        self,
        order_id: int,
        *,
        limit_price: float | None = None,
        stop_price: float | None = None,
        quantity: int | None = None,
    ) -> None:
        """Change one of its orders; what is None stays as it is."""

    def set_timer(
        self, name: str, *, at_ns: int | None = None, every_s: float | None = None
    ) -> None:
        """Have `on_timer(name)` called at a time, or again and again; replaces that name's."""

    def cancel_timer(self, name: str) -> None:
        """Forget a timer; harmless when there is none."""

    def log(self, message: str) -> None:
        """Write a line into the run's log."""
