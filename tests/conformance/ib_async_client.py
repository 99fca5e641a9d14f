"""One ib_async (or ib_insync) client: does steps, and notes every callback of its wrapper.

The library is used as it is installed. Requests go through `IB`, as a person's program sends
them; what comes is noted on its way from the decoder to the wrapper.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from typing import Any

from conformance.language import Step
from conformance.plain import CALLBACKS, SIZE_OF, plain, record_of

try:
    lib = importlib.import_module("ib_async")
except ImportError:
    lib = importlib.import_module("ib_insync")

PATIENCE_S = 5.0
_BY_CONTRACT = {"cancelMktData": 1, "cancelTickByTickData": 2, "cancelMktDepth": 1,
                "cancelPnL": 2, "cancelPnLSingle": 3}  # fmt: skip
"""Cancellations that name what was asked for: by so many of its arguments."""
_CANCELS_OF_OBJECTS = {"cancelRealTimeBars", "cancelHistoricalData"}
_WITHOUT_ID = {
    "reqAccountUpdates", "reqOpenOrders", "reqAllOpenOrders", "reqAutoOpenOrders", "reqIds",
    "reqManagedAccts", "reqPositions", "cancelPositions", "reqFamilyCodes", "reqGlobalCancel",
    "reqMarketDataType", "reqMarketRule", "reqMktDepthExchanges", "reqNewsBulletins",
    "cancelNewsBulletins", "reqNewsProviders", "reqScannerParameters", "requestFA",
    "reqCompletedOrders", "setServerLogLevel", "cancelMktData", "reqCurrentTime",
}  # fmt: skip
_NAMES = {"reqHeadTimestamp": "reqHeadTimeStamp"}
_ARGUMENTS = {"reqAccountUpdates": slice(1, 2), "reqAccountUpdatesMulti": slice(0, 2),
              "reqAccountSummary": slice(0, 0)}  # fmt: skip
"""Requests of which `IB` takes only some of the arguments."""
_READER = {"ib_async.Decoder", "ib_insync.Decoder", "asyncio", "eventkit"}


class Client:
    """Speak for one connection.

    Attributes:
        heard: Every callback so far, as (name, record); errors as ("error", record).
        complaints: What the library has logged about messages it could not read.
    """

    def __init__(self, port: int, client_id: int) -> None:
        """Prepare; `connect` connects."""
        self.ib = lib.IB()
        self.ib.client.MaxRequests = 0  # no limit of messages per second of its own
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.complaints: list[str] = []
        self._port, self._id = port, client_id
        self._asked: dict[str, tuple[Any, tuple[Any, ...]]] = {}
        self._orders: dict[int, Any] = {}
        self._inside = False
        for name in (*CALLBACKS, "priceSizeTick", "error"):
            self._listen(name)
        logging.getLogger().addHandler(_Complaints(self.complaints))

    # --- steps ----------------------------------------------------------------------------------

    def connect(self) -> None:
        """Connect, with everything that ib_async asks for at the start."""
        self.ib.connect("127.0.0.1", self._port, clientId=self._id, timeout=PATIENCE_S)

    def connect_refused(self) -> None:
        """Connect where that must fail."""
        try:
            self.ib.connect("127.0.0.1", self._port, clientId=self._id, timeout=0.7)
        except (TimeoutError, ConnectionError):
            return
        raise AssertionError("the connection was accepted")

    def disconnect(self) -> None:
        """End the connection."""
        self.ib.disconnect()

    def ask(self, step: Step) -> None:
        """Send a request and wait for its end, if it has one."""
        name = step.name
        args = tuple(self._argument(name, one) for one in step.args)
        comfort = getattr(self.ib, _NAMES.get(name, name), None)
        if step.raw or comfort is None:
            if not (name in _WITHOUT_ID or name.startswith("cancel")):
                args = (step.number or self.ib.client.getReqId(), *args)
            getattr(self.ib.client, _NAMES.get(name, name))(*args)
            self._asked[step.key] = (args[0] if args else None, args)
        else:
            given = args[_ARGUMENTS.get(name, slice(None))]
            self._asked[step.key] = (comfort(*given), args)

    def burst(self, count: int) -> None:
        """Send so many messages at once."""
        for _ in range(count):
            self.ib.client.reqIds(1)

    def nonsense(self) -> None:
        """Send a message that nobody knows."""
        self.ib.client.send(999, 1)

    def cancel(self, name: str, key: str, args: tuple[Any, ...]) -> None:
        """Cancel what was asked for."""
        result, asked = self._asked[key]
        if name in _BY_CONTRACT and not isinstance(result, int):
            getattr(self.ib, name)(*asked[: _BY_CONTRACT[name]], *args)
        elif name in _CANCELS_OF_OBJECTS and not isinstance(result, int):
            getattr(self.ib, name)(result)
        else:
            getattr(self.ib.client, name)(result, *args)

    def place(self, order_id: int, contract: dict[str, Any], fields: dict[str, Any]) -> None:
        """Place or change an order."""
        order = self._orders.get(order_id) or lib.Order(orderId=order_id)
        for name, value in fields.items():
            setattr(order, name, self._order_field(name, value))
        self._orders[order_id] = order
        if order.whatIf:
            self.ib.whatIfOrder(_contract(contract), order)
        else:
            self.ib.placeOrder(_contract(contract), order)

    def cancel_order(self, order_id: int) -> None:
        """Cancel an order."""
        order = self._orders.get(order_id) or lib.Order(orderId=order_id)
        self.ib.cancelOrder(order)

    def settle(self) -> None:
        """Wait until everything that was sent before has been answered."""
        self.ib.reqCurrentTime()

    # --- what it knows --------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """The version that was agreed on."""
        return int(self.ib.client.serverVersion())

    def see(self, what: str) -> Any:
        """Give a value of the library's own objects, such as `ticker(SPY).bid`."""
        return plain(eval(what, {}, _Sight(self.ib, self._asked)))

    # --- inside ---------------------------------------------------------------------------------

    def _argument(self, request: str, value: Any) -> Any:
        if isinstance(value, dict):
            if request == "reqExecutions":
                return lib.ExecutionFilter(**value)
            if request == "reqScannerSubscription":
                return lib.ScannerSubscription(**value)
            return _contract(value)
        return value

    @staticmethod
    def _order_field(name: str, value: Any) -> Any:
        if name == "algoParams":
            return [lib.TagValue(tag, text) for tag, text in value]
        if name == "conditions":
            return [_condition(one) for one in value]
        return value

    def _listen(self, name: str) -> None:
        """Note a callback before the wrapper gets it; not what it calls by itself."""
        wrapper = self.ib.wrapper
        original: Callable[..., Any] | None = getattr(wrapper, name, None)

        def noted(*values: Any) -> Any:
            if not self._inside:
                self._note(name, values)
            before, self._inside = self._inside, True
            try:
                return original(*values) if original is not None else None
            finally:
                self._inside = before

        setattr(wrapper, name, noted)

    def _note(self, name: str, values: tuple[Any, ...]) -> None:
        if name == "error":
            self.heard.append(("error", {"reqId": values[0], "code": values[1], "text": values[2]}))
        elif name == "priceSizeTick":
            request_id, kind, price, size = values
            self.heard.append(("tickPrice", record_of("tickPrice", (request_id, kind, price))))
            if kind in SIZE_OF:
                given = (request_id, SIZE_OF[kind], size)
                self.heard.append(("tickSize", record_of("tickSize", given)))
        else:
            self.heard.append((name, record_of(name, values)))


class _Sight(dict[str, Any]):
    """Give the words in which rows look at the library's objects."""

    def __init__(self, ib: Any, asked: dict[str, tuple[Any, tuple[Any, ...]]]) -> None:
        super().__init__(
            ib=ib,
            result=lambda key="": asked[key][0],
            trade=lambda order_id: next(t for t in ib.trades() if t.order.orderId == order_id),
        )


class _Complaints(logging.Handler):
    """Keep what the library logs about messages that it cannot read."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.name in _READER or "unhandled" in text:
            why = record.exc_info[1] if record.exc_info else ""
            self._kept.append(f"{record.name}: {text[:300]} {why}")


def _contract(fields: dict[str, Any]) -> Any:
    return lib.Contract.create(**fields) if fields.get("secType") else lib.Contract(**fields)


def _condition(fields: dict[str, Any]) -> Any:
    kinds = {1: "Price", 3: "Time", 4: "Margin", 5: "Execution", 6: "Volume", 7: "PercentChange"}
    found = getattr(lib, f"{kinds[fields['condType']]}Condition")()
    for name, value in fields.items():
        setattr(found, "exch" if name == "exchange" else name, value)
    return found
