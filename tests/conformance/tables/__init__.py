"""The tables: what every client is to hear of the gateway, topic by topic."""

from conformance.tables import (
    accounts,
    contracts,
    history,
    lives,
    market_data,
    orders,
    refusals,
    session,
    streams,
)

TOPICS = (
    session.TOPIC,
    accounts.TOPIC,
    accounts.TWO,
    contracts.TOPIC,
    market_data.LINES,
    market_data.DELAYED,
    market_data.LIMITS,
    streams.TICKS,
    streams.SIZES,
    streams.DEPTH,
    streams.REAL_TIME_BARS,
    history.BARS,
    history.TICKS,
    orders.KINDS,
    orders.CONDITIONS,
    lives.CHANGES,
    lives.FAMILIES,
    lives.LISTS,
    refusals.ORDERS,
    refusals.READ_ONLY,
    refusals.SHORT,
    refusals.PACE,
    refusals.UNSERVED,
)
