"""Where things are in a LEAN data folder.

`equity/usa/<resolution>/<symbol>/<YYYYMMDD>_<trade|quote>.zip`, `equity/usa/daily/<symbol>.zip`,
`equity/usa/factor_files/<symbol>.csv`, `forex/<market>/<resolution>/<pair>/<YYYYMMDD>_quote.zip`.
Source: https://github.com/QuantConnect/Lean/blob/master/Data/readme.md
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from ikbr.data.wall_clock import compact_date
from ikbr.domain.contracts import parse_contract
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument, SecType

# FXCM's files keep New York winter time all year.
ZONES = {"usa": "America/New_York", "fxcm": "Etc/GMT+5", "oanda": "UTC"}
"""Time zone of a market's files."""

RESOLUTIONS = ("tick", "second", "minute", "daily")
MOST_BYTES = 1 << 31
"""Longest csv that is unpacked: a busy day of SPY's quotes has a tenth of it."""
_NAME = re.compile(r"^(\d{8})_(trade|quote)$")


@dataclass(frozen=True, slots=True)
class LeanFile:
    """Name one data file of a LEAN folder.

    Attributes:
        path: The zip, or the csv of a factor file.
        instrument: Whose data it is.
        market: usa, fxcm or oanda.
        kind: The catalog's kind, or "actions" for a factor file.
        day: The local date of the file; None where it covers many.
    """

    path: Path
    instrument: Instrument
    market: str
    kind: str
    day: dt.date | None

    @property
    def zone(self) -> str:
        """The time zone of the file's wall clock."""
        return ZONES[self.market]

    @property
    def source(self) -> str:
        """Where the data came from, for people."""
        folder = "forex" if self.instrument.sec_type == SecType.FOREX else "equity"
        return f"LEAN {folder}/{self.market}"


def find_files(path: Path) -> tuple[list[LeanFile], list[Path]]:
    """Find what can be imported under a path.

    Args:
        path: A LEAN data folder, any folder within it, or one file.

    Returns:
        The files in order of path, and zips that cannot be used (options, hourly bars…).

    Raises:
        DataError: When the path does not exist or holds nothing that can be used.
    """
    if not path.exists():
        raise DataError(f"PATH '{path}' does not exist; name a LEAN data folder or zip.")
    if path.is_dir():
        paths = sorted(p for ending in ("zip", "csv") for p in path.rglob(f"*.{ending}"))
    else:
        paths = [path]
    found: list[LeanFile] = []
    unused: list[Path] = []
    for one in paths:
        made = describe(one)
        if made is not None:
            found.append(made)
        elif one.suffix == ".zip" or one == path:
            unused.append(one)
    if not found:
        example = f" ('{unused[0]}' is none)" if unused else ""
        raise DataError(
            f"PATH '{path}' holds no LEAN files that can be imported{example}; expected folders "
            "as equity/usa/tick/spy/20131007_trade.zip, equity/usa/daily/spy.zip or "
            "forex/fxcm/tick/eurusd/20140501_quote.zip."
        )
    return found, unused


def describe(path: Path) -> LeanFile | None:
    """Read from a file's place what it holds; None where it cannot be imported."""
    parts = path.resolve().parts
    for at in range(len(parts) - 1, 0, -1):
        if parts[at - 1] in {"equity", "forex"} and parts[at] in ZONES:
            return _describe(path, parts[at - 1], parts[at], parts[at + 1 :])
    return None


def _describe(path: Path, security: str, market: str, rest: tuple[str, ...]) -> LeanFile | None:
    forex = security == "forex"
    match rest:
        case ("factor_files", _) if path.suffix == ".csv" and not forex:
            return LeanFile(path, lean_instrument(path.stem, forex), market, "actions", None)
        case ("daily", _) if path.suffix == ".zip" and not forex:
            return LeanFile(path, lean_instrument(path.stem, forex), market, "bar-daily", None)
        case (("tick" | "second" | "minute") as span, symbol, _):
            match = _NAME.match(path.stem)
            if not match or path.suffix != ".zip" or (forex and match[2] == "trade"):
                return None
            side = "print" if match[2] == "trade" else "quote"
            if span != "tick":
                side = ("bar-" if side == "print" else "quotebar-") + span
            return LeanFile(
                path, lean_instrument(symbol, forex), market, side, _date(path, match[1])
            )
        case _:
            return None


def lean_instrument(symbol: str, forex: bool) -> Instrument:
    """Turn a LEAN symbol into an instrument.

    >>> lean_instrument("spy", False).symbol, lean_instrument("eurusd", True).symbol
    ('SPY', 'EUR.USD')
    """
    name = symbol.upper()
    return parse_contract(f"{name[:3]}.{name[3:]}" if forex else name)


def _date(path: Path, text: str) -> dt.date:
    try:
        return compact_date(text)
    except ValueError:
        raise DataError(f"file '{path}': {text!r} is not a date (YYYYMMDD).") from None


def read_member(path: Path) -> bytes:
    """Read the one csv in a zip.

    Raises:
        DataError: When the zip is broken or does not hold exactly one file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if not name.endswith("/")]
            if len(members) != 1:
                raise DataError(
                    f"file '{path}' holds {len(members)} files; a LEAN zip holds exactly one csv."
                )
            with archive.open(members[0]) as member:
                data = member.read(MOST_BYTES + 1)
            if len(data) > MOST_BYTES:
                raise DataError(
                    f"file '{path}' unpacks to more than {MOST_BYTES:,} bytes; that is no day of "
                    "LEAN data. Fetch it again."
                )
            return data
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"file '{path}' is not a readable zip ({error}); fetch it again."
        ) from error
    except zlib.error as error:
        raise DataError(f"file '{path}' is a damaged zip ({error}); fetch it again.") from error
