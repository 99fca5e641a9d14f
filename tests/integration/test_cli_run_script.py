"""`ikbr run-script`: somebody's script, the words of a command line, and what comes of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from doors import Door

from ikbr.data.synthetic import make_synthetic

RUN = ("--symbols", "SPY,KO", "--days", "1")
DOOR = "from ikbr.cli.main import run; run()"
TRADER = """
    import argparse
    from pathlib import Path
    from ib_async import *

    parser = argparse.ArgumentParser()
    parser.add_argument("--shares", type=int, default=1)
    args = parser.parse_args()

    if __name__ == "__main__":
        name = Path(__file__).with_name("symbol.txt").read_text().strip()
        ib = IB()
        ib.connect("127.0.0.1", 7497, clientId=5)
        [contract] = ib.qualifyContracts(Stock(name, "SMART", "USD"))
        ib.sleep(3600)
        for side in ("BUY", "SELL"):
            trade = ib.placeOrder(contract, MarketOrder(side, args.shares, orderRef="mine"))
            while not trade.isDone():
                ib.waitOnUpdate()
            ib.sleep(1800)
        print("traded", int(sum(f.execution.shares for f in ib.fills())))
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market") / "catalog"
    make_synthetic(folder, symbols=("SPY", "KO"), days=2, rows_per_day=2_000)
    return folder


