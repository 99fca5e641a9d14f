"""Contracts: our instruments as ib_async's `Contract`, and back."""

from __future__ import annotations

from collections.abc import Iterable

from ib_async import Contract

from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import ContractError
from ikbr.domain.instrument import Instrument, SecType

Key = tuple[str | float, ...]


def to_contract(instrument: Instrument, con_id: int = 0) -> Contract:
    """Write an instrument as a contract that IB can find.

    Args:
        instrument: What is meant.
        con_id: IB's number of it, where it is known.

    >>> to_contract(parse_contract("ES 202612 CME")).lastTradeDateOrContractMonth
    '202612'
    >>> to_contract(parse_contract("EUR.USD")).symbol
    'EUR'
    """
    contract = Contract(
        secType=str(instrument.sec_type),
        conId=con_id,
        symbol=instrument.symbol,
        exchange=instrument.exchange,
        primaryExchange=instrument.primary_exchange,
        currency=instrument.currency,
    )
    kind = instrument.sec_type
    if kind is SecType.FOREX:
        contract.symbol = instrument.symbol.split(".")[0]
    elif kind is SecType.FUTURE:
        root, month = instrument.symbol.split(" ")[:2]
        contract.symbol = root
        contract.lastTradeDateOrContractMonth = month
        contract.multiplier = str(instrument.multiplier)
    elif kind is SecType.OPTION:
        contract.symbol = instrument.symbol[:6].rstrip()
        contract.lastTradeDateOrContractMonth = "20" + instrument.symbol[6:12]
        contract.strike = instrument.strike
        contract.right = instrument.right
        contract.multiplier = str(instrument.multiplier)
        contract.localSymbol = instrument.symbol
    return contract


def contract_text(contract: Contract) -> str:
    """Write a contract of IB as a person would.

    Raises:
        ContractError: When ikbr does not trade this class of security.

    >>> contract_text(Contract(secType="STK", symbol="AAPL", primaryExchange="NASDAQ"))
    'AAPL@NASDAQ'
    >>> contract_text(Contract(secType="CASH", symbol="EUR", currency="USD"))
    'EUR.USD'
    """
    symbol, day = contract.symbol, contract.lastTradeDateOrContractMonth
    match contract.secType:
        case "STK":
            home = contract.primaryExchange
            return f"{symbol}@{home}" if home else symbol
        case "CASH":
            return f"{symbol}.{contract.currency}"
        case "FUT":
            return f"{symbol} {day} {contract.exchange}".rstrip()
        case "OPT":
            strike = round(contract.strike * 1000)
            return f"{symbol:<6}{day[2:8]}{contract.right[:1]}{strike:08d}"
        case other:
            raise ContractError(
                f"contract {symbol!r}: security type {other!r} is not traded by ikbr; "
                "use a stock (STK), currency pair (CASH), future (FUT) or option (OPT)."
            )


def to_instrument(contract: Contract) -> Instrument:
    """Read a contract of IB as an instrument.

    Raises:
        ContractError: When ikbr does not know such a contract.

    >>> to_instrument(Contract(secType="STK", symbol="BRK B")).symbol
    'BRK B'
    """
    return parse_contract(contract_text(contract))


class ContractTable:
    """Find the instrument that a contract of IB means, among those that are traded.

    IB's number decides where it is known. Without it a future is only found by the text that
    it was asked for with: the month of a contract need not be that of its last day.
    """

    __slots__ = ("_by_id", "_by_key", "_con_ids")

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        """Start with no numbers known.

        Args:
            instruments: What is traded.

        Raises:
            ContractError: When two of them would be the same contract at IB.
        """
        self._by_key: dict[Key, Instrument] = {}
        for instrument in instruments:
            other = self._by_key.setdefault(_key(to_contract(instrument)), instrument)
            if other is not instrument:
                raise ContractError(
                    f"{instrument.symbol} and {other.symbol} are one contract at IB; keep one."
                )
        self._by_id: dict[int, Instrument] = {}
        self._con_ids: dict[str, int] = {}

    def learn(self, symbol: str, con_id: int) -> None:
        """Note IB's number of an instrument.

        Raises:
            ContractError: When the symbol is not traded, or the number belongs to another.
        """
        for instrument in self._by_key.values():
            if instrument.symbol == symbol:
                break
        else:
            raise ContractError(f"{symbol} is not among the instruments that are traded.")
        known = self._by_id.setdefault(con_id, instrument)
        if known is not instrument:
            raise ContractError(
                f"contract id {con_id} of {symbol} belongs to {known.symbol}; keep one of them."
            )
        self._con_ids[symbol] = con_id

    @property
    def instruments(self) -> list[Instrument]:
        """What is traded."""
        return list(self._by_key.values())

    def con_id(self, symbol: str) -> int:
        """Give IB's number of an instrument; 0 while it is not known."""
        return self._con_ids.get(symbol, 0)

    def contract(self, instrument: Instrument) -> Contract:
        """Write an instrument as a contract, with IB's number where it is known."""
        return to_contract(instrument, self._con_ids.get(instrument.symbol, 0))

    def find(self, contract: Contract) -> Instrument | None:
        """Give the instrument that a contract means; None when it is not traded."""
        found = self._by_id.get(contract.conId) if contract.conId else None
        return found or self._by_key.get(_key(contract))


def _key(contract: Contract) -> Key:
    """Reduce a contract to what distinguishes it; exchanges differ between answers."""
    return (
        contract.secType,
        contract.symbol,
        contract.currency,
        contract.lastTradeDateOrContractMonth,
        contract.strike,
        contract.right[:1] if contract.right != "?" else "",
    )
