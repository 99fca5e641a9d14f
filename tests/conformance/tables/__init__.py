"""The tables: what every client is to hear of the gateway, topic by topic."""

from conformance.tables import contracts, history, market_data, session, streams

TOPICS = (
    session.TOPIC,
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
)
