"""`ikbr data`: fetch, import, list, check and make market data."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from ikbr.cli.data_fetch import fetch_command

if TYPE_CHECKING:
    from ikbr.data.catalog import Catalog
    from ikbr.data.import_csv import CsvReport
    from ikbr.data.import_lean import ImportReport
    from ikbr.data.quality_case import Finding

app = typer.Typer(help="Fetch, import, list, check and make market data.", no_args_is_help=True)
imports = typer.Typer(help="Bring market data into the catalog.", no_args_is_help=True)
makes = typer.Typer(help="Make market data up.", no_args_is_help=True)
app.add_typer(imports, name="import")
app.add_typer(makes, name="make")
app.command("fetch")(fetch_command)

CatalogOption = Annotated[
    Path, typer.Option("--catalog", "--data", metavar="DIR", help="Folder of the catalog.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
DEFAULT_CATALOG = Path("catalog")
_COLOURS = {"error": "red", "warning": "yellow", "info": "dim"}


@imports.command("lean")
def import_lean_command(
    path: Annotated[Path, typer.Argument(help="A LEAN data folder, part of one, or one zip.")],
    catalog: CatalogOption = DEFAULT_CATALOG,
) -> None:
    """Import LEAN data: ticks, second, minute and daily bars, factor files, forex quotes.

    The day of a file replaces that day in the catalog, so importing twice does no harm.
    """
    from rich.console import Console
    from rich.progress import Progress

    from ikbr.data.catalog import Catalog
    from ikbr.data.import_lean import import_lean

    started = time.perf_counter()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("finding files", total=None)

        def show(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=name)

        report = import_lean(Catalog(catalog), path, show)
    _tell_lean(report, catalog, time.perf_counter() - started)


def _tell_lean(report: ImportReport, catalog: Path, seconds: float) -> None:
    for (symbol, kind), rows in sorted(report.rows.items()):
        print(f"{symbol:<10} {kind:<16} {rows:>12,} rows")
    if report.actions:
        print(f"{report.actions:,} splits and dividends")
    for note in report.notes:
        print(f"note: {note}")
    if report.unused:
        print(f"left out: {len(report.unused):,} files of other kinds, as {report.unused[0]}")
    print(f"{report.files:,} files into '{catalog}' in {seconds:.1f} s")


@imports.command("csv")
def import_csv_command(
    file: Annotated[Path, typer.Argument(help="The csv file; its first line names the columns.")],
    symbol: Annotated[str, typer.Option(help="The contract, as AAPL, EUR.USD, 'ES 202612 CME'.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN,…",
            help="Columns by field, as ts=Date+Time,price=Close; the rest is guessed.",
        ),
    ] = None,
    kind: Annotated[
        str, typer.Option(help="print, quote, bar-minute, …; told from the columns by default.")
    ] = "",
    tz: Annotated[
        str, typer.Option(help="Time zone of times without an offset; default: the exchange's.")
    ] = "",
    ts_format: Annotated[
        str,
        typer.Option(help="A strptime format, epoch-s, epoch-ms, epoch-us, epoch-ns, ms-of-day."),
    ] = "guess",
    date: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help="The day of times that name none.")
    ] = "",
    bar_stamp: Annotated[
        str, typer.Option(help="Whether bars carry the time of their start or end.")
    ] = "start",
    rounding: Annotated[
        bool, typer.Option("--round", help="Round prices that are finer than a price unit.")
    ] = False,
    catalog: CatalogOption = DEFAULT_CATALOG,
) -> None:
    """Import a csv file with any column names, time zone and time format."""
    from ikbr.data.catalog import Catalog
    from ikbr.data.csv_map import parse_map
    from ikbr.data.import_csv import CsvLayout, import_csv
    from ikbr.domain.errors import UsageError, nearest

    if bar_stamp not in {"start", "end"}:
        raise UsageError(
            f"--bar-stamp {bar_stamp!r} is unknown; {nearest(bar_stamp, ('start', 'end'))}."
        )
    layout = CsvLayout(
        symbol=symbol,
        kind=kind,
        mapping=parse_map(mapping or []),
        zone=_zone(tz),
        ts_format=ts_format,
        date=_day(date, "--date") if date else None,
        bar_stamp=cast(Literal["start", "end"], bar_stamp),
        rounding=rounding,
    )
    _tell_csv(import_csv(Catalog(catalog), file, layout), catalog)


def _tell_csv(report: CsvReport, catalog: Path) -> None:
    columns = ", ".join(f"{field}={'+'.join(names)}" for field, names in report.mapping.items())
    print(f"read as {report.kind}: {columns}; times {report.ts_format} in {report.zone}")
    for note in report.notes:
        print(f"note: {note}")
    span = f"{report.days[0]} to {report.days[-1]}" if report.days else "no days"
    print(f"{report.rows:,} rows of {report.symbol}, {span}, into '{catalog}'")


@app.command("list")
def list_command(catalog: CatalogOption = DEFAULT_CATALOG, as_json: JsonOption = False) -> None:
    """List what the catalog holds."""
    from ikbr.data.catalog import Catalog
    from ikbr.domain.errors import DataError

    held = Catalog(catalog)
    rows = _holdings(held)
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    if not rows:
        raise DataError(
            f"catalog '{catalog}' is empty; import data with `ikbr data import lean PATH`, make "
            "some with `ikbr data make synthetic`, or name another folder with --catalog DIR."
        )
    from rich.console import Console
    from rich.table import Table

    table = Table("symbol", "kind", box=None, pad_edge=False)
    table.add_column("days", justify="right")
    table.add_column("first")
    table.add_column("last")
    table.add_column("rows", justify="right")
    table.add_column("synthetic")
    for row in rows:
        made_up = "synthetic" if row["synthetic"] else ""
        table.add_row(
            *(str(row["symbol"]), str(row["kind"]), f"{row['days']:,}"),
            *(str(row["first"]), str(row["last"]), f"{row['rows']:,}", made_up),
        )
    Console().print(table)


def _holdings(catalog: Catalog) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for symbol in catalog.symbols():
        for kind in catalog.kinds(symbol):
            days = catalog.days(symbol, kind)
            rows.append(
                {
                    "symbol": symbol,
                    "kind": kind,
                    "days": len(days),
                    "first": days[0].isoformat(),
                    "last": days[-1].isoformat(),
                    "rows": catalog.rows(symbol, kind),
                    "synthetic": catalog.synthetic(symbol),
                }
            )
    return rows


@app.command("check")
def check_command(
    symbols: Annotated[
        list[str] | None, typer.Argument(help="Symbols to look at; all by default.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Kinds of data to look at; all by default.")
    ] = None,
    catalog: CatalogOption = DEFAULT_CATALOG,
    as_json: JsonOption = False,
) -> None:
    """Look for faults in stored data; exit code 1 when there are errors.

    Errors make a backtest wrong, warnings want a look, infos are ordinary and only counted.
    """
    from ikbr.data.catalog import Catalog
    from ikbr.data.quality import check

    wanted = [one.upper() for text in symbols or () for one in text.split(",") if one]
    found = check(Catalog(catalog), wanted, now_ns=time.time_ns(), kinds=kind or ())
    if as_json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        _tell_findings(found)
    if any(one.severity == "error" for one in found):
        raise typer.Exit(1)


def _tell_findings(found: list[Finding]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console.width = 140
    if found:
        table = Table("severity", "rule", "data", "day", box=None, pad_edge=False)
        table.add_column("count", justify="right")
        table.add_column("what", overflow="fold")
        for one in found:
            what = "; ".join((one.text, *one.examples))
            table.add_row(
                f"[{_COLOURS[one.severity]}]{one.severity}[/]",
                *(one.rule, f"{one.symbol} {one.kind}", str(one.day or "all"), f"{one.count:,}"),
                escape(what),
            )
        console.print(table)
    counts = {name: sum(one.severity == name for one in found) for name in _COLOURS}
    print(", ".join(f"{n} {name}{'' if n == 1 else 's'}" for name, n in counts.items()))


@makes.command("synthetic")
def make_synthetic_command(
    symbols: Annotated[str, typer.Option(help="Symbols, separated by commas.")] = "",
    days: Annotated[int, typer.Option(min=1, max=10_000, help="How many sessions.")] = 5,
    start: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="First day.")] = "",
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 7,
    rows_per_day: Annotated[
        int, typer.Option(min=1, max=100_000_000, help="About how many ticks a day.")
    ] = 100_000,
    catalog: CatalogOption = DEFAULT_CATALOG,
) -> None:
    """Make up a market: ticks and bars of correlated stocks, labelled synthetic everywhere."""
    from ikbr.data.synthetic import START, SYMBOLS, make_synthetic
    from ikbr.domain.errors import UsageError

    first = _day(start, "--start") if start else START
    if not 1970 <= first.year <= 2200:
        raise UsageError(f"--start {first} is too far away; use a day of the years 1970 to 2200.")
    names = tuple(name.strip().upper() for name in symbols.split(",") if name.strip()) or SYMBOLS
    made = make_synthetic(
        catalog,
        symbols=names,
        days=days,
        seed=seed,
        start=first,
        rows_per_day=rows_per_day,
    )
    print(
        f"synthetic data of {', '.join(names)}, {made[0].date} to {made[-1].date}, into '{catalog}'"
    )


def _day(text: str, option: str) -> dt.date:
    from ikbr.domain.errors import UsageError

    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text!r} is not a day; write it as 2013-10-07.") from None


def _zone(text: str) -> str:
    import zoneinfo

    from ikbr.domain.errors import UsageError, nearest

    if not text:
        return ""
    known = zoneinfo.available_timezones()
    if text not in known:
        raise UsageError(f"--tz {text!r} is not a time zone; {nearest(text, known)}.")
    return text
