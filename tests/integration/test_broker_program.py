"""Scripts written for ib_async run unchanged over the market's time."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from ikbr.broker.program import Ending, Outcome, run_program
from ikbr.broker.sim_client import Cable
from ikbr.broker.virtual_time import MOST_ENDS, Driver
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


def run(world: World, folder: Path, text: str, *arguments: str) -> tuple[Outcome, list[str]]:
    """Run a script; it notes what it has to say in a file."""
    path, notes = folder / "bot.py", folder / "notes"
    path.write_text(dedent(text))
    driver = Driver(world, Cable(lambda: Session(world)))
    outcome = run_program(path, [str(notes), *arguments], driver)
    return outcome, notes.read_text().splitlines() if notes.exists() else []


def test_a_synchronous_bot(world: World, tmp_path: Path) -> None:
    outcome, notes = run(
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
    assert outcome.ending is Ending.BY_ITSELF
    assert notes == ["Filled 500.01", "True 14", "True"]
    assert START + 660 * SECOND <= world.now_ns < START + 800 * SECOND


def test_an_asynchronous_bot_that_never_ends(world: World, tmp_path: Path) -> None:
    outcome, notes = run(
        world,
        tmp_path,
        """
        import asyncio, pathlib, sys
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
    assert outcome.ending is Ending.WITH_THE_TAPE
    assert notes == ["True 500.5 True"]
    assert world.ended


def test_a_bot_that_runs_the_loop_for_ever_ends_with_the_tape(world: World, tmp_path: Path) -> None:
    outcome, notes = run(
        world,
        tmp_path,
        """
        import pathlib, sys
        from pathlib import Path
        from ib_async import *

        ib = IB()
        ib.connect()
        Path(sys.argv[1]).write_text(sys.argv[2])
        ib.run()
        """,
        "an argument",
    )
    assert (outcome.ending, notes) == (Ending.WITH_THE_TAPE, ["an argument"])


@pytest.mark.parametrize(
    ("line", "ending", "code"),
    [
        ("sys.exit(3)", Ending.BY_ITSELF, 3),
        ("sys.exit(0)", Ending.BY_ITSELF, 0),
        ("sys.exit('no data')", Ending.BY_ITSELF, 1),
        ("raise ValueError('mine')", Ending.BY_AN_ERROR, 1),
    ],
)
def test_what_a_script_ends_with_comes_out_and_all_is_as_before(
    world: World, tmp_path: Path, line: str, ending: Ending, code: int
) -> None:
    before = sys.argv, list(sys.path), dt.datetime
    text = f"import sys\nfrom ib_async import IB\nIB().connect()\n{line}\n"
    outcome, _ = run(world, tmp_path, text)
    assert (outcome.ending, outcome.code) == (ending, code)
    assert (str(outcome.error) == "mine") is (ending is Ending.BY_AN_ERROR)
    assert before == (sys.argv, list(sys.path), dt.datetime)


def test_errors_in_handlers_tasks_and_timers_are_told(world: World, tmp_path: Path) -> None:
    outcome, notes = run(
        world,
        tmp_path,
        """
        import asyncio, pathlib, sys
        from ib_async import *

        ib = IB()
        ib.connect()

        def on_tick(tickers):
            raise KeyError("SPY")

        async def on_update():
            await asyncio.sleep(0)
            raise ValueError("later")

        ib.pendingTickersEvent += on_tick
        [spy] = ib.qualifyContracts(Stock("SPY", "SMART", "USD"))
        ticker = ib.reqMktData(spy)
        ib.sleep(10)
        ib.pendingTickersEvent -= on_tick
        util.getLoop().call_later(1, lambda: 1 / 0)
        ib.updateEvent += on_update
        ib.sleep(2)
        pathlib.Path(sys.argv[1]).write_text("went on")
        """,
    )
    assert (outcome.error, notes) == (None, ["went on"])
    assert (outcome.ending, outcome.code) == (Ending.BY_ITSELF, 0)
    found = {type(fault.error): fault for fault in outcome.faults}
    assert set(found) == {KeyError, ValueError, ZeroDivisionError}
    assert found[KeyError].count > 5
    assert found[KeyError].where == "pendingTickersEvent"
    assert found[KeyError].place.endswith("bot.py:9")


