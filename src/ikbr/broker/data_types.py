"""Types of market data: live, or something older that looks the same.

Source: IBKR, TWS API, "Market data types": 1 live, 2 frozen, 3 delayed, 4 delayed and frozen; the
gateway says with each line of which type it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ib_async import IB

LIVE, FROZEN, DELAYED, DELAYED_FROZEN = 1, 2, 3, 4
NAMES = {LIVE: "live", FROZEN: "frozen", DELAYED: "delayed", DELAYED_FROZEN: "delayed and frozen"}


class DataTypes:
    """Ask for a type of market data, and hear of which type each line is.

    Attributes:
        delayed: Whether delayed data will do; trading wants live data only.
        of_line: The type of each line, by request id.
        on_wrong: Told of a line whose data is not of the type that was asked for, with words.
    """

    def __init__(self, ib: IB, *, delayed: bool = False) -> None:
        """Listen to a client."""
        self.delayed = delayed
        self.of_line: dict[int, int] = {}
        self.on_wrong: Callable[[int, str], None] = lambda _request_id, _words: None
        self._client: Any = ib.client
        wrapper: Any = ib.wrapper
        theirs = wrapper.marketDataType

        def market_data_type(request_id: int, kind: int) -> None:
            self._on_type(request_id, kind)
            theirs(request_id, kind)

        wrapper.marketDataType = market_data_type
        ib.disconnectedEvent.connect(self.of_line.clear, keep_ref=True)

    def request(self) -> None:
        """Ask for the type; it counts for the lines that are begun afterwards."""
        self._client.reqMarketDataType(DELAYED if self.delayed else LIVE)

    def _on_type(self, request_id: int, kind: int) -> None:
        self.of_line[request_id] = kind
        if kind != LIVE and not self.delayed:
            words = f"the gateway gives {NAMES.get(kind, kind)} data where live data is asked for"
            self.on_wrong(request_id, words)
