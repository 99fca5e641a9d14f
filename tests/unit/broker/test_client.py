"""The client hears what ib_async's own would hear, however the bytes are cut."""

from __future__ import annotations

import logging
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_async import IB
from ib_async.client import Client as IbClient

from ikbr.broker.client import WireClient
from ikbr.core.stopwatch import Stopwatch

HOT = ("1", "2", "3", "6", "11", "46", "73", "99")
NUMBERS = st.sampled_from(["", "0", "1", "-1", "17", "100.25", "1e5", "nan", "x", "1_0", " 7", "٣"])
TEXTS = st.sampled_from(["", "Filled", "Submitted", "ISLAND", "a\\b", "é", "48", "100.5;3;1;2;3;t"])
TIMES = st.sampled_from(["20260302 09:30:00 US/Eastern", "20260302  09:30:00", "20260302", "soon"])
FIELD = NUMBERS | TEXTS | TIMES
PATTERNS = {
    "1": ["6", "n", "n", "n", "n", "n"],
    "2": ["6", "n", "n", "n"],
    "3": ["n", "t", "n", "n", "n", "n", "n", "n", "n", "t", "n"],
    "6": ["2", "t", "n", "t", "t"],
    "11": [*"nn", *"ntttntttttt", *"tdttt", *"nnnnnnn", *"ttntnn"],
    "46": ["6", "n", "n", "t"],
    "73": ["1", "n", "t", "t", "t", "n", "t"],
}  # fmt: skip
GOOD = {"n": st.sampled_from(["0", "1", "2", "17", "100"]), "t": TEXTS, "d": TIMES}


@st.composite
def hot(draw: st.DrawFn) -> str:
    """A hot message as it should be, or nearly."""
    number = draw(st.sampled_from(sorted(PATTERNS)))
    fields = [GOOD[p] if p in GOOD else st.just(p) for p in PATTERNS[number]]
    values = [draw(field) for field in fields]
    if draw(st.integers(0, 4)) == 0:
        values[draw(st.integers(0, len(values) - 1))] = draw(FIELD)
    if draw(st.integers(0, 9)) == 0:
        values = values[: draw(st.integers(0, len(values)))]
    if draw(st.integers(0, 9)) == 0:
        values.append(draw(FIELD))
    return "\0".join([number, *values, ""])


@st.composite
def by_tick(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from("12345"))
    count = draw(st.sampled_from([5, 5, 5, 1, 0]))
    values = [draw(st.sampled_from(["1", "100.5", "", "3"])) for _ in range(count)]
    return "\0".join(["99", "7", kind, "1772461800", *values, ""])


COLD = st.lists(FIELD, max_size=6).map(lambda rest: "\0".join(["4", "2", "-1", *rest, ""]))
UNKNOWN = st.lists(FIELD, max_size=3).map(lambda rest: "\0".join(["777", *rest, ""]))
MESSAGES = st.lists(hot() | by_tick() | COLD | UNKNOWN, max_size=12)
READY = "\0".join(["9", "1", "5", ""]), "\0".join(["15", "1", "DU1", ""])


class Recording:
    """Stand in for ib_async's wrapper, and write down what it is told."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.ib = IB()
        self.defaultTimezone = self.ib.wrapper.defaultTimezone

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def note(*arguments: Any) -> None:
            self.heard.append((name, *map(repr, arguments)))

        return note


def frames(messages: list[str]) -> bytes:
    raw = [one.encode() for one in messages]
    return b"".join(pack(">I", len(one)) + one for one in raw)


def hear(kind: type[Any], messages: list[str], cuts: list[int], version: int = 178) -> Any:
    wrapper = Recording()
    client = kind(wrapper)
    client.startApi = lambda: None
    client._onSocketHasData(frames([f"{version}\x0020260302 09:30:00 EST\0", *READY]))
    data, at = frames(messages), 0
    for cut in sorted({*(cut % (len(data) + 1) for cut in cuts), len(data)}):
        client._onSocketHasData(data[at:cut])
        at = cut
    return client, wrapper.heard


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Any:
    """Keep what ib_async says of broken messages off the screen."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@given(messages=MESSAGES, cuts=st.lists(st.integers(0, 5_000), max_size=8),
       version=st.sampled_from([178, 178, 178, 176, 157]))  # fmt: skip
def test_any_stream_cut_anywhere_gives_the_callbacks_of_ib_asyncs_own_client(
    messages: list[str], cuts: list[int], version: int
) -> None:
    theirs, expected = hear(IbClient, messages, cuts, version)
    ours, heard = hear(WireClient, messages, cuts, version)
    assert heard == expected
    assert ours._numMsgRecv == theirs._numMsgRecv
    assert ours._numBytesRecv <= theirs._numBytesRecv


