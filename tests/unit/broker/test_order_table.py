"""Every state of an order × everything IB can say of it has one reviewed outcome."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.broker import order_table
from tests.unit.broker.conftest import Desk
from tests.unit.broker.order_table import CODES_BY_MEANING, STATES, UNLISTED, WORDS, code, outcome

from ikbr.broker.error_codes import Means, classify
from ikbr.domain.lifecycle import TRANSITIONS, OrderEvent, OrderState

PAGE = Path(__file__).parents[3] / "docs" / "orders.md"
FINAL = ("Filled", "Cancelled", "ApiCancelled", "Rejected")


@pytest.fixture(autouse=True)
def _loop(loop: None) -> None:
    pass


def rows() -> dict[str, dict[str, str]]:
    """Read the page's table: outcome by word and state."""
    lines = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines()]
    start = next(n for n, cells in enumerate(lines) if cells[0] == "IB says")
    head, found = lines[start], {}
    for cells in lines[start + 2 :]:
        if len(cells) != len(head):
            break
        found[cells[0]] = dict(zip(head[1:], cells[1:], strict=True))
    return found


@pytest.mark.parametrize("word", WORDS)
def test_the_reviewed_table_is_what_happens(word: str) -> None:
    assert {state: outcome(state, word) for state in STATES} == rows()[word]


def test_the_table_leaves_no_state_and_no_word_out() -> None:
    known = {*STATES, "Created"} - {"changing"}
    assert known == {state.value for state in OrderState}
    assert list(rows()) == list(WORDS)
    assert order_table.meanings() in PAGE.read_text()


@pytest.mark.parametrize("means", Means)
def test_codes_of_one_meaning_have_one_outcome(
    means: Means, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in CODES_BY_MEANING[means]:
        monkeypatch.setitem(WORDS, "one", code(number))
        for state in ("PendingSubmit", "changing", "PendingCancel", "Inactive"):
            assert outcome(state, "one") == rows()[f"code: {means.value}"][state], number


@pytest.mark.parametrize("number", [UNLISTED, 0, 999, 2_200, 10_999])
def test_a_code_in_no_table_puts_the_order_in_doubt_and_asks(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert classify(number).means is Means.DOUBT
    monkeypatch.setitem(WORDS, "one", code(number))
    for state in STATES:
        expected = "·" if state in FINAL else "·?" if state == "Unknown" else "Unknown?"
        assert outcome(state, "one") == expected, state


def test_an_end_is_left_only_for_filled_and_only_by_executions() -> None:
    for word, cells in rows().items():
        for state in FINAL:
            left = cells[state].strip("·+~?!")
            assert left in ("", "Filled"), (word, state)
            assert not left or word.startswith("execution"), (word, state)


def test_no_code_ends_an_order_without_a_status_that_agrees() -> None:
    for word, cells in rows().items():
        if word.startswith("code"):
            ended = {state for state, cell in cells.items() if cell.strip("·+~?!") in FINAL}
            assert ended <= {"Inactive"}, word


def test_only_executions_book_fills() -> None:
    booked = {word for word, cells in rows().items() if any("+" in c for c in cells.values())}
    assert all("execution" in word for word in booked)
    assert all("+" in cell for cell in rows()["execution of 40"].values())


def test_every_step_that_the_lifecycle_does_not_know_is_one_we_never_take() -> None:
    ours = {OrderEvent.SEND, OrderEvent.REQUEST_CANCEL, OrderEvent.MODIFY}
    for state in OrderState:
        for event in set(OrderEvent) - ours:
            if state is not OrderState.CREATED:
                assert (state, event) in TRANSITIONS, (state, event)


def test_what_asking_about_an_ended_order_does_not_settle_is_told(loop: None) -> None:
    desk = Desk()
    short, open_still = desk.send(), desk.send()
    for order in (short, open_still):
        desk.status(order, "Cancelled")
    desk.status(short, "Filled", 60)
    desk.open(open_still)
    desk.later(3.0)
    desk.open(open_still)
    desk.answer()
    desk.answer()
    told = {notice.order_id: notice.words for notice in desk.notices}
    assert told == {
        short.order_id: "IB says that 60 are filled, and lists 0; look at the account",
        open_still.order_id: "it has ended here, and IB lists it as open; look at the account",
    }


def test_a_late_execution_that_was_asked_for_is_booked(loop: None) -> None:
    desk = Desk()
    order = desk.send()
    desk.status(order, "Cancelled")
    desk.status(order, "Filled", 60)
    desk.later(3.0)
    desk.execute(order, 60)
    desk.charge()
    desk.answer()
    assert (order.filled, desk.notices) == (60, [])
    assert desk.orders.anomalies == {"fill after Cancelled": 1}
