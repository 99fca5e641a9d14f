"""One client of IBKR's own library: does steps, and notes every callback.

The library is used as it is installed; three versions of it differ in a few signatures.
"""

from __future__ import annotations

import inspect
import logging
import queue
import threading
from decimal import Decimal
from typing import Any

from ibapi import order_condition
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.scanner import ScannerSubscription
from ibapi.tag_value import TagValue
from ibapi.wrapper import EWrapper

from conformance.language import Step
from conformance.plain import CALLBACKS, record_of

try:
    from ibapi.order_cancel import OrderCancel
except ImportError:  # before 10.30
    OrderCancel = None

PATIENCE_S = 5.0
_SAME = {"commissionAndFeesReport": "commissionReport"}
_NUMBERS = ("totalQuantity", "minTradeQty")
"""Fields of orders that are decimal numbers."""


class App(EWrapper, EClient):  # type: ignore[misc]
    """Put every callback into a queue, as (name, arguments)."""

    def __init__(self) -> None:
        """Prepare the library's two halves."""
        EClient.__init__(self, self)
        self.heard: queue.Queue[tuple[str, tuple[Any, ...]]] = queue.Queue()

    def __getattribute__(self, name: str) -> Any:
        """Give the method that notes a callback, instead of the one that logs it."""
        found = super().__getattribute__(name)
        if name in CALLBACKS or name in _SAME or name == "error":
            told = _SAME.get(name, name)
            return lambda *values, **named: self.heard.put((told, (*values, *named.values())))
        return found


