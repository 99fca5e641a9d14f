"""The search for contracts: makes sure that IB and we mean the same instruments."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from ib_async import IB, ContractDetails

from ikbr.broker.contracts import ContractTable, to_contract
from ikbr.broker.trading_hours import read_hours
from ikbr.domain.errors import ContractError
from ikbr.domain.instrument import Instrument
from ikbr.domain.session import Session


class Found(msgspec.Struct, frozen=True):
    """Say what IB knows of an instrument.

    Attributes:
        instrument: Ours.
        con_id: IB's number of it.
        sessions: Its regular hours in the coming days.
        min_tick: The smallest step of its price anywhere.
    """

    instrument: Instrument
    con_id: int
    sessions: tuple[Session, ...]
    min_tick: float


async def find_contracts(
    ib: IB, instruments: Sequence[Instrument], table: ContractTable, timeout_s: float
) -> list[Found]:
    """Look instruments up at IB, and note their numbers.

    Args:
        ib: The client.
        instruments: What is traded.
        table: Learns the numbers.
        timeout_s: How long IB may take for all of them.

    Raises:
        ContractError: When IB knows none or several of that description, or does not answer.
    """
    try:
        async with asyncio.timeout(timeout_s):
            answers = await asyncio.gather(
                *(ib.reqContractDetailsAsync(to_contract(one)) for one in instruments)
            )
    except TimeoutError:
        raise ContractError(
            f"the gateway has not described the contracts within {timeout_s:g} s; try again."
        ) from None
    found = []
    for instrument, details in zip(instruments, answers, strict=True):
        one = _only(instrument, details)
        if one.contract is None:
            raise ContractError(f"IB describes {instrument.symbol} without a contract.")
        table.learn(instrument.symbol, one.contract.conId)
        hours = tuple(read_hours(one.liquidHours, one.timeZoneId))
        found.append(Found(instrument, one.contract.conId, hours, one.minTick))
    return found


def _only(instrument: Instrument, details: Sequence[ContractDetails]) -> ContractDetails:
    kind = str(instrument.sec_type)
    fits = [d for d in details if d.contract is not None and d.contract.secType == kind]
    if not fits:
        raise ContractError(
            f"IB knows no {instrument.symbol} ({kind} on {instrument.exchange}, "
            f"{instrument.currency}); check the symbol."
        )
    if len(fits) > 1:
        where = sorted({d.contract.primaryExchange for d in fits if d.contract is not None})
        raise ContractError(
            f"{instrument.symbol} means {len(fits)} contracts at IB; say where, as "
            f"{instrument.symbol}@{where[0] or 'NASDAQ'} (there: {', '.join(where)})."
        )
    return fits[0]
