"""From what a person calls data to the tape source of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ikbr.api.embedded import SEED, embedded_catalog
from ikbr.api.request import Request
from ikbr.data.catalog import FETCH_HINT, Catalog
from ikbr.data.merge import Feed
from ikbr.data.tape_source import CatalogSource, MemorySource, select_days
from ikbr.domain.errors import DataError, UsageError
from ikbr.domain.tape import Kind, Tape, TapeSource

USUAL_FOLDER = Path("catalog")
"""Where a catalog is expected when nothing else is said."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Holding:
    """Hold the data that was chosen, before symbols and days are.

    Attributes:
        catalog: Where it is, unless it is in memory.
        source: It, when it is in memory.
        label: What it is called in the record of the run.
        resolution: Its resolution, when it has only one.
        feed: Its feed, when it has only one.
    """

    catalog: Catalog | None
    label: str
    source: TapeSource | None = None
    resolution: str | None = None
    feed: str | None = None

    @property
    def symbols(self) -> tuple[str, ...]:
        """What it has data of."""
        if self.catalog is not None:
            return self.catalog.symbols()
        assert self.source is not None
        return tuple(one.symbol for one in self.source.instruments)


def find_data(request: Request, configured: Path, stack: ExitStack, tell: Tell) -> Holding:
    """Find the data that a request means.

    Args:
        request: Its `data` and `seed` decide.
        configured: The catalog that the settings name.
        stack: Cleans up what only this run needs.
        tell: Told which data was taken where nothing was said.

    Returns:
        The data.

    Raises:
        DataError: When there is none.
    """
    data = request.data
    if data is None:
        return _usual(request.seed, configured, tell)
    if isinstance(data, str | Path):
        return Holding(_existing(Path(data)), str(data))
    if isinstance(data, Catalog):
        return Holding(_existing(data.path), str(data.path))
    if isinstance(data, Tape):
        return Holding(None, "tape in memory", _of_tape(data, request.resolution))
    if hasattr(data, "chunks") and hasattr(data, "instruments"):
        return Holding(None, "tape source", cast(TapeSource, data))
    from ikbr.api.frames import catalog_of_frames

    found = catalog_of_frames(data, request.symbols, stack)
    return Holding(found.catalog, "frames in memory", None, found.resolution, found.feed)


def choose_source(request: Request, holding: Holding, symbols: Sequence[str]) -> TapeSource:
    """Choose symbols and days.

    Args:
        request: Its days, resolution, feed and session decide.
        holding: The data.
        symbols: Whose, in this order.

    Returns:
        The market data of the run.

    Raises:
        DataError: When the data does not hold them, naming what is there.
    """
    if holding.catalog is None:
        assert holding.source is not None
        return _whole(request, holding.source, symbols)
    resolution = request.resolution or holding.resolution or "tick"
    feed = cast(Feed, holding.feed or request.feed)
    sessions = select_days(
        holding.catalog,
        symbols,
        resolution,
        feed,
        days=request.days,
        start=request.start,
        end=request.end,
    )
    return CatalogSource(
        holding.catalog,
        symbols,
        sessions,
        resolution=resolution,
        feed=feed,
        session="all" if request.session == "all" else "regular",
    )


def _usual(seed: int | None, configured: Path, tell: Tell) -> Holding:
    """Take the configured catalog, or the embedded one where there is none."""
    if seed is None:
        if Catalog(configured).symbols():
            return Holding(Catalog(configured), str(configured))
        if configured != USUAL_FOLDER:
            raise DataError(
                f"catalog '{configured}' (setting data.dir) is empty; {FETCH_HINT}, or name "
                f"another folder with --data DIR."
            )
        tell("no catalog here: using the embedded synthetic tape")
    number = SEED if seed is None else seed
    return Holding(Catalog(embedded_catalog(number, tell)), f"embedded synthetic, seed {number}")


def _existing(folder: Path) -> Catalog:
    catalog = Catalog(folder)
    if not catalog.symbols():
        what = "is empty" if folder.is_dir() else "does not exist"
        raise DataError(f"catalog '{folder}' {what}; {FETCH_HINT}, or name another folder.")
    return catalog


def _of_tape(tape: Tape, resolution: str | None) -> MemorySource:
    """Give a tape the sessions of its first instrument's calendar."""
    import numpy as np

    from ikbr.data.calendars import sessions, trading_days

    if not len(tape):
        raise DataError("the tape has no rows; there is nothing to run over.")
    calendar = tape.instruments[0].calendar
    ends = np.array([tape.ts[0], tape.ts[-1]], np.int64)
    first, last = cast(list[Any], trading_days(ends, calendar).tolist())
    found = sessions(calendar, first, last)
    if not found:
        raise DataError(
            f"the tape ({first} to {last}) lies on no trading day of calendar {calendar}; pass a "
            f"MemorySource with sessions of its own."
        )
    bars = bool(np.isin(tape.kind, (Kind.BAR_OPEN, Kind.BAR_CLOSE)).any())
    if bars and resolution is None:
        raise DataError("the tape holds bars; say which with resolution (second, minute, daily).")
    return MemorySource(tape, found, resolution=resolution or "tick")


def _whole(request: Request, source: TapeSource, symbols: Sequence[str]) -> TapeSource:
    """Refuse to choose from a tape: it is run over as it is."""
    held = tuple(one.symbol for one in source.instruments)
    if set(symbols) != set(held):
        raise DataError(
            f"the tape is of {', '.join(held)} and the symbols are {', '.join(symbols)}; a tape "
            f"is run over as a whole, so leave symbols out or make a tape of these."
        )
    if request.days is not None or request.start is not None or request.end is not None:
        raise UsageError("a tape is run over as a whole; leave out days, start and end.")
    if request.feed != "both":
        raise UsageError(f"feed {request.feed!r} chooses from a catalog; a tape is run over whole.")
    return source
