"""What the catalog keeps beside columns: instruments, file facts, corporate actions."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TypeVar

import msgspec

from ikbr.data.atomic import Replacing
from ikbr.domain.errors import DataError
from ikbr.domain.instrument import Instrument
from ikbr.domain.tape import CorporateAction

INSTRUMENT_FILE = "instrument.json"
ACTIONS_FILE = "actions.json"
_KEY = "ikbr"
_T = TypeVar("_T")
_SAFE = re.compile(r"^[A-Z0-9][A-Z0-9. ]*$")


class Card(msgspec.Struct, frozen=True):
    """Say what a symbol's folder holds.

    Attributes:
        instrument: The contract, with its price scale and calendar.
        source: Where the first data came from.
        synthetic: Whether the data is made up.
    """

    instrument: Instrument
    source: str
    synthetic: bool = False


class FileMeta(msgspec.Struct, frozen=True, kw_only=True):
    """Say what one Parquet file holds.

    Attributes:
        symbol, kind: Whose data and of which kind.
        price_scale: Price units per 1.0 of price.
        rows: Count of rows.
        days: Trading days in the file, in order.
        source: Where the data came from.
        synthetic: Whether it is made up.
        note: What a reader should know (rows dropped, sizes assumed).
    """

    symbol: str
    kind: str
    price_scale: int
    rows: int
    days: tuple[dt.date, ...]
    source: str
    synthetic: bool = False
    note: str = ""

    def to_parquet(self) -> dict[str, str]:
        """Encode as Parquet key-value metadata."""
        return {_KEY: msgspec.json.encode(self).decode()}


def safe_name(symbol: str) -> str:
    """Turn a symbol into a folder name.

    Raises:
        DataError: When it holds anything but capitals, digits, dots and spaces.

    >>> safe_name("ES 202612 CME"), safe_name("EUR.USD")
    ('ES_202612_CME', 'EUR.USD')
    """
    if not _SAFE.match(symbol):
        raise DataError(
            f"symbol {symbol!r} cannot name data; write it in capitals, as AAPL or EUR.USD."
        )
    return symbol.replace(" ", "_")


def read_file_meta(path: Path) -> FileMeta:
    """Read a Parquet file's own facts from its footer.

    Raises:
        DataError: When the file is broken or not one of the catalog's.
    """
    import polars as pl

    try:
        text = pl.read_parquet_metadata(path)[_KEY]
        return msgspec.json.decode(text, type=FileMeta)
    except (
        pl.exceptions.PolarsError,
        OSError,
        KeyError,
        msgspec.MsgspecError,
        UnicodeError,
    ) as error:
        raise DataError(
            f"catalog file '{path}' is broken or foreign; delete it and import that day again."
        ) from error


def read_card(folder: Path) -> Card | None:
    """Read a symbol's card, or None where there is no such symbol."""
    return _read(folder / INSTRUMENT_FILE, Card)


def write_card(folder: Path, card: Card) -> None:
    """Write a symbol's card."""
    _write(folder / INSTRUMENT_FILE, card)


def read_actions(folder: Path) -> tuple[CorporateAction, ...]:
    """Read splits and dividends (none: an empty tuple)."""
    return _read(folder / ACTIONS_FILE, tuple[CorporateAction, ...]) or ()


def write_actions(folder: Path, actions: tuple[CorporateAction, ...]) -> None:
    """Write splits and dividends."""
    _write(folder / ACTIONS_FILE, actions)


def _read(path: Path, kind: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise DataError(f"catalog file '{path}' is broken ({error}); delete it.") from error


def _write(path: Path, value: object) -> None:
    with Replacing(path) as temporary:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1))
