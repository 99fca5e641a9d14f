"""A live journal on a disk that the test makes fail."""

from __future__ import annotations

from ikbr.domain.lifecycle import OrderEvent, OrderUpdate
from ikbr.domain.order import OrderRequest, Side
from ikbr.journal.session_journal import SessionJournal
from ikbr.journal.session_opening import open_session
from ikbr.journal.session_reader import read_session
from ikbr.journal.simulated_files import SimulatedFiles

FOLDER = "/journal"
OPENING = OrderRequest("SPY", Side.BUY, 10, reason="é\n")
CLOSING = OrderRequest("SPY", Side.SELL, 10, reduce_only=True)


def begin(files: SimulatedFiles, label: str = "2026-03-02", **more) -> SessionJournal:
    more.setdefault("commit_s", 0)
    return open_session(FOLDER, label, files=files, **more)


def intent(journal: SessionJournal, order_id: int, request=OPENING, parent_id: int = 0) -> None:
    journal.append("intent", order_id, (order_id, "m", request, parent_id))


def update(journal: SessionJournal, order_id: int, ts_ns: int = 1) -> None:
    journal.append("update", ts_ns, OrderUpdate(order_id, OrderEvent.ACK, ts_ns))


def kinds(files: SimulatedFiles) -> list[str]:
    return [record.kind for _, record in read_session(FOLDER, files)]


def intents(files: SimulatedFiles) -> list[int]:
    return [r.body[0] for _, r in read_session(FOLDER, files) if r.kind == "intent"]
