"""`ikbr simulate`: bot and gateway in virtual time, while everything goes wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ikbr.simulate.campaign import Campaign
    from ikbr.simulate.crash_matrix import Cell
    from ikbr.simulate.play import Outcome

TOLD_EVERY = 1_000


def command(
    seeds: Annotated[int, typer.Option(help="How many seeds to play.")] = 100,
    first_seed: Annotated[int, typer.Option(help="The first of them.")] = 0,
    jobs: Annotated[int, typer.Option(help="Over how many processes.")] = 1,
    seed: Annotated[int | None, typer.Option(help="Play this one seed only.")] = None,
    trace: Annotated[bool, typer.Option(help="Tell the story of the one seed.")] = False,
    crash_matrix: Annotated[
        bool, typer.Option("--crash-matrix", help="Let the bot die everywhere instead.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option(help="Write the result to a file; - for stdout.")
    ] = None,
) -> None:
    """Let bot and gateway meet in virtual time while everything goes wrong.

    Each seed is a few minutes of virtual time: faults of the network, the gateway, processes and
    the disk, as the seed decides. Exit code 1 says that an invariant did not hold; the first such
    seed is shrunk and its story is told. With 10,000 seeds or more it also says that too few faults
    met orders in some state, so that the campaign proves nothing.
    """
    if seed is not None:
        _play_one(seed, trace, json)
        return
    if crash_matrix:
        _play_matrix(first_seed, jobs, json)
        return
    from ikbr.simulate.campaign import run_campaign
    from ikbr.simulate.shrink import shrink, story

    quiet = json is not None and str(json) == "-"
    campaign = run_campaign(first_seed, seeds, jobs, None if quiet else _tell)
    _write(json, _campaign_json(campaign))
    if not quiet:
        print(
            f"{campaign.seeds} seeds, {campaign.failed} with violations, {campaign.orders} orders, "
            f"{campaign.executions} executions, {campaign.seeds_per_second:.1f} seeds/s"
        )
    for one in campaign.violations:
        first = one.violations[0]
        print(f"seed {one.seed}: {first.invariant}: {first.words}", file=sys.stderr)
    if campaign.failed:
        print(story(shrink(campaign.violations[0])), file=sys.stderr)
    elif campaign.is_void:
        print(f"VOID: too rarely seen: {campaign.missing}", file=sys.stderr)
    if campaign.failed or campaign.is_void:
        raise typer.Exit(1)


def _play_matrix(first_seed: int, jobs: int, json: Path | None) -> None:
    from ikbr.simulate.crash_matrix import run_matrix
    from ikbr.simulate.shrink import story

    cells = []
    for cell in run_matrix(first_seed, jobs=jobs):
        cells.append(cell)
        if str(json) != "-":
            bad = f", {len(cell.violations)} with violations" if cell.violations else ""
            print(f"{cell.failpoint}, {cell.outcome}: {cell.played} seeds, {cell.died} deaths{bad}")
    failed = [outcome for cell in cells for outcome in cell.violations]
    alive = [cell for cell in cells if cell.died != cell.played]
    _write(json, {"cells": [_cell_json(cell) for cell in cells], "violations": len(failed)})
    for outcome in failed[:1]:
        print(story(outcome), file=sys.stderr)
    for cell in alive:
        where = f"{cell.failpoint}, {cell.outcome}"
        print(f"VOID: the bot did not always die {where}", file=sys.stderr)
    if failed or alive:
        raise typer.Exit(1)


def _play_one(seed: int, trace: bool, json: Path | None) -> None:
    from ikbr.simulate.play import play
    from ikbr.simulate.shrink import shrink, story

    outcome = play(seed)
    _write(json, _outcome_json(outcome))
    if str(json) != "-":
        if trace:
            print(story(outcome))
        print(f"trace_hash {outcome.trace_hash}")
    if outcome.violations:
        print(story(shrink(outcome)), file=sys.stderr)
        raise typer.Exit(1)


def _tell(campaign: Campaign) -> None:
    """Say how it stands: at every batch to a person, now and then to a file."""
    words = f"{campaign.seeds} seeds, {campaign.failed} with violations"
    if sys.stderr.isatty():
        print(f"\r{words}, {campaign.seeds_per_second:.1f}/s ", end="", file=sys.stderr)
    elif campaign.seeds % TOLD_EVERY == 0:
        print(words, file=sys.stderr)


def _campaign_json(campaign: Campaign) -> dict[str, object]:
    violations = [
        {
            "seed": one.seed,
            "invariant": one.violations[0].invariant,
            "at_s": one.violations[0].at_s,
            "words": one.violations[0].words,
        }
        for one in campaign.violations
    ]
    return {
        "seeds": campaign.seeds,
        "first_seed": campaign.first_seed,
        "violations": violations,
        "failed": campaign.failed,
        "by_invariant": campaign.by_invariant,
        "coverage": campaign.coverage,
        "missing": campaign.missing,
        "orders": campaign.orders,
        "executions": campaign.executions,
        "seeds_per_second": round(campaign.seeds_per_second, 3),
    }


def _cell_json(cell: Cell) -> dict[str, object]:
    return {
        "failpoint": cell.failpoint,
        "outcome": cell.outcome,
        "seeds": cell.played,
        "died": cell.died,
        "violations": [one.violations[0].words for one in cell.violations],
    }


def _outcome_json(outcome: Outcome) -> dict[str, object]:
    return {
        "seed": outcome.seed,
        "trace_hash": outcome.trace_hash,
        "violations": [
            {"invariant": one.invariant, "at_s": one.at_s, "words": one.words}
            for one in outcome.violations
        ],
        "coverage": outcome.coverage,
        "orders": outcome.orders,
        "executions": outcome.executions,
        "lives": outcome.lives,
    }


def _write(json: Path | None, content: dict[str, object]) -> None:
    if json is None:
        return
    import msgspec

    from ikbr.domain.errors import UsageError

    data = msgspec.json.format(msgspec.json.encode(content), indent=2)
    if str(json) == "-":
        print(data.decode())
        return
    try:
        json.write_bytes(data + b"\n")
    except OSError as error:
        raise UsageError(f"--json {json} cannot be written: {error.strerror}.") from None
