"""What the gateway answers a bot: the time, market data, a preview of an order, history."""

from __future__ import annotations

from ikbr.broker.checkup import Checkup, Code, Quotes
from ikbr.broker.history_budget import MOST_IN_WINDOW
from ikbr.domain.errors import BrokerError
from ikbr.domain.margin_preview import MarginPreview
from ikbr.ops.doctor.case import Case
from ikbr.ops.doctor.finding import Finding, failure, note, ok, warning

SKEW_WARN_S, SKEW_MOST_S = 2.0, 5.0
"""The gateway tells whole seconds, so that a difference of one means nothing."""
READ_ONLY = 321
COMPETING = 10197


async def check_time(_case: Case, link: Checkup) -> list[Finding]:
    """Compare this machine's clock with the gateway's."""
    try:
        skew = await link.skew_s()
    except BrokerError as error:
        return [
            failure(
                f"the gateway does not tell the time ({error})",
                "A gateway that answers nothing will not take orders either.",
                "docker restart the gateway",
            )
        ]
    if link.simulated:
        return [note("the time is that of the simulated market", "", "")]
    return [judge_skew(skew)]


def judge_skew(skew: float) -> Finding:
    """Judge by how many seconds the gateway's clock is ahead of this machine's."""
    words = f"the gateway's clock is {skew:+.0f} s off this machine's"
    if abs(skew) > SKEW_WARN_S:
        level = failure if abs(skew) > SKEW_MOST_S else warning
        return level(
            words,
            "Data looks stale or comes from the future, sessions begin at the wrong time; "
            "entries stop at five seconds.",
            "sudo timedatectl set-ntp true",
        )
    return ok("this machine's clock agrees with the gateway's")


async def check_market_data(case: Case, link: Checkup) -> list[Finding]:
    """Ask for the market data of every symbol: live, delayed or none."""
    found = []
    for symbol in case.symbols:
        try:
            quotes = await link.quotes(symbol, case.quotes_s)
        except BrokerError as error:
            found.append(_unanswered(symbol, error))
        else:
            found.append(_judge_quotes(symbol, quotes, case.delayed_will_do))
    return found


def _unanswered(symbol: str, error: BrokerError) -> Finding:
    return failure(
        f"{symbol}: {error}",
        "A gateway that does not know its contracts gives no data either.",
        "docker restart the gateway",
    )


def _judge_quotes(symbol: str, quotes: Quotes, delayed_will_do: bool) -> Finding:
    code = quotes.code
    told = f" ({code.code}: {code.text})" if code else ""
    if code is not None and code.code == COMPETING:
        return failure(
            f"{symbol}: somebody else's session has the market data{told}",
            "IB gives live data to one session per user name.",
            "log the other session out, or give the bot a user name of its own",
        )
    if code is not None and code.code == 200:
        return failure(
            f"{symbol}: IB knows no such contract{told}",
            "It cannot be traded.",
            f"write {symbol} as docs/data.md tells, such as AAPL@NASDAQ",
        )
    delayed = quotes.kind in {3, 4} or (code is not None and code.code == 10167)
    if delayed and delayed_will_do:
        return ok(f"{symbol}: delayed data, which will do by broker.market_data")
    if delayed:
        return failure(
            f"{symbol}: delayed data only{told}",
            "Decisions would be fifteen minutes late; entries are refused.",
            "Client Portal → Settings → Market Data; to try, broker.market_data = delayed",
        )
    if quotes.came:
        return ok(f"{symbol}: live data")
    if code is not None:
        return failure(
            f"{symbol}: no market data{told}",
            "Nothing is entered without prices.",
            "Client Portal → Settings → Market Data (and share it with the paper account)",
        )
    return warning(
        f"{symbol}: no price came",
        "The market may be closed; or there is no subscription.",
        "try again while the market is open",
    )


async def check_order_permission(case: Case, link: Checkup) -> list[Finding]:
    """Preview an order without placing it: shows the read-only switch and permissions."""
    symbol = next(iter(case.symbols), "")
    if not symbol:
        return []
    answer = await link.preview(symbol)
    if isinstance(answer, Code):
        return [_judge_refusal(symbol, answer)]
    if isinstance(answer, MarginPreview):
        return [ok(f"orders are taken: one share of {symbol} was previewed")]
    return [
        warning(
            f"the preview of an order for {symbol} was not answered ({answer})",
            "Whether orders are taken is not known; IB leaves some previews unanswered.",
            "ikbr doctor again while the market is open",
        )
    ]


def _judge_refusal(symbol: str, code: Code) -> Finding:
    if code.code == READ_ONLY and "read-only" in code.text.lower():
        return failure(
            f"the API is read-only ({code.code}: {code.text})",
            "Every order will be refused.",
            'set READ_ONLY_API=no in deploy/compose.yaml, or "Read-Only API" off in the gateway',
        )
    return failure(
        f"an order for {symbol} would be refused ({code.code}: {code.text})",
        "The account lacks a permission, or funds.",
        "Client Portal → Settings → Trading Permissions",
    )


async def check_history(case: Case, link: Checkup) -> list[Finding]:
    """Ask for a few bars, and say what IB's limits leave."""
    symbol = next(iter(case.symbols), "")
    if not symbol:
        return []
    try:
        bars = await link.some_bars(symbol)
    except BrokerError as error:
        pacing = "pacing" in str(error).lower()
        return [
            warning(
                f"history: {error}",
                "Strategies that warm up begin without their past.",
                "wait ten minutes without requests" if pacing else "ikbr doctor again later",
            )
        ]
    return [
        ok(
            f"history is answered ({bars} daily bars of {symbol}); of {MOST_IN_WINDOW} requests "
            "for small bars in ten minutes this visit used none (IB does not tell what others did)"
        )
    ]
