"""The pace of historical requests, by the wall clock of the server.

Source: IBKR, "Historical data limitations": for bars of 30 seconds and less no identical request
within 15 seconds, fewer than six for one contract and kind within two seconds, sixty in ten
minutes, BID_ASK counting twice (TWS API message code 162, "pacing violation").
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from ikbr.gateway.times import SECOND_NS

IDENTICAL_NS = 15 * SECOND_NS
BURST_NS, MOST_IN_BURST = 2 * SECOND_NS, 5
WINDOW_NS, MOST_IN_WINDOW = 600 * SECOND_NS, 60


class StreamPace:
    """Count new real-time bars of one client.

    Source: IBKR, "Real time bars": at most 60 new requests in ten minutes (TWS API message code
    420).
    """

    def __init__(self) -> None:
        """Start without requests."""
        self._asked: deque[int] = deque(maxlen=MOST_IN_WINDOW)

    def allows(self, at_ns: int) -> bool:
        """Count a request and say whether it may pass.

        Args:
            at_ns: Wall time, ns.
        """
        asked = self._asked
        while asked and at_ns - asked[0] >= WINDOW_NS:
            asked.popleft()
        if len(asked) >= MOST_IN_WINDOW:
            return False
        asked.append(at_ns)
        return True


class HistoryPace:
    """Count the requests of one client for small bars."""

    def __init__(self) -> None:
        """Start without requests."""
        self._asked: deque[tuple[int, Hashable, Hashable]] = deque(maxlen=MOST_IN_WINDOW)

    def allows(self, at_ns: int, same: Hashable, kind: Hashable, *, twice: bool = False) -> bool:
        """Count a request and say whether it may pass.

        Args:
            at_ns: Wall time, ns.
            same: What is equal for identical requests.
            kind: What is equal for requests of one contract, exchange and kind of data.
            twice: Whether it counts double (BID_ASK).

        >>> pace = HistoryPace()
        >>> pace.allows(0, "a", 1), pace.allows(1, "a", 1), pace.allows(16 * 10**9, "a", 1)
        (True, False, True)
        """
        asked = self._asked
        while asked and at_ns - asked[0][0] >= WINDOW_NS:
            asked.popleft()
        weight = 2 if twice else 1
        if len(asked) + weight > MOST_IN_WINDOW:
            return False
        if any(one == same and at_ns - then < IDENTICAL_NS for then, one, _ in asked):
            return False
        lately = sum(one == kind and at_ns - then < BURST_NS for then, _, one in asked)
        if lately + weight > MOST_IN_BURST:
            return False
        asked.extend([(at_ns, same, kind)] * weight)
        return True