def test_an_error_that_a_script_listens_for_is_no_fault(world: World, tmp_path: Path) -> None:
    outcome, notes = run(
        world,
        tmp_path,
        """
        import pathlib, sys
        from ib_async import *

        ib, errors = IB(), []
        ib.connect()
        ib.pendingTickersEvent.connect(lambda t: 1 / 0, error=lambda e, error: errors.append(error))
        [spy] = ib.qualifyContracts(Stock("SPY", "SMART", "USD"))
        ib.reqMktData(spy)
        ib.sleep(5)
        pathlib.Path(sys.argv[1]).write_text(type(errors[0]).__name__)
        """,
    )
    assert (list(outcome.faults), notes) == ([], ["ZeroDivisionError"])


WAITING = {
    "sleeping": "time.sleep(30)",
    "turning the loop": "ib.sleep(0)",
    "asking for the time": "datetime.now()",
    "asking for seconds": "time.time()",
    "in spite of Ctrl-C": "stubborn()",
}


@pytest.mark.parametrize("how", WAITING)
def test_a_script_that_waits_for_ever_in_any_way_ends_with_the_tape(
    world: World, tmp_path: Path, how: str
) -> None:
    text = f"""
        import time
        from datetime import datetime
        from ib_async import *

        def stubborn():
            for _ in range(3):
                try:
                    ib.sleep(1000)
                except KeyboardInterrupt:
                    pass
            ib.sleep(1000)

        ib = IB()
        ib.connect()
        ib.sleep(3500)
        while True:
            {WAITING[how]}
        """
    outcome, _ = run(world, tmp_path, text)
    assert outcome.ending is Ending.WITH_THE_TAPE
    assert world.ended


def test_whoever_never_gives_up_is_given_up(world: World, tmp_path: Path) -> None:
    class Left(BaseException):
        pass

    left = []

    def leave() -> None:
        if not left:
            left.append(driver.ends)
            raise Left

    path = tmp_path / "bot.py"
    path.write_text(
        "from ib_async import *\nib = IB()\nib.connect()\n"
        "while True:\n    try:\n        ib.sleep(1)\n    except KeyboardInterrupt:\n        pass\n"
    )
    driver = Driver(world, Cable(lambda: Session(world)))
    driver.on_hopeless = leave
    with pytest.raises(Left):
        run_program(path, [], driver)
    assert left == [MOST_ENDS + 1]


@pytest.mark.parametrize("name", ["ib_insync", "ib_insync.ib"])
def test_a_script_for_ib_insync_gets_ib_async(world: World, tmp_path: Path, name: str) -> None:
    outcome, notes = run(
        world,
        tmp_path,
        f"""
        import pathlib, sys
        from {name} import *
        from ib_insync import util
        import ib_insync, ib_insync.contract as contract

        ib = IB()
        ib.connect()
        [spy] = ib.qualifyContracts(contract.Stock("SPY", "SMART", "USD"))
        df = util.df(ib.reqHistoricalData(spy, "", "1 D", "1 min", "MIDPOINT", True))
        pathlib.Path(sys.argv[1]).write_text(f"{{ib.isConnected()}} {{type(ib).__module__}}")
        """,
    )
    assert (outcome.error, notes) == (None, ["True ib_async.ib"])
    assert "ib_insync" not in sys.modules


def test_a_script_for_ibapi_is_refused_as_it_would_reach_a_real_gateway(
    world: World, tmp_path: Path
) -> None:
    outcome, _ = run(world, tmp_path, "from ibapi.client import EClient\n")
    assert isinstance(outcome.error, ImportError)
    assert "ikbr gateway sim" in str(outcome.error)


def test_no_client_of_a_script_has_a_real_socket(world: World, tmp_path: Path) -> None:
    outcome, notes = run(
        world,
        tmp_path,
        """
        import pathlib, sys
        from ib_async.client import Client
        from ib_async.wrapper import Wrapper
        from ib_async import IB

        client = Client(Wrapper(IB()))
        pathlib.Path(sys.argv[1]).write_text(type(client.conn).__name__)
        """,
    )
    assert (outcome.error, notes) == (None, ["SimConnection"])
