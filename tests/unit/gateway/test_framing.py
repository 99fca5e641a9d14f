import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.errors import ProtocolError
from ikbr.gateway.framing import PREAMBLE, FrameReader, frame


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.data())
def test_messages_survive_any_tearing_of_the_stream(
    messages: list[bytes], data: st.DataObject
) -> None:
    stream = PREAMBLE + b"".join(frame(one) for one in messages)
    reader = FrameReader(preamble=True)
    found: list[bytes] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:size])
        stream = stream[size:]
    assert found == messages
    assert reader.held == 0


@pytest.mark.parametrize("length", [0, 1 << 18 | 1, 0xFFFFFFFF, 0x47455420])
def test_an_absurd_length_is_refused_at_once(length: int) -> None:
    with pytest.raises(ProtocolError, match="is announced"):
        FrameReader().feed(length.to_bytes(4, "big"))


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1", b"AP\0", b"\x16\x03\x01", b"\0"])
def test_a_stream_of_another_protocol_is_refused(start: bytes) -> None:
    with pytest.raises(ProtocolError, match="four bytes"):
        FrameReader(preamble=True).feed(start)


def test_the_preamble_may_come_byte_by_byte() -> None:
    reader = FrameReader(preamble=True)
    for byte in PREAMBLE:
        assert reader.feed(bytes([byte])) == []
    assert reader.feed(frame(b"v1")) == [b"v1"]


def test_no_more_is_held_than_what_came() -> None:
    reader = FrameReader(longest=100)
    reader.feed(b"\0\0\0\x64" + b"x" * 99)
    assert reader.held == 103
    assert reader.feed(b"x" + b"\0\0") == [b"x" * 100]
    assert reader.held == 2
