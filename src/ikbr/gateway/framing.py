"""Frames: how messages are cut out of a stream of bytes, and put into one.

Source: TWS API socket protocol: a 32-bit big-endian length, then so many bytes of fields, each
ended by a NUL. Before its first frame a client sends the four bytes `API` and NUL.
"""

from __future__ import annotations

from struct import Struct

from ikbr.domain.errors import ProtocolError

PREAMBLE = b"API\0"
LONGEST_REQUEST = 1 << 18
"""Bytes. No request comes near; a longer one is a broken or hostile client."""
LONGEST_ANSWER = 0xFFFFFF
"""Bytes. Source: the official clients refuse to read longer messages."""

_LENGTH = Struct(">I")
_pack = _LENGTH.pack


def frame(payload: bytes) -> bytes:
    r"""Put a length before a message.

    >>> frame(b"9\x001\x001\x00")
    b'\x00\x00\x00\x069\x001\x001\x00'
    """
    return _pack(len(payload)) + payload


class FrameReader:
    """Collect bytes as they come and give back whole messages.

    Never holds more than one message of the longest allowed length and what came with it.
    """

    __slots__ = ("_buffer", "_longest", "_wants_preamble")

    def __init__(self, *, preamble: bool = False, longest: int = LONGEST_REQUEST) -> None:
        """Start with nothing.

        Args:
            preamble: Whether the stream must begin with `API` and NUL, as a client's does.
            longest: Longest message that is accepted, bytes.
        """
        self._buffer = bytearray()
        self._wants_preamble = preamble
        self._longest = longest

    def feed(self, data: bytes) -> list[bytes]:
        r"""Take bytes as they came.

        Args:
            data: Any piece of the stream.

        Returns:
            The messages that are whole now, without their lengths.

        Raises:
            ProtocolError: When the stream is no TWS API stream.

        >>> reader = FrameReader()
        >>> reader.feed(b"\0\0"), reader.feed(b"\0\2a\0\0\0")
        ([], [b'a\x00'])
        """
        buffer = self._buffer
        buffer += data
        if self._wants_preamble and not self._take_preamble():
            return []
        found = []
        start, end = 0, len(buffer)
        while end - start >= 4:
            (length,) = _LENGTH.unpack_from(buffer, start)
            if not 0 < length <= self._longest:
                raise ProtocolError(
                    f"a message of {length} bytes is announced; 1 to {self._longest} are allowed."
                )
            if end - start - 4 < length:
                break
            start += 4
            found.append(bytes(buffer[start : start + length]))
            start += length
        if start:
            del buffer[:start]
        return found

    @property
    def held(self) -> int:
        """Count the bytes of the message that is not whole yet."""
        return len(self._buffer)

    def _take_preamble(self) -> bool:
        buffer = self._buffer
        if not PREAMBLE.startswith(bytes(buffer[:4])):
            raise ProtocolError(
                "the stream does not begin with the four bytes of a TWS API client."
            )
        if len(buffer) < 4:
            return False
        del buffer[:4]
        self._wants_preamble = False
        return True