@pytest.fixture
def door(
    tmp_path: Path, market: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Door:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalog").symlink_to(market)
    (tmp_path / "symbol.txt").write_text("SPY\n")
    return Door(tmp_path, capfd)


def script(door: Door, text: str, name: str = "bot.py") -> str:
    (door.folder / name).write_text(dedent(text))
    return name


def own_process(door: Door, bot: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DOOR, "run-script", bot, *RUN, *words],
        cwd=door.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def result(door: Door) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((door.folder / "result.json").read_text())
    return found


def test_a_script_is_reported_as_a_backtest_is(door: Door) -> None:
    bot = script(door, TRADER)
    files = ("--json", "result.json", "--report", "report.html")
    out = door("run-script", bot, *RUN, *files, "--", "--shares", "300")
    assert "traded 600" in out
    told = result(door)
    assert [(f["symbol"], f["side"], f["quantity"]) for f in told["fills"]] == [
        ("SPY", "BUY", 300),
        ("SPY", "SELL", 300),
    ]
    assert told["strategy"] == "bot.py"
    assert told["shape"] == "script"
    assert told["order_states"] == {"Filled": 2}
    assert told["commission"] > 0
    bought, sold = (f["price"] for f in told["fills"])
    assert told["net_pnl"] == pytest.approx(300 * (sold - bought) - told["commission"])
    assert told["final_equity"] == pytest.approx(100_000 + told["net_pnl"])
    assert told["summary"]["trips"]["count"] == 1
    assert len(told["session_equity"]) == 1
    assert told["settings"]["arguments"] == ["--shares", "300"]
    assert told["fill_hash"] in out
    page = (door.folder / "report.html").read_text()
    assert "bot.py" in page
    assert "mine" in page  # what the script called its orders


def test_the_same_script_comes_to_the_same(door: Door) -> None:
    bot = script(door, TRADER)
    outs = [door("run-script", bot, *RUN, "--latency-ms", "75") for _ in range(2)]
    hashes = [re.findall(r"fill_hash (\w+)", out) for out in outs]
    assert hashes[0] == hashes[1]
    assert hashes[0]


def test_a_script_that_fails_shows_where_and_is_reported_up_to_there(door: Door) -> None:
    bot = script(
        door,
        """
        from ib_async import *
        ib = IB()
        ib.connect()
        [spy] = ib.qualifyContracts(Stock("SPY", "SMART", "USD"))
        ib.sleep(600)
        ib.placeOrder(spy, MarketOrder("BUY", 10))
        ib.sleep(600)

        def decide():
            return {}["signal"]

        decide()
        """,
    )
    door("run-script", bot, *RUN, "--json", "result.json", code=1)
    assert "bot.py ended by an error" in door.err
    assert 'return {}["signal"]' in door.err
    assert "KeyError: 'signal'" in door.err
    assert "runpy" not in door.err
    told = result(door)
    assert told["positions"] == {"SPY": 10}
    assert told["findings"][0]["rule"] == "script-failed"


def test_errors_in_handlers_are_told_at_once_and_found_in_the_report(door: Door) -> None:
    bot = script(
        door,
        """
        from ib_async import *

        def on_bar(bars, has_new_bar):
            raise ValueError("not ready")

        ib = IB()
        ib.connect()
        [spy] = ib.qualifyContracts(Stock("SPY", "SMART", "USD"))
        bars = ib.reqRealTimeBars(spy, 5, "MIDPOINT", True)
        bars.updateEvent += on_bar
        ib.sleep(60)
        """,
    )
    door("run-script", bot, *RUN, "--json", "result.json", code=1)
    assert door.err.count("ValueError: not ready") == 1
    assert "in on_bar" in door.err
    [found] = [f for f in result(door)["findings"] if f["rule"] == "unnoticed-errors"]
    assert re.search(r"bot\.py:5: ValueError: not ready 1\d×", found["text"])


def test_a_scripts_own_exit_code_comes_out(door: Door) -> None:
    assert "fill_hash" in door("run-script", script(door, "raise SystemExit(7)\n"), *RUN, code=7)


def test_refused_orders_are_counted_by_code_and_told(door: Door) -> None:
    bot = script(
        door,
        """
        from ib_async import *
        ib = IB()
        ib.connect()
        [spy] = ib.qualifyContracts(Stock("SPY", "SMART", "USD"))
        ib.sleep(60)
        ib.placeOrder(spy, LimitOrder("BUY", 10, 100.001))
        ib.placeOrder(spy, MarketOrder("BUY", 1_000_000))
        ib.placeOrder(spy, LimitOrder("BUY", 10, 1.0))
        ib.sleep(60)
        """,
    )
    out = door("run-script", bot, *RUN, "--json", "result.json")
    told = result(door)
    assert told["refused"] == {"110": 1, "201": 1}
    assert told["order_states"] == {"Rejected": 2, "Submitted": 1}
    assert {one["refused"]["rule"] for one in told["refusals"]} == {"110", "201"}
    assert "Refused: 110 1×, 201 1×" in out


def test_a_bot_that_never_ends_is_reported_with_the_tape(door: Door) -> None:
    bot = script(door, "from ib_async import *\nib = IB()\nib.connect()\nib.run()\n")
    door("run-script", bot, *RUN, "--json", "result.json")
    told = result(door)
    assert "The script ended with the tape." in told["notes"]
    assert told["end"].startswith(told["session_equity"][0][0])


def test_json_on_stdout_stands_alone(door: Door) -> None:
    bot = script(door, TRADER)
    told = json.loads(door("run-script", bot, *RUN, "--json", "-"))
    assert len(told["fills"]) == 2
    assert "traded 2" in door.err


def test_whoever_cannot_be_ended_is_reported_all_the_same(door: Door) -> None:
    bot = script(
        door,
        """
        from ib_async import *
        ib = IB()
        ib.connect()
        while True:
            try:
                ib.sleep(60)
            except:
                pass
        """,
    )
    done = own_process(door, bot, "--report", "report.html")
    assert done.returncode == 3
    assert "goes on in spite of every KeyboardInterrupt" in done.stderr
    assert "fill_hash" in done.stdout
    assert (door.folder / "report.html").exists()


ASKED = {
    "that is not there": (("nobody.py",), "script 'nobody.py' does not exist"),
    "that is a folder": ((".",), "script '.' is a folder"),
    "with risk settings": (("bot.py", "--set", "risk.max_position_pct=0.2"), "says nothing about"),
    "of a day without data": (("bot.py", "--start", "2030-01-02"), "2030-01-02"),
    "with an unknown model of fees": (("bot.py", "--fees", "free"), "fees 'free' is unknown"),
}


@pytest.mark.parametrize("what", ASKED)
def test_a_run_that_cannot_be_is_refused_before_the_script_begins(door: Door, what: str) -> None:
    script(door, "print('begun')\n")
    words, message = ASKED[what]
    assert "begun" not in door("run-script", *words, "--report", "report.html", code=2)
    assert message in door.err
    assert not (door.folder / "report.html").exists()


WAYS = {
    "asyncio.run": """
        import asyncio
        async def main():
            ib = IB()
            await ib.connectAsync()
            [spy] = await ib.qualifyContractsAsync(Stock("SPY", "SMART", "USD"))
            await asyncio.sleep(60)
            trade = ib.placeOrder(spy, MarketOrder("BUY", 5))
            await trade.filledEvent
            print("done")
        asyncio.run(main())
        """,
    "util.startLoop": """
        import asyncio
        util.startLoop()
        ib = IB()
        ib.connect()
        [spy] = ib.qualifyContracts(Stock("SPY", "SMART", "USD"))
        async def nested():
            ib.sleep(60)
            trade = ib.placeOrder(spy, MarketOrder("BUY", 5))
            while not trade.isDone():
                ib.waitOnUpdate()
            print("done")
        asyncio.run(nested())
        """,
    "a handler": """
        ib = IB()
        ib.connect()
        [spy] = ib.qualifyContracts(Stock("SPY", "SMART", "USD"))
        bars = ib.reqHistoricalData(spy, "", "1 D", "1 min", "TRADES", True, keepUpToDate=True)
        def on_bar(bars, has_new):
            if has_new and not ib.trades():
                ib.placeOrder(spy, MarketOrder("BUY", 5)).filledEvent += lambda _: print("done")
        bars.updateEvent += on_bar
        ib.run()
        """,
    "an asynchronous handler": """
        import asyncio
        ib = IB()
        ib.connect()
        [spy] = ib.qualifyContracts(Stock("SPY", "SMART", "USD"))
        sent = []
        async def on_tick(tickers):
            if not sent:
                sent.append(1)
                await asyncio.sleep(30)
                await ib.placeOrder(spy, MarketOrder("BUY", 5)).filledEvent
                print("done")
        ib.pendingTickersEvent += on_tick
        ib.reqTickByTickData(spy, "BidAsk")
        ib.run()
        """,
    "pandas, loaded late": """
        import datetime
        ib = IB()
        ib.connect()
        import pandas as pd
        [spy] = ib.qualifyContracts(Stock("SPY", "SMART", "USD"))
        ib.sleep(600)
        frame = util.df(ib.reqHistoricalData(spy, "", "1 D", "1 min", "TRADES", True))
        assert frame.date.iloc[-1] <= datetime.datetime.now(datetime.timezone.utc), frame.date
        assert isinstance(pd.Timestamp("2026-03-02"), datetime.datetime)
        trade = ib.placeOrder(spy, MarketOrder("BUY", 5))
        ib.sleep(1)
        print("done" if trade.isDone() else trade.orderStatus.status)
        """,
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_scripts_of_every_kind_run_in_a_process_of_their_own(door: Door, way: str) -> None:
    bot = script(door, "from ib_async import *\n" + dedent(WAYS[way]))
    done = own_process(door, bot, "--json", "result.json")
    assert (done.returncode, done.stdout.splitlines()[:1]) == (0, ["done"]), done.stderr
    assert [f["quantity"] for f in result(door)["fills"]] == [5]
    assert "Warning" not in done.stderr