class Client:
    """Speak for one connection.

    Attributes:
        heard: Every callback so far, as (name, record); errors as ("error", record).
        complaints: What the library has logged about messages it could not read.
    """

    def __init__(self, port: int, client_id: int) -> None:
        """Prepare; `connect` connects."""
        self.app = App()
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.complaints: list[str] = []
        self._port, self._id = port, client_id
        self._asked: dict[str, int] = {}
        self._orders: dict[int, Order] = {}
        self._next = 0
        self._times = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._handler = _Complaints(self.complaints)
        logging.getLogger("ibapi").addHandler(self._handler)

    # --- steps ----------------------------------------------------------------------------------

    def connect(self) -> None:
        """Connect, and wait until requests may be sent."""
        self.app.connect("127.0.0.1", self._port, self._id)
        self._thread.start()
        self._until("nextValidId")
        self.settle()

    def connect_refused(self) -> None:
        """Connect where that must fail."""
        self.app.connect("127.0.0.1", self._port, self._id)
        self._thread.start()
        self._until("error")
        self._thread.join(PATIENCE_S)
        if self.app.isConnected():
            raise AssertionError("the connection was accepted")

    def disconnect(self) -> None:
        """End the connection; the library's loop notices it later, by itself."""
        logging.getLogger("ibapi").removeHandler(self._handler)
        self.app.disconnect()

    def ask(self, step: Step) -> None:
        """Send a request."""
        name = step.name
        call = getattr(self.app, "reqHeadTimeStamp" if name == "reqHeadTimestamp" else name)
        names = list(inspect.signature(call).parameters)
        given = [_argument(name, one) for one in step.args]
        self._times += name == "reqCurrentTime"
        if names and names[0] in {"reqId", "tickerId", "id"} and not name.startswith("cancel"):
            self._next += 1
            self._asked[step.key] = step.number or self._next
            given.insert(0, self._asked[step.key])
        call(*given, *self._defaults(call, names[len(given) :]))

    def burst(self, count: int) -> None:
        """Send so many messages at once."""
        for _ in range(count):
            self.app.reqIds(1)

    def brimful(
        self, order_id: int, contract: dict[str, Any], size: int, fields: dict[str, Any]
    ) -> None:
        """Have a preview answered with just so many bytes, and hear it without another message."""
        self.settle()
        read, sizes = self.app.conn.recvMsg, []

        def measured() -> bytes:
            found: bytes = read()
            sizes.append(len(found))
            return found

        self.app.conn.recvMsg = measured
        # The read that is under way began before it was measured.
        for is_measured in (False, False, True):
            letters = size - sizes[-1] + 1 if is_measured else 1
            self.place(order_id, contract, fields | {"whatIf": True, "orderRef": "x" * letters})
            self._until("openOrder")
        self.app.conn.recvMsg = read

    def nonsense(self) -> None:
        """Send a message that nobody knows."""
        words = b"999\x001\0"
        self.app.conn.sendMsg(len(words).to_bytes(4, "big") + words)

    def cancel(self, name: str, key: str, args: tuple[Any, ...]) -> None:
        """Cancel what was asked for."""
        getattr(self.app, name)(self._asked[key], *args)

    def place(self, order_id: int, contract: dict[str, Any], fields: dict[str, Any]) -> None:
        """Place or change an order."""
        order = self._orders.setdefault(order_id, Order())
        for name, value in fields.items():
            setattr(order, name, _order_field(name, value))
        self.app.placeOrder(order_id, _filled(Contract(), contract), order)

    def cancel_order(self, order_id: int) -> None:
        """Cancel an order."""
        self.app.cancelOrder(order_id, "" if OrderCancel is None else OrderCancel())

    def settle(self) -> None:
        """Wait until everything that was sent before has been answered."""
        self.app.reqCurrentTime()
        self._times += 1
        for _ in range(self._times):
            self._until("currentTime")
        self._times = 0

    # --- what it knows --------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """The version that was agreed on."""
        return int(self.app.serverVersion())

    # --- inside ---------------------------------------------------------------------------------

    def _run(self) -> None:
        """Run the library's loop; what it raises ends the connection."""
        try:
            self.app.run()
        except Exception as error:  # noqa: BLE001 - told as a complaint
            self.complaints.append(f"the library's loop broke off: {error!r}")

    def _until(self, last: str) -> None:
        while True:
            try:
                name, values = self.app.heard.get(timeout=PATIENCE_S)
            except queue.Empty:
                raise AssertionError(f"{last} did not come within {PATIENCE_S:.0f} s") from None
            if name == "error":
                self.heard.append(("error", _error(values)))
            else:
                self.heard.append((name, record_of(name, values)))
            if name == last:
                return

    @staticmethod
    def _defaults(call: Any, names: list[str]) -> list[Any]:
        """Give what this version wants beyond what all versions do."""
        found: list[Any] = []
        for name in names:
            if name == "orderCancel":
                found.append(OrderCancel())
            elif inspect.signature(call).parameters[name].default is inspect.Parameter.empty:
                found.append([])
        return found


class _Complaints(logging.Handler):
    """Keep what the library logs about messages that it cannot read."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        why = record.exc_info[1] if record.exc_info else ""
        self._kept.append(f"{record.name}: {record.getMessage()[:300]} {why}")


def _error(values: tuple[Any, ...]) -> dict[str, Any]:
    """Read an error; its time came to the signature in 10.37."""
    timed = len(values) > 3 and isinstance(values[2], int)
    code, text = values[2:4] if timed else values[1:3]
    return {"reqId": values[0], "code": code, "text": text}


def _argument(request: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if request == "reqExecutions":
        return _filled(ExecutionFilter(), value)
    if request == "reqScannerSubscription":
        return _filled(ScannerSubscription(), value)
    return _filled(Contract(), value)


def _order_field(name: str, value: Any) -> Any:
    if name in _NUMBERS:
        return Decimal(str(value))
    if name == "algoParams":
        return [TagValue(tag, text) for tag, text in value]
    if name == "conditions":
        return [_condition(one) for one in value]
    return value


def _condition(fields: dict[str, Any]) -> Any:
    found = order_condition.Create(fields["condType"])
    for name, value in fields.items():
        if name == "conjunction":
            found.isConjunctionConnection = value == "a"
        elif name != "condType":
            setattr(found, name, value)
    return found


def _filled(what: Any, fields: dict[str, Any]) -> Any:
    for name, value in fields.items():
        setattr(what, name, value)
    return what