def test_hot_messages_as_they_should_be_are_decoded_here() -> None:
    quote = "\0".join(["1", "6", "7", "1", "100.25", "300", "1", ""])
    status = "\0".join(["3", "9", "Filled", "1", "0", "5.5", "11", "0", "5.5", "3", "", "0", ""])
    done = "\0".join([
        "11", "-1", "9", "4391", "KO", "STK", "", "0", "", "", "ISLAND", "USD", "KO", "KO",
        "00e0.01.01", "20260302 09:30:00 US/Eastern", "DU1", "ISLAND", "BOT", "100", "70.25", "11",
        "3", "0", "100", "70.25", "ikbr:9:bot", "", "", "", "1", "0", "",
    ])  # fmt: skip
    client, heard = hear(WireClient, [quote, done, status], [])
    assert [name for name, *_ in heard].count("execDetails") == 1
    assert client.left_to_ib_async == {}
    assert heard[-2] == ("orderStatus", "9", "'Filled'", "1.0", "0.0", "5.5", "11", "0", "5.5",
                         "3", "''", "0.0")  # fmt: skip
    assert ("priceSizeTick", "7", "1", "100.25", "300.0") in heard


@pytest.mark.parametrize(("message", "version"), [
    ("\0".join(["2", "6", "7", "1", "100", "extra", ""]), 178),
    ("\0".join(["2", "6", "7", "1", "100", ""]), 199),
])  # fmt: skip
def test_an_unknown_version_or_count_of_fields_goes_ib_asyncs_way_and_is_counted(
    message: str, version: int
) -> None:
    client, heard = hear(WireClient, [message], [], version)
    assert client.left_to_ib_async == {"2": 1}
    assert ("tickSize", "7", "1", "100.0") in heard


def test_a_backlog_costs_no_more_bytes_per_message_than_a_single_one() -> None:
    copied = 0

    class Counting(bytes):
        def __getitem__(self, at: Any) -> Any:
            nonlocal copied
            found = super().__getitem__(at)
            copied += len(found)
            return found

    wrapper = Recording()
    client = WireClient(wrapper)  # type: ignore[arg-type]
    client.startApi = lambda: None
    client._onSocketHasData(frames(["178\0now\0", *READY]))
    quote = frames(["\0".join(["1", "6", "7", "1", "100.25", "300", "1", ""])])
    client._onSocketHasData(Counting(quote * 5_000))
    assert copied <= 3 * len(quote) * 5_000


def test_what_ends_the_connection_ends_the_reading() -> None:
    wrapper = Recording()
    client = WireClient(wrapper)  # type: ignore[arg-type]
    client.startApi = lambda: None
    client._onSocketHasData(frames(["178\0now\0", *READY]))
    client.listen(46, lambda _fields: client.disconnect() or True)  # type: ignore[func-returns-value]
    last = "\0".join(["2", "6", "7", "1", "5", ""])
    client._onSocketHasData(frames(["46\x006\x007\x0048\0x\0", last]))
    assert not any(name == "tickSize" for name, *_ in wrapper.heard)


def test_a_listener_takes_its_own_and_leaves_the_rest() -> None:
    wrapper = Recording()
    client = WireClient(wrapper)  # type: ignore[arg-type]
    client.startApi = lambda: None
    client._onSocketHasData(frames(["178\0now\0", *READY]))
    taken: list[bytes] = []
    ended: list[bool] = []
    client.on_read_end = lambda: ended.append(True)

    def listener(fields: list[bytes]) -> bool:
        taken.append(fields[2])
        return fields[2] == b"7"

    client.listen(2, listener)
    client.tells_ib_async = False
    before = len(wrapper.heard)
    client._onSocketHasData(frames(["2\x006\x007\x001\x005\0"]))
    assert len(wrapper.heard) == before
    client._onSocketHasData(frames(["2\x006\x008\x001\x005\0"]))
    names = [name for name, *_ in wrapper.heard[before:]]
    assert names == ["tcpDataArrived", "tickSize", "tcpDataProcessed"]
    assert taken == [b"7", b"8"]
    assert len(ended) == 2


def test_whoever_watches_hears_of_data_that_is_read_late_before_it_is_told() -> None:
    now = [0]
    wrapper = Recording()
    client = WireClient(wrapper)  # type: ignore[arg-type]
    client.startApi = lambda: None
    client._onSocketHasData(frames(["178\0now\0", *READY]))
    client.watch = Stopwatch(lambda: now[0])
    order: list[str] = []
    client.listen(2, lambda fields: bool(order.append(fields[2].decode()) or True))
    client.before_late(0.5, lambda: order.append("late"))
    now[0] = 400_000_000
    client._onSocketHasData(frames(["2\x006\x007\x001\x005\0"]))
    now[0] = 600_000_000
    for _ in range(2):
        client._onSocketHasData(frames(["2\x006\x008\x001\x005\0"]))
    assert order == ["7", "late", "8", "8"]
    assert not client.is_behind
    client._onSocketHasData(frames(["2\x006\x008\x001\x005\0"] * 1_400))
    assert client.is_behind
