"""Speed of compiled strategies, side by side with their peers and with what is possible.

    python benchmarks/kernel.py [PART ...] [--rows 1000000 5000000] [--repeats 3] [--json FILE]

Parts: momentum, bac, symbols, maker, stream; without a name all of them. Every variant runs in a
process of its own, the processes take turns, and the whole round is repeated. `--write` puts the
table into docs/benchmarks.md. See `benchmarks/README.md` for what is counted and what is not.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lean_tape
import stream
from clocks import CLOCKS
from figures import LABELS, as_markdown, figures, lines, write_into
from harness import Runs, Turn, make, take_turns
from peers.environment import PEERS, ROOT, set_up

MAKER_PEER = ROOT / "benchmarks" / "peers" / "hftbacktest_maker.py"
DOCS = ROOT / "docs" / "benchmarks.md"
BYTES_A_ROW = 39
Rows = list[dict[str, Any]]


def main() -> None:
    """Measure and print."""
    args = _arguments()
    if not args.no_peers:
        for name in PEERS:
            set_up(name)
    found: Rows = []
    about = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "clock": args.clock,
        "peers": [peer.pinned for peer in PEERS.values()],
    }
    with tempfile.TemporaryDirectory(prefix="ikbr-bench-", dir=args.folder) as name:
        for part in args.parts or PARTS:
            for rows in PARTS[part](args, Path(name)):
                for line in lines(rows):
                    print(line, flush=True)
                found += rows
                if args.json:  # after each tape, so that nothing is lost when it is stopped
                    Path(args.json).write_text(json.dumps({**about, "results": found}, indent=1))
    if args.write and found:
        write_into(DOCS, as_markdown(found))
        print(f"wrote the table into {DOCS.relative_to(ROOT)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--symbols", type=int, default=20)
    parser.add_argument("--symbols-rows", type=int, default=5_000_000)
    parser.add_argument("--maker-rows", type=int, default=1_000_000)
    parser.add_argument("--stream-rows", type=int, default=100_000_000)
    parser.add_argument(
        "--slow-rows", type=int, default=1_000_000, help="rows for who is slow: the first ones"
    )
    parser.add_argument("--repeats", type=int, default=3, help="rounds")
    parser.add_argument("--times", type=int, default=3, help="runs in a process, best counts")
    parser.add_argument(
        "--patience", type=float, default=0.0, help="seconds to wait for a quiet machine, each time"
    )
    parser.add_argument(
        "--clock", choices=CLOCKS, default="wall", help="cpu: where the machine is shared"
    )
    parser.add_argument("--no-peers", action="store_true", help="measure ikbr only")
    parser.add_argument("--folder", help="where the tapes are made for the while")
    parser.add_argument("--json", metavar="FILE", help="write the figures to a file")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md's table")
    args = parser.parse_args()
    unknown = [part for part in args.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; choose from {', '.join(PARTS)}")
    if args.write and args.parts:
        parser.error("--write replaces the whole table; leave the parts out, so that all run")
    sizes = [*args.rows, args.symbols_rows, args.maker_rows, args.stream_rows, args.slow_rows]
    if min(sizes) < 100_000 or args.repeats < 1 or args.times < 1:
        parser.error("rows must be 100000 or more, --repeats and --times 1 or more")
    return args


def _synthetic(rows: int, folder: Path, symbols: int = 1, calm: bool = False) -> Path:
    place = f"pathlib.Path({str(folder)!r})"
    make(f"import pathlib, tapes; tapes.make_tape({rows}, {place}, {symbols}, calm={calm})")
    return folder / f"tape-{rows}-{symbols}"


def _turns(args: argparse.Namespace, peers: tuple[str, ...], **more: Any) -> list[Turn]:
    """List one round: who is compared with another runs beside it."""
    times, slow = args.times, args.slow_rows
    extra = tuple(more.items())
    turns = [Turn("kernel", times=times, more=extra)]
    if not args.no_peers:
        quick = [name for name in peers if name != "nautilus"]
        turns += [Turn(name, times=times, more=extra) for name in quick]
    turns += [
        Turn("compiled", times=times, more=extra),
        Turn("numpy", "none", times=times, more=extra),
        Turn("kernel", "none", times=times, more=extra),
        Turn("ikbr", times=min(times, 2), more=extra),
        Turn("reference", limit=slow, times=1, rounds=1, more=extra),
    ]
    if "nautilus" in peers and not args.no_peers:
        turns.append(Turn("nautilus", limit=slow, times=1, rounds=1, more=extra))
    return turns


def _momentum(args: argparse.Namespace, folder: Path) -> Iterator[Rows]:
    for rows in sorted(args.rows):
        tape = _synthetic(rows, folder)
        turns = _turns(args, ("hftbacktest", "vectorbt", "nautilus"))
        yield figures(
            f"momentum, {_size(rows)}",
            take_turns(tape, turns, args.repeats, args.patience, args.clock),
            tape,
        )
        shutil.rmtree(tape)


def _bac(args: argparse.Namespace, folder: Path) -> Iterator[Rows]:
    if not lean_tape.SAMPLE.is_dir():
        print("bac: left out, as there are no supplied ticks beside this checkout.")
        return
    make(f"import lean_tape, pathlib; lean_tape.make_lean_tape(pathlib.Path({str(folder)!r}))")
    tape = folder / "tape-bac"
    rows = json.loads((tape / "tape.json").read_text())["rows"]
    turns = _turns(args, ("hftbacktest", "vectorbt"), fees_as_of=lean_tape.FEES_AS_OF)
    yield figures(
        f"BAC, {_size(rows)}",
        take_turns(tape, turns, args.repeats, args.patience, args.clock),
        tape,
    )


def _symbols(args: argparse.Namespace, folder: Path) -> Iterator[Rows]:
    tape = _synthetic(args.symbols_rows, folder, args.symbols)
    turns = _turns(args, ("hftbacktest", "nautilus"))
    name = f"{args.symbols} symbols, {_size(args.symbols_rows)}"
    yield figures(name, take_turns(tape, turns, args.repeats, args.patience, args.clock), tape)
    shutil.rmtree(tape)


def _maker(args: argparse.Namespace, folder: Path) -> Iterator[Rows]:
    tape = _synthetic(args.maker_rows, folder, calm=True)
    own = Path(__file__).resolve().parent / "maker.py"
    turns = [Turn("maker-kernel", times=args.times, script=own)]
    if not args.no_peers:
        turns.append(Turn("hftbacktest", times=args.times, script=MAKER_PEER))
    turns.append(Turn("maker-python", times=1, script=own))
    found = take_turns(tape, turns, args.repeats, args.patience, args.clock)
    yield figures(f"market maker, {_size(args.maker_rows)}", found, tape)
    shutil.rmtree(tape)


def _stream(args: argparse.Namespace, folder: Path) -> Iterator[Rows]:
    needed, free = args.stream_rows * BYTES_A_ROW, shutil.disk_usage(folder).free
    if free < 2 * needed:
        print(
            f"stream: left out, as {_size(args.stream_rows)} take {needed / 1e9:.1f} GB of disk "
            f"and only {free / 1e9:.1f} GB are free; use a smaller --stream-rows."
        )
        return
    place = folder / "stream"
    place.mkdir()
    found: dict[tuple[str, str], Runs] = stream.measure(
        place, args.stream_rows, args.repeats, args.patience, args.clock
    )
    yield figures(f"streamed from disk, {_size(args.stream_rows)}", found, None)
    shutil.rmtree(place)


def _size(rows: int) -> str:
    return f"{rows / 1e6:.3g} M ticks"


PARTS: dict[str, Callable[[argparse.Namespace, Path], Iterator[Rows]]] = {
    "momentum": _momentum,
    "bac": _bac,
    "symbols": _symbols,
    "maker": _maker,
    "stream": _stream,
}
assert set(PEERS) <= set(LABELS)


if __name__ == "__main__":
    main()
