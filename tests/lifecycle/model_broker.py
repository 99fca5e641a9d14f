"""A small model of IB: what is true of each order, what is on its way, and what was told of it.

It knows nothing of ikbr: messages come in as the fields of the wire, what IB says goes out as plain
tuples. Who drives it decides when a message is read and when, how often and in which order what IB
says arrives.

Source: IBKR, TWS API, "Placing orders": an order id that works is changed, one that has ended is
refused (104); a cancellation is refused (161, 10147, 10148) where nothing works. "Executions": a
corrected execution has a higher number after the last full stop of its id.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PLACE, CANCEL, OPEN_ORDERS, EXECUTIONS, COMPLETED_ORDERS = "3", "4", "5", "7", "99"
LIVE_WORDS = ("PendingSubmit", "PreSubmitted", "Submitted")

Saying = tuple[object, ...]
"""What IB says: the name of the callback, then its values."""


@dataclass
class Execution:
    """Hold one execution as it is now; `revision` counts its corrections."""

    stem: str
    order_id: int
    shares: int
    price: float
    revision: int = 1

    @property
    def exec_id(self) -> str:
        return f"{self.stem}.{self.revision:02d}"

    @property
    def commission(self) -> float:
        return self.shares / 100 + self.revision


@dataclass
class Known:
    """Hold what is true of an order at IB."""

    order_id: int
    ref: str
    side: str
    quantity: int
    limit: float
    word: str = "Submitted"
    live: bool = True
    listed: bool = True
    executions: list[Execution] = field(default_factory=list)
    statuses: list[tuple[str, int]] = field(default_factory=list)
    parked: bool = False
    refused: bool = False

    @property
    def executed(self) -> int:
        """What was executed at most, counting what was taken back: no exchange fills it again."""
        return sum(self.first.values())

    first: dict[str, int] = field(default_factory=dict)

    @property
    def filled(self) -> int:
        return sum(one.shares for one in self.executions)


class ModelBroker:
    """Be the other end of the line."""

    def __init__(self) -> None:
        self.orders: dict[int, Known] = {}
        self.seen_ids: set[int] = set()
        self.creations: dict[int, int] = {}
        self.inbox: list[list[str]] = []
        self.news: list[Saying] = []
        """What is on its way to the client by itself; may be overtaken and repeated."""
        self.answers: list[list[Saying]] = []
        """Answers to questions, in the order in which they were read."""
        self.told: dict[str, tuple[int, int, float]] = {}
        """The latest revision of each execution that was delivered: revision, shares, price."""
        self.revisions_told: set[tuple[str, int]] = set()
        self.overfilled: set[int] = set()

    @property
    def next_id(self) -> int:
        return max(self.seen_ids, default=0) + 1

    # --- reading -------------------------------------------------------------------------------

    def read(self, how: str) -> None:
        """Take the next message; `how` says what IB makes of it, where it has a choice."""
        fields = self.inbox.pop(0)
        match fields[0]:
            case "3":
                self._on_place(fields, how)
            case "4":
                self._on_cancel(int(fields[2]), how)
            case "5":
                self.answers.append([*self._open_list(), ("open_end",)])
            case "7":
                self.answers.append([*self._execution_list(), ("executions_end", int(fields[2]))])
            case "99":
                self.answers.append([*self._completed_list(), ("completed_end",)])
            case "62":
                pass  # ib_async subscribes to it anew when it is told that data was lost
            case _:
                raise AssertionError(f"IB was sent something strange: {fields}")

    def _on_place(self, fields: list[str], how: str) -> None:
        order_id, quantity = int(fields[1]), int(float(fields[17]))
        limit = float(fields[19]) if fields[19] else 0.0
        known = self.orders.get(order_id)
        if known is not None:
            self._on_change(known, quantity, limit, how)
            return None
        if order_id in self.seen_ids:
            return self._say("error", order_id, 103)
        self.seen_ids.add(order_id)
        if how == "swallow":
            return None
        known = Known(order_id, fields[26], fields[16], quantity, limit)
        self.orders[order_id] = known
        if how in ("refuse", "refuse in silence"):
            known.live, known.listed, known.word = False, how == "refuse", "Cancelled"
            self._say("error", order_id, 201 if how == "refuse" else 110)
            if how == "refuse":
                self._status(known, "Inactive")
            return None
        self.creations[order_id] = self.creations.get(order_id, 0) + 1
        known.word = {"hold": "PreSubmitted", "late": "PendingSubmit"}.get(how, "Submitted")
        if how != "silent":
            self._show(known)
            self._status(known, known.word)
        return None

    def _on_change(self, known: Known, quantity: int, limit: float, how: str) -> None:
        if not known.live:
            self._say("error", known.order_id, 104)
        elif quantity <= known.executed or how.startswith("refuse"):
            code = 105 if known.parked or how == "refuse" else 110
            known.refused = known.refused or code == 110
            self._say("error", known.order_id, code)
        elif how != "swallow":
            known.quantity, known.limit = quantity, limit
            if how != "silent":
                self._show(known)
                self._status(known, known.word)

    def _on_cancel(self, order_id: int, how: str) -> None:
        known = self.orders.get(order_id)
        if known is None or not known.live:
            self._say("error", order_id, 10147 if known is None else 161)
        elif how.startswith("refuse"):
            self._say("error", order_id, 10148)
        elif how != "swallow":
            if how == "late":
                self._status(known, "PendingCancel")
            self.end(known, with_code=how != "hold", told=how != "silent")

    # --- what happens --------------------------------------------------------------------------

    def fill(self, known: Known, shares: int, price: float) -> None:
        """Execute some; an order that was cancelled may have been filled just before."""
        stem = f"0000e0d5.{known.order_id:08x}.{len(known.executions) + 1:02d}"
        execution = Execution(stem, known.order_id, shares, price)
        known.executions.append(execution)
        known.first[stem] = shares
        if known.executed >= known.quantity:
            known.live = False
            known.word = "Filled"
        self._say("execution", stem, 1, known.order_id, shares, price)
        self._say("commission", execution.exec_id, execution.commission)
        self._status(known, known.word)

    def correct(self, execution: Execution, shares: int, price: float) -> None:
        """Let an execution have been something else; 0 shares take it back."""
        known = self.orders[execution.order_id]
        execution.shares, execution.price = shares, price
        execution.revision += 1
        known.first[execution.stem] = max(known.first[execution.stem], shares)
        if known.live and known.executed >= known.quantity:
            known.live, known.word = False, "Filled"
        self._say("execution", execution.stem, execution.revision, known.order_id, shares, price)
        self._say("commission", execution.exec_id, execution.commission)

    def end(self, known: Known, *, with_code: bool, told: bool = True) -> None:
        """Cancel an order."""
        known.live, known.word = False, "Cancelled"
        if told:
            self._status(known, "Cancelled")
        if with_code:
            self._say("error", known.order_id, 202)

    def park(self, known: Known) -> None:
        """Make it inactive; it may come back."""
        known.word, known.parked = "Inactive", True
        self._status(known, "Inactive")

    def wake(self, known: Known) -> None:
        known.word = "Submitted"
        self._status(known, "Submitted")

    def cut(self) -> None:
        """Lose what is on its way in both directions."""
        self.inbox.clear()
        self.news.clear()
        self.answers.clear()

    # --- what IB says --------------------------------------------------------------------------

    def _say(self, *saying: object) -> None:
        self.news.append(saying)

    def say_again(self, known: Known, at: int) -> None:
        """Repeat an old status."""
        if known.statuses:
            word, filled = known.statuses[at % len(known.statuses)]
            self._say("status", known.order_id, word, filled)

    def _status(self, known: Known, word: str) -> None:
        known.statuses.append((word, known.filled))
        self._say("status", known.order_id, word, known.filled)

    def _show(self, known: Known) -> None:
        self.news.append(self._shown(known))

    def _shown(self, known: Known) -> Saying:
        return ("open", known.order_id, known.word, known.side, known.quantity, known.limit)

    def _open_list(self) -> list[Saying]:
        return [self._shown(known) for known in self.orders.values() if known.live]

    def _completed_list(self) -> list[Saying]:
        return [
            ("completed", known.ref, known.word)
            for known in self.orders.values()
            if not known.live and known.listed
        ]

    def _execution_list(self) -> list[Saying]:
        told: list[Saying] = []
        for known in self.orders.values():
            for one in known.executions:
                told.append(
                    ("execution", one.stem, one.revision, one.order_id, one.shares, one.price)
                )
                told.append(("commission", one.exec_id, one.commission))
        return told

    def note_told(self, saying: Saying) -> None:
        """Remember what the client has been told of executions."""
        if saying[0] == "execution":
            _, stem, revision, _, shares, price = saying
            self.revisions_told.add((str(stem), int(str(revision))))
            before = self.told.get(str(stem), (0, 0, 0.0))
            if int(str(revision)) > before[0]:
                self.told[str(stem)] = (int(str(revision)), int(str(shares)), float(str(price)))
