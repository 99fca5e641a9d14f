"""Scripts written for ib_async run unchanged over the market's time."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from ikbr.broker.program import Ending, run_program
from ikbr.broker.sim_client import Cable
from ikbr.broker.virtual_time import Driver
from ikbr.data.memory_source import MemorySource
from ikbr.domain.contracts import parse_contract
from ikbr.domain.tape import NO_PRICE, Kind, Tape
from ikbr.gateway.session import Session
from ikbr.gateway.world import World

START = 1_772_461_800_000_000_000
SECOND = 1_000_000_000


@pytest.fixture
def world() -> World:
    rows = 3_600
    number = np.arange(rows)
    bid = (5_000_000 + 100 * (number % 50)).astype(np.int32)
    size = np.full(rows, 500, np.int32)
    tape = Tape(
        (parse_contract("SPY"),),
        START + SECOND * number.astype(np.int64),
        np.zeros(rows, np.int16),
        np.full(rows, int(Kind.QUOTE), np.uint8),
        bid,
        bid + 100,
        np.full(rows, NO_PRICE, np.int32),
        size,
        size,
        np.zeros(rows, np.int64),
    )
    return World(MemorySource(tape, []))


def run(world: World, folder: Path, text: str, *arguments: str) -> tuple[Ending, list[str]]:
    """Run a script; it notes what it has to say in a file."""
    path, notes = folder / "bot.py", folder / "notes"
    path.write_text(dedent(text))
    driver = Driver(world, Cable(lambda: Session(world)))
    ending = run_program(path, [str(notes), *arguments], driver)
    return ending, notes.read_text().splitlines()


def test_a_synchronous_bot(world: World, tmp_path: Path) -> None:
    ending, notes = run(
        world,
        tmp_path,
        """
        import sys, time
        from datetime import datetime, timezone
        from ib_async import *

        note = open(sys.argv[1], "w")
        ib = IB()
        ib.connect("127.0.0.1", 7497, clientId=12)
        began = time.time()
        spy = Stock("SPY", "SMART", "USD")
        ib.qualifyContracts(spy)
        ib.sleep(10)
        order = ib.placeOrder(spy, LimitOrder("BUY", 100, 500.01, outsideRth=True))
        while not order.isDone():
            ib.waitOnUpdate(timeout=5)
        print(order.orderStatus.status, order.orderStatus.avgFillPrice, file=note)
        ib.sleep(600)
        time.sleep(60)
        print(round(time.time() - began) >= 660, datetime.now(timezone.utc).hour, file=note)
        print(abs(ib.reqCurrentTime().timestamp() - time.time()) < 1, file=note)
        ib.disconnect()
        note.close()
        """,
    )
    assert ending is Ending.BY_ITSELF
    assert notes == ["Filled 500.01", "True 14", "True"]
    assert START + 660 * SECOND <= world.now_ns < START + 800 * SECOND


def test_an_asynchronous_bot_that_never_ends(world: World, tmp_path: Path) -> None:
    ending, notes = run(
        world,
        tmp_path,
        """
        import asyncio, sys
        import ib_async

        async def main():
            ib = ib_async.IB()
            await ib.connectAsync()
            spy = ib_async.Stock("SPY", "SMART", "USD")
            [spy] = await ib.qualifyContractsAsync(spy)
            ticker = ib.reqMktData(spy)
            asks = []
            ticker.updateEvent += lambda t: asks.append(t.ask) if t.ask > 0 else None
            try:
                while True:
                    await asyncio.sleep(30)
            finally:
                with open(sys.argv[1], "w") as note:
                    print(len(asks) > 3000, max(asks), ib.isConnected(), file=note)
                ib.disconnect()

        asyncio.run(main())
        """,
    )
    assert ending is Ending.WITH_THE_TAPE
    assert notes == ["True 500.5 True"]
    assert world.ended


def test_a_bot_that_runs_the_loop_for_ever_ends_with_the_tape(world: World, tmp_path: Path) -> None:
    ending, notes = run(
        world,
        tmp_path,
        """
        import sys
        from pathlib import Path
        from ib_async import *

        ib = IB()
        ib.connect()
        Path(sys.argv[1]).write_text(sys.argv[2])
        ib.run()
        """,
        "an argument",
    )
    assert (ending, notes) == (Ending.WITH_THE_TAPE, ["an argument"])


@pytest.mark.parametrize(
    ("line", "error"), [("sys.exit(3)", SystemExit), ("raise ValueError('mine')", ValueError)]
)
def test_what_a_script_raises_comes_out_and_all_is_as_before(
    world: World, tmp_path: Path, line: str, error: type[BaseException]
) -> None:
    before = sys.argv, list(sys.path), dt.datetime
    with pytest.raises(error):
        run(world, tmp_path, f"import sys\nfrom ib_async import IB\nIB().connect()\n{line}\n")
    assert before == (sys.argv, list(sys.path), dt.datetime)


def test_a_script_may_end_with_nothing_to_complain_of(world: World, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("")
    assert run(world, tmp_path, "import sys\nsys.exit(0)\n")[0] is Ending.BY_ITSELF
