"""Requests about contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ikbr.gateway.fields import Values
from ikbr.gateway.handlers.entry import Entry
from ikbr.gateway.messages import answers, requests
from ikbr.gateway.order_refusals import NO_CONTRACT
from ikbr.sim.refusals import Refusal

if TYPE_CHECKING:
    from ikbr.gateway.session import Session

MOST_SAMPLES = 16
"""Source: IBKR, "Stock symbol search": at most 16 results."""

NO_RULE = Refusal(321, "Error validating request: the market rule id is not known.")


def contract_details(session: Session, values: Values) -> None:
    """Describe every contract that matches."""
    world = session.world
    found = world.contracts.find(values)
    if not found:
        session.refuse(values["reqId"], NO_CONTRACT)
        return
    for number in found:
        details = world.contracts.details(number, world.days, world.now_ns)
        session.send(answers.CONTRACT_DATA, details | {"reqId": values["reqId"]})
    session.send(answers.CONTRACT_DATA_END, values)


def matching_symbols(session: Session, values: Values) -> None:
    """List the contracts whose symbol begins with a text."""
    contracts = session.world.contracts
    samples = [
        contracts.wire[number] | {"description": contracts.instruments[number].symbol}
        for number in list(contracts.search(values["pattern"]))[:MOST_SAMPLES]
    ]
    session.send(answers.SYMBOL_SAMPLES, {"reqId": values["reqId"], "samples": samples})


def market_rule(session: Session, values: Values) -> None:
    """List the price increments of a market rule."""
    rule = session.world.contracts.rules.get(values["ruleId"])
    if rule is None:
        session.refuse(-1, NO_RULE)
        return
    increments = [{"lowEdge": edge, "increment": step} for edge, step in rule]
    session.send(answers.MARKET_RULE, {"ruleId": values["ruleId"], "increments": increments})


def depth_exchanges(session: Session, _values: Values) -> None:
    """List the exchanges with market depth, of which there are none."""
    session.send(answers.MKT_DEPTH_EXCHANGES, {"exchanges": []})


ENTRIES: tuple[Entry, ...] = (
    (requests.REQ_CONTRACT_DETAILS, contract_details),
    (requests.REQ_MATCHING_SYMBOLS, matching_symbols),
    (requests.REQ_MARKET_RULE, market_rule),
    (requests.REQ_MKT_DEPTH_EXCHANGES, depth_exchanges),
)
