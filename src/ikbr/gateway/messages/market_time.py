"""Market time: an extension of the protocol, for clients whose clock is to be that of the market.

The gateway's greeting says that it is simulated (`GREETING`). A client that reads this may send
`FOLLOW_TIME` before it starts the API. From then on every message to it is preceded by
`MARKET_TIME` when time has moved, and whatever is sent at once ends with `TURN`: the market waits
until the client has answered `CONTINUE`, and goes no further than the time that it names there,
which is that of its next timer (0: it has none). No other client hears or feels any of it.
"""

from __future__ import annotations

from ikbr.gateway.tables import Table

GREETING = "simulated"
"""The last word of the time in the greeting, which clients do not interpret."""

FOLLOW_TIME = Table(9001, "followTime", "=1")
CONTINUE = Table(9002, "continue", "=1 turn:i untilNs:i")

MARKET_TIME = Table(9001, "marketTime", "=1 nowNs:i")
TURN = Table(9002, "turn", "=1 turn:i")
