"""The WebSocket of a page, as uvicorn speaks it, but for how it ends with the server."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import OPEN


class PageSocket(WebSocketsSansIOProtocol):
    """End with the server also while the page ends it.

    uvicorn tells every page that is connected that the server goes; one that has said before that
    it goes itself may be told nothing more, and the server ended with that as its error.
    Source: RFC 6455, section 5.5.1: after a close frame no more frames are sent.
    """

    def shutdown(self) -> None:
        """Say that the server goes, unless the page has gone already."""
        if self.handshake_complete and not self.close_sent and self.conn.state is not OPEN:
            self.stop_keepalive()
            self.transport.abort()  # what it does not answer over TLS is waited for no more
            return
        super().shutdown()
