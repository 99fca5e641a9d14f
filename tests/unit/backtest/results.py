"""Results of made-up runs, as a backtest would give them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from ikbr.backtest.analytics.inputs import SummaryInputs
from ikbr.backtest.analytics.summary import Summary, summarise
from ikbr.backtest.explain import Finding, Severity
from ikbr.backtest.result import BacktestResult, PricePath
from ikbr.domain.events import Alert, Refusal, Refused
from ikbr.domain.instrument import MICRO, Instrument
from ikbr.domain.order import Fill, Order, OrderRequest, Side
from ikbr.domain.round_trips import round_trips

S = 1_000_000_000
NEW_YORK = ZoneInfo("America/New_York")
CAPITAL = 250_000.0
SESSION_S = 23_400


def open_ns(day: dt.date) -> int:
    """Give the opening of a New York session."""
    return int(dt.datetime.combine(day, dt.time(9, 30), NEW_YORK).timestamp()) * S


def weekdays(first: dt.date, count: int) -> list[dt.date]:
    """List so many weekdays from a day on."""
    days = (first + dt.timedelta(days=n) for n in range(count * 2 + 7))
    return [day for day in days if day.weekday() < 5][:count]


class Market:
    """Walk prices at random, every `step_s` seconds of every session."""

    def __init__(self, days: list[dt.date], symbols: list[str], step_s: int) -> None:
        rng = np.random.default_rng(7)
        self.days = days
        steps = np.arange(step_s, SESSION_S + 1, step_s, dtype=np.int64) * S
        self.ts = np.concatenate([open_ns(day) + steps for day in days])
        self.prices: dict[str, np.ndarray] = {}
        for n, symbol in enumerate(symbols):
            moves = rng.normal(0, 0.00025 * step_s**0.5, len(self.ts))
            self.prices[symbol] = np.round((40 + 60 * n) * np.exp(np.cumsum(moves)), 2)


def walk_fills(market: Market, count: int, strategies: list[str]) -> list[Fill]:
    """Buy and sell by turns, spread over all the time there is."""
    rng = random.Random(11)
    symbols = list(market.prices)
    places = sorted(rng.sample(range(len(market.ts)), count))
    held: dict[tuple[str, str], int] = {}
    fills = []
    for n, place in enumerate(places):
        key = (strategies[n % len(strategies)], symbols[n // 3 % len(symbols)])
        quantity = held.pop(key, 0)
        side = Side.SELL if quantity > 0 else Side.BUY
        if quantity == 0:
            quantity = rng.choice((50, 100, 200))
            held[key] = quantity
        mid = float(market.prices[key[1]][place])
        price = round(mid + int(side) * 0.01, 2)
        fills.append(
            Fill(
                exec_id=n + 1,
                order_id=n + 1,
                strategy=key[0],
                symbol=key[1],
                side=side,
                quantity=quantity,
                price_units=round(price * 10_000),
                ts_ns=int(market.ts[place]) + 123_000_000,
                commission_micro=max(MICRO, quantity * 5_000),
                price=price,
                decision_mid=mid - int(side) * 0.001,
                decision_price=mid + int(side) * 0.004,
                arrival_price=mid + int(side) * 0.007,
            )
        )
    return fills


def walk_equity(market: Market, fills: list[Fill]) -> np.ndarray:
    """Mark everything at every step."""
    equity = np.full(len(market.ts), CAPITAL)
    for fill in fills:
        later = market.ts >= fill.ts_ns
        value = fill.signed_quantity * (market.prices[fill.symbol] - fill.price)
        equity[later] += value[later] - fill.commission
    return equity


def order_of(fill: Fill, instruments: dict[str, Instrument]) -> Order:
    """Make the order behind a fill."""
    request = OrderRequest(fill.symbol, fill.side, fill.quantity, reason="momentum 0.021")
    order = Order(fill.order_id, request, instruments[fill.symbol], fill.strategy, fill.ts_ns)
    order.filled = fill.quantity
    order.fill_value_units = fill.quantity * fill.price_units
    return order


def refusal(ts_ns: int, symbol: str, rule: str, reason: str) -> Refusal:
    """Make a refusal."""
    request = OrderRequest(symbol, Side.BUY, 900, reason="momentum 0.0231 above 0.02")
    return Refusal(ts_ns, "momentum", request, Refused(rule, 75_000.0, 91_234.5, reason))


SETTINGS: dict[str, Any] = {
    "resolution": "tick",
    "seed": 7,
    "sim": {"fill": "quote", "latency_ms": 25.0, "fees": "ibkr-fixed", "account": "reg-t"},
    "risk": {"max_position_fraction": 0.3, "max_drawdown": 0.05, "min_order_interval_s": 0.001},
}

FINDINGS = (
    Finding(
        Severity.PROBLEM,
        "costs-above-edge",
        "Costs of $412.00 are larger than the $180.00 earned before them.",
        "Trade less often, or look for a larger edge per round trip.",
    ),
    Finding(Severity.WARNING, "few-trips", "Only 12 round trips: the Sharpe ratio may be luck."),
    Finding(Severity.NOTE, "synthetic", "The market data is made up."),
)


def summary_of(result: BacktestResult) -> Summary:
    """Sum up a result as the engine does."""
    return summarise(
        SummaryInputs(
            capital=result.capital,
            equity_ts=result.equity_ts,
            equity=result.equity,
            session_end_equity=result.session_equity,
            fills=result.fills,
            multipliers={s: i.multiplier for s, i in result.instruments.items()},
            first_ts=result.start_ns,
            last_ts=result.end_ns,
            prices={s: (path.ts_ns, path.price) for s, path in result.prices.items()},
            marks={s: float(path.price[-1]) for s, path in result.prices.items()},
        )
    )


def make_result(
    *,
    fills: int = 60,
    days: int = 1,
    symbols: tuple[str, ...] = ("SPY", "BAC", "IBM"),
    strategies: tuple[str, ...] = ("momentum",),
    first: dt.date = dt.date(2013, 10, 7),
    step_s: int = 5,
    **changes: Any,
) -> BacktestResult:
    """Make the result of a run; `changes` replace fields of it before it is summed up."""
    market = Market(weekdays(first, days), list(symbols), step_s)
    instruments = {symbol: Instrument(symbol=symbol) for symbol in symbols}
    done = walk_fills(market, fills, list(strategies))
    equity = walk_equity(market, done)
    ends = np.searchsorted(market.ts, [open_ns(d) + SESSION_S * S for d in market.days])
    position: dict[str, int] = dict.fromkeys(symbols, 0)
    for fill in done:
        position[fill.symbol] += fill.signed_quantity
    noon = open_ns(market.days[0]) + 9_000 * S
    result = BacktestResult(
        strategy="+".join(strategies),
        params={name: {"lookback": 20, "threshold": 0.02} for name in strategies},
        instruments=instruments,
        resolution="tick",
        feed="both",
        synthetic=True,
        settings=SETTINGS,
        capital=CAPITAL,
        start_ns=open_ns(market.days[0]),
        end_ns=int(market.ts[-1]),
        events=1_234_567,
        engine_seconds=0.41,
        fills=done,
        orders=[order_of(fill, instruments) for fill in done],
        refusals=[
            refusal(noon + n * S, symbols[0], rule, f"{rule}: 900 {symbols[0]} is too much.")
            for n in range(4)
            for rule in ("position", "interval")
        ],
        refused={"interval": 4, "position": 4},
        alerts=[Alert(noon, "warning", "risk", "Drawdown is at 80 % of its limit.")],
        equity_ts=market.ts,
        equity=equity,
        session_equity=[
            (day, float(equity[min(end, len(equity) - 1)]))
            for day, end in zip(market.days, ends, strict=True)
        ],
        prices={symbol: PricePath(market.ts, path) for symbol, path in market.prices.items()},
        final_equity=float(equity[-1]),
        positions={symbol: held for symbol, held in position.items() if held},
        round_trips=round_trips(done, {}).closed,
        described={name: {"largest momentum": 0.0193} for name in strategies},
        logs=[(noon, strategies[0], "Warm after 20 prices.")],
        notes=["Market orders trade against the standing quote at arrival."],
        commission=sum(fill.commission for fill in done),
        findings=FINDINGS,
    )
    result = dataclasses.replace(result, **changes)
    if result.summary is None:
        result.summary = summary_of(result)
    return result


def empty_result(**changes: Any) -> BacktestResult:
    """Make the result of a run over one tick, without fills or anything else."""
    start = open_ns(dt.date(2013, 10, 7))
    nothing: dict[str, Any] = {
        "start_ns": start,
        "end_ns": start,
        "events": 1,
        "engine_seconds": 0.0,
        "equity_ts": np.empty(0, dtype=np.int64),
        "equity": np.empty(0, dtype=np.float64),
        "session_equity": [],
        "prices": {},
        "refusals": [],
        "refused": {},
        "alerts": [],
        "described": {},
        "logs": [],
        "notes": [],
        "params": {},
        "settings": {},
        "findings": (),
        "positions": {},
        "final_equity": CAPITAL,
        "synthetic": False,
    }
    return make_result(fills=0, symbols=("SPY",), **(nothing | changes))


def one_sided_result() -> BacktestResult:
    """Make the result of a run that only ever bought."""
    whole = make_result(fills=12, symbols=("SPY",))
    buys = [fill for fill in whole.fills if fill.side == Side.BUY]
    return dataclasses.replace(
        whole,
        fills=buys,
        round_trips=(),
        positions={"SPY": sum(fill.quantity for fill in buys)},
        summary=summary_of(dataclasses.replace(whole, fills=buys)),
    )
