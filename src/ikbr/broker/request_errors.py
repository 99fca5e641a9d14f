"""How requests fail: a typed error with IB's code, IB's words, and what to do about it.

ib_async answers most of these with an empty list, which looks like "there is nothing".
"""

from __future__ import annotations

from ikbr.domain.errors import BrokerError


class RequestError(BrokerError):
    """Report that a request was not answered with what was asked for.

    Attributes:
        code: IB's number; 0 where IB said nothing.
        words: IB's words.
    """

    remedy = "IB gives the reason; change the request accordingly"

    def __init__(self, what: str, code: int, words: str) -> None:
        """Say what was asked and what came instead."""
        self.code = code
        self.words = words
        said = f"IB says {code}: {words.rstrip('.')}" if code else words.rstrip(".")
        super().__init__(f"{what}: {said}; {self.remedy}.")


class RequestTimeoutError(RequestError):
    """Report that no answer came in time."""

    remedy = "see whether the gateway is logged in, or allow more time"


class LinkLostError(RequestError):
    """Report that the connection was not there, or ended before the answer came."""

    remedy = "ask again when the connection is back"


class PacingError(RequestError):
    """Report that IB's pacing rules were broken; the request was not carried out."""

    remedy = "ask again after a pause"


class NoDataError(RequestError):
    """Report that IB has no such data."""

    remedy = "choose other days, or another kind of data"


class NoContractError(RequestError):
    """Report that there is no such contract, or more than one."""

    remedy = "write it in full, as AAPL@NASDAQ or 'ES 202612 CME'"


class NoPermissionError(RequestError):
    """Report that the account may not see the data."""

    remedy = "subscribe to the data in IB's account management, or ask for delayed data"


class NoLineError(RequestError):
    """Report that no market data line is left."""

    remedy = "end another subscription first, or buy more lines of IB"


_BY_CODE: dict[int, type[RequestError]] = {
    100: PacingError,
    101: NoLineError,
    200: NoContractError,
    309: NoLineError,
    354: NoPermissionError,
    420: PacingError,
    504: LinkLostError,
    10089: NoPermissionError,
    10168: NoPermissionError,
    10186: NoPermissionError,
    10190: NoLineError,
    10197: NoPermissionError,
}

_BY_WORDS: tuple[tuple[str, type[RequestError]], ...] = (
    ("pacing violation", PacingError),
    ("too many historical requests", PacingError),
    ("no data", NoDataError),
    ("no market data permissions", NoPermissionError),
)
"""What 162 and its like mean stands in their words alone.

Source: IBKR, TWS API, "Historical data limitations" and message code 162.
"""


def failure(what: str, code: int, words: str) -> RequestError:
    """Make the error that a code means.

    Args:
        what: What was asked for, in words.
        code: IB's number.
        words: IB's words.

    >>> type(failure("bars", 162, "Historical data request pacing violation")).__name__
    'PacingError'
    >>> str(failure("bars of SPY", 162, "HMDS query returned no data: SPY@SMART Trades"))
    'bars of SPY: IB says 162: HMDS query returned no data: SPY@SMART Trades; choose other days, or another kind of data.'
    """  # noqa: E501
    kind = _BY_CODE.get(code)
    if kind is None:
        folded = words.casefold()
        kind = next((kind for text, kind in _BY_WORDS if text in folded), RequestError)
    return kind(what, code, words)
