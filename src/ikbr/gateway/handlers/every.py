"""Every handler: what is done about each request."""

from __future__ import annotations

from ikbr.gateway.handlers import (
    accounts,
    basics,
    contracts,
    history,
    market_data,
    orders,
    unserved,
)
from ikbr.gateway.handlers.entry import Entry

HANDLERS: dict[int, Entry] = {
    table.number: (table, handle)
    for topic in (basics, contracts, orders, accounts, market_data, history, unserved)
    for table, handle in topic.ENTRIES
}
"""Every request that is understood, by its number."""
