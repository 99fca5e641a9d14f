from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ikbr.domain.errors import ProtocolError
from ikbr.gateway.fields import Choice, Constant, Field, Flag, Part, Repeat, Rest, When, parts
from ikbr.gateway.messages import answers, market_answers, order_answers, place_order, requests
from ikbr.gateway.tables import MOST_RECORDS, Table

MODULES = (answers, market_answers, order_answers, place_order, requests)
TABLES = [one for module in MODULES for one in vars(module).values() if isinstance(one, Table)]
VERSIONS = (176, 177, 178)

_NUMBERS = st.integers(-(10**9), 10**9).map(lambda units: units / 10_000)
_INTEGERS = st.integers(-(10**9), 10**9)
_TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\\"))
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "s": _TEXTS,
    "i": _INTEGERS,
    "n": _NUMBERS,
    "q": _NUMBERS,
    "b": st.booleans(),
    "i?": st.none() | _INTEGERS,
    "I": st.none() | _INTEGERS,
    "n?": st.none() | _NUMBERS,
    "N": st.none() | _NUMBERS,
}
TURNS = {"secType": ["STK", "BAG"], "orderType": ["LMT", "PEG BENCH", "PEG MID", "PEG BEST"],
         "exchange": ["SMART", "IBKRATS"]}  # fmt: skip
"""Texts on which other fields depend."""


def draw_values(
    data: st.DataObject,
    given: Sequence[Part],
    version: int,
    kinds: dict[str, st.SearchStrategy[Any]] = KINDS,
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    _fill(data, given, version, values, kinds)
    return values


def _fill(
    data: st.DataObject,
    given: Sequence[Part],
    version: int,
    values: dict[str, Any],
    kinds: dict[str, st.SearchStrategy[Any]],
) -> None:
    choices = {part.name: list(part.parts) for part in given if isinstance(part, Choice)}
    for part in given:
        match part:
            case Field(name, kind, since, until):
                if since <= version < until:
                    options = choices.get(name) or (TURNS.get(name) if kinds is KINDS else None)
                    drawn = st.sampled_from(options) if options else kinds[kind]
                    values[name] = data.draw(drawn)
            case Constant():
                pass
            case Rest(name):
                values[name] = data.draw(st.lists(_TEXTS, max_size=2))
            case Repeat(name, inner):
                count = data.draw(st.integers(0, 2))
                values[name] = [draw_values(data, inner, version, kinds) for _ in range(count)]
            case Flag(name, inner):
                there = data.draw(st.booleans())
                values[name] = draw_values(data, inner, version, kinds) if there else None
            case When(test, inner):
                if test(values):
                    _fill(data, inner, version, values, kinds)
            case Choice(name, branches):
                _fill(data, branches[values[name]], version, values, kinds)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@given(st.data())
@settings(max_examples=6, deadline=None)
def test_what_a_table_writes_it_reads_again(table: Table, data: st.DataObject) -> None:
    version = data.draw(st.sampled_from(VERSIONS))
    values = draw_values(data, table.parts, version)
    payload = table.encode(values, version)
    assert payload.endswith(b"\0")
    words = payload.decode().split("\0")[:-1]
    assert int(words[0]) == table.number
    assert table.decode(words, version) == values


def test_numbers_of_messages_are_unique_in_each_direction() -> None:
    for group in ((requests, place_order), (answers, market_answers, order_answers)):
        found = [t for module in group for t in vars(module).values() if isinstance(t, Table)]
        assert len({t.number for t in found}) == len({t.name for t in found})


@pytest.mark.parametrize(
    ("table", "values", "count"),
    [
        (order_answers.OPEN_ORDER, {}, 127),
        (order_answers.OPEN_ORDER, order_answers.PLAIN_ORDER, 135),
        (order_answers.COMPLETED_ORDER, {}, 96),
        (order_answers.COMPLETED_ORDER, order_answers.PLAIN_COMPLETED, 100),
        (place_order.PLACE_ORDER, {}, 114),
        (order_answers.COMMISSION_REPORT, {}, 8),
        (market_answers.TICK_PRICE, {}, 7),
        (answers.PORTFOLIO_VALUE, {}, 20),
    ],
)
def test_the_large_messages_have_as_many_fields_as_clients_count(
    table: Table, values: dict[str, Any], count: int
) -> None:
    assert table.encode(values, 178).count(b"\0") == count


def test_older_servers_speak_with_the_fields_of_their_time() -> None:
    order, execution = order_answers.OPEN_ORDER, order_answers.EXEC_DETAILS
    counts = {v: order.encode({}, v).count(b"\0") for v in VERSIONS}
    assert counts == {176: 128, 177: 127, 178: 127}
    assert execution.encode({}, 178).count(b"\0") == execution.encode({}, 177).count(b"\0") + 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["9"], "ends too early"),
        (["9", "1"], "ends too early"),
        (["9", "1", "x"], "cannot be read"),
        (["9", "1", "1", "2"], "4 fields where 3"),
    ],
)
def test_fields_that_are_not_the_message_are_refused(words: list[str], why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        answers.NEXT_VALID_ID.decode(words, 178)


@pytest.mark.parametrize("count", ["-1", str(MOST_RECORDS + 1)])
def test_an_absurd_count_is_refused_before_anything_is_made(count: str) -> None:
    table = Table(1, "list", Repeat("items", parts("a")))
    with pytest.raises(ProtocolError, match="is announced"):
        table.decode(["1", count], 178)


@pytest.mark.parametrize(
    "word", ["", "2147483647", "1.7976931348623157E308", "1.7976931348623157e+308"]
)
def test_every_way_to_leave_a_number_unset_reads_alike(word: str) -> None:
    table = Table(1, "t", "a:i b:n c:i? d:n? e:q")
    assert table.decode(["1"] + [word] * 5, 178) == {"a": 0, "b": 0.0, "c": None, "d": None, "e": 0}


def test_text_is_written_so_that_clients_can_unescape_it() -> None:
    payload = Table(1, "t", "a").encode({"a": "Nestlé\0\\x"}, 178)
    assert payload == b"1\x00Nestl\\xe9\\\\x\x00"
    assert payload[2:-1].decode().encode().decode("unicode-escape") == "Nestlé\\x"


@pytest.mark.parametrize("options", [["0", ""], [""], []])
def test_clients_may_end_the_question_for_a_volatility_in_their_own_way(options: list[str]) -> None:
    table = requests.CALC_IMPLIED_VOLATILITY
    words = [str(table.number), "3", "7", *[""] * 12, "5.0", "500.0", *options]
    assert table.decode(words, 178)["options"] == options
