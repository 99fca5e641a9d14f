"""What a person may do to a session that runs, through the operator's door."""

from __future__ import annotations

import asyncio
import socket
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from live_rig import LOOSE, OnPrints, Outcome, one, run_session

from ikbr.domain.errors import UsageError
from ikbr.domain.order import OrderRequest, OrderType, Side
from ikbr.domain.ticker import Ticker
from ikbr.live.operator import Asked, Operator
from ikbr.live.operator_client import ask
from ikbr.live.operator_door import OperatorDoor
from ikbr.live.own_socket import shortest
from ikbr.live.runner import Runner
from ikbr.strategies.base_strategy import BaseStrategy

LIMITS = msgspec.structs.replace(LOOSE, max_runs=500)


class Resting(BaseStrategy):
    """Ask once for what nobody will sell."""

    asked = False

    def on_market_data(self, ticker: Ticker) -> OrderRequest | None:
        """Ask at the first print."""
        if self.asked or not ticker.is_print:
            return None
        self.asked = True
        low = round(ticker.last * 0.97, 2)
        return OrderRequest(ticker.symbol, Side.BUY, 10, OrderType.LIMIT, limit_price=low)


def until(come: Callable[[], bool]) -> None:
    """Wait until something has come."""
    patience = time.monotonic() + 20
    while not come():
        assert time.monotonic() < patience
        time.sleep(0.002)


def at_the_door(
    test: Callable[[Callable[[Asked], dict[str, Any]], Runner, Path], None],
    strategy: BaseStrategy | None = None,
    speed: float = 600.0,
) -> Outcome:
    """Run a session, and a test beside it in a thread, as another process would be."""

    async def meanwhile(runner: Runner, _server: Any) -> None:
        while runner.pipeline is None:
            await asyncio.sleep(0.001)
        with tempfile.TemporaryDirectory(prefix="ikbr-") as folder:
            path = Path(folder) / "door.sock"
            assert runner._journal is not None
            operator = Operator(runner.pipeline, runner._journal, runner.status)
            door = OperatorDoor(path, operator)
            await door.open()
            try:
                await asyncio.to_thread(test, lambda asked: ask(path, asked, 10.0), runner, path)
            finally:
                door.close()
                runner.stop("the test is over")
            assert not path.exists()

    return run_session(
        [one(strategy or OnPrints(10))], meanwhile=meanwhile, speed=600.0, limits=LIMITS
    )


def operator_records(outcome: Outcome) -> list[Any]:
    return [body for kind, _, body in outcome.journal.records if kind == "operator"]


def test_limits_tighten_and_every_action_is_in_the_journal_with_who_did_it() -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], runner: Runner, _path: Path) -> None:
        assert runner.pipeline is not None
        risk = runner.pipeline.trader.risk
        answer = knock(Asked("tighten", "nervous", limits={"risk.max_position_pct": "0.05"}))
        assert answer == {"limits": {"risk.max_position_pct": 0.05}}
        assert risk.limits.max_position_pct == 0.05
        assert knock(Asked("tighten", limits={"max_position_pct": 0.05})) == {"limits": {}}
        with pytest.raises(UsageError, match=r"risk.max_position_pct = 0.2 is looser than 0.05"):
            knock(Asked("tighten", limits={"max_position_pct": 0.2, "max_runs": 5}))
        assert risk.limits.max_runs == 500
        with pytest.raises(UsageError, match="no limit is named"):
            knock(Asked("tighten"))

    outcome = at_the_door(test)
    [record] = operator_records(outcome)
    assert (record.action, record.source, record.reason) == (
        "tighten",
        "operator door",
        "nervous",
    )
    assert record.fields["limits"] == {"max_position_pct": 0.05}
    assert {"user", "process"} <= set(record.fields)
    assert any("tighten by" in alert.message for alert in outcome.alerts)


def test_entries_stop_and_go_on_and_only_what_a_person_stopped_goes_on() -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], runner: Runner, _path: Path) -> None:
        assert runner.pipeline is not None
        trader = runner.pipeline.trader
        with pytest.raises(UsageError, match="were not stopped by"):
            knock(Asked("resume"))
        assert knock(Asked("halt", "lunch")) == {"halted": "lunch"}
        assert "lunch" in knock(Asked("status"))["latches"]["pause"]
        assert trader.risk.halted is not None
        assert knock(Asked("resume")) == {"halted": ""}
        trader.halt("a fault")
        knock(Asked("halt"))
        assert "a fault" in knock(Asked("resume"))["halted"]

    records = operator_records(at_the_door(test))
    assert [one.action for one in records] == ["halt", "resume", "halt", "resume"]


def test_a_symbol_and_a_strategy_are_let_go_on_by_name() -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], runner: Runner, _path: Path) -> None:
        assert runner.pipeline is not None
        risk = runner.pipeline.trader.risk
        with pytest.raises(UsageError, match="'SPY' is not blocked"):
            knock(Asked("unblock", subject="SPY"))
        risk.block("SPY", "too many rejections")
        assert knock(Asked("status"))["blocked"] == {"SPY": "too many rejections"}
        assert knock(Asked("unblock", subject="SPY"))["was"] == "too many rejections"
        assert risk.clearance.blocked == {}
        risk.traffic.runs["bot"] = 499
        knock(Asked("enable", subject="bot"))
        assert risk.traffic.runs.get("bot", 0) < 100
        with pytest.raises(UsageError, match="did you mean 'bot'"):
            knock(Asked("enable", subject="bat"))

    at_the_door(test)


def test_orders_are_cancelled_and_positions_closed_and_entries_stay_stopped() -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], runner: Runner, _path: Path) -> None:
        assert runner.pipeline is not None
        trader = runner.pipeline.trader
        with pytest.raises(UsageError, match="order 999 does not work"):
            knock(Asked("cancel", order_id=999))
        with pytest.raises(UsageError, match="did you mean 'bot'"):
            knock(Asked("flatten", strategy="bat"))
        with pytest.raises(UsageError, match="symbol 'XOM' is not traded here"):
            knock(Asked("cancel-all", symbol="XOM"))
        assert "cancellations asked for" in knock(Asked("cancel-all"))["message"]
        until(lambda: trader.portfolio.quantity("SPY") != 0)
        answer = knock(Asked("flatten", "enough", person="ann"))["message"]
        assert "closing SPY" in answer
        assert "Entries wait" in answer
        until(lambda: trader.portfolio.quantity("SPY") == 0)
        seen = runner.pipeline.events
        until(lambda: runner.pipeline is not None and runner.pipeline.events > seen + 200)
        assert trader.portfolio.quantity("SPY") == 0
        assert "nothing is being closed" in knock(Asked("flatten"))["message"]
        assert knock(Asked("resume")) == {"halted": ""}
        until(lambda: trader.portfolio.quantity("SPY") != 0)

    outcome = at_the_door(test)
    records = operator_records(outcome)
    assert [one.action for one in records] == ["cancel-all", "flatten", "flatten", "resume"]
    assert records[1].fields["person"] == "ann"
    assert {"user", "process"} <= set(records[1].fields)


def test_what_is_refused_at_first_is_closed_as_soon_as_it_may() -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], runner: Runner, _path: Path) -> None:
        assert runner.pipeline is not None
        trader = runner.pipeline.trader
        until(lambda: trader.portfolio.quantity("SPY") != 0 and not trader.orders.working)
        knock(Asked("halt"))
        trader.risk.judge.set_limits(msgspec.structs.replace(LIMITS, max_order_quantity=1))
        answer = knock(Asked("flatten"))
        assert "nothing is being closed; REFUSED, and still held: SPY" in answer["message"]
        assert len(answer["left"]) == 1
        trader.risk.judge.set_limits(LIMITS)
        until(lambda: trader.portfolio.quantity("SPY") == 0)

    assert at_the_door(test, OnPrints(1), speed=30.0).end.orderly


def test_a_working_order_is_cancelled_by_its_number() -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], runner: Runner, _path: Path) -> None:
        assert runner.pipeline is not None
        trader = runner.pipeline.trader
        until(lambda: bool(trader.orders.working))
        order = next(iter(trader.orders.working.values()))
        assert "is on its way" in knock(Asked("cancel", order_id=order.order_id))["message"]
        with pytest.raises(UsageError, match=r"on its way|does not work"):
            knock(Asked("cancel", order_id=order.order_id))
        until(lambda: order.is_done)
        assert order.state.value == "Cancelled"

    records = operator_records(at_the_door(test, Resting()))
    assert records[0].fields["symbol"] == "SPY"


def test_a_parameter_changes_within_its_range_and_is_written_down() -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], _runner: Runner, _path: Path) -> None:
        asked = Asked("set-parameter", "calmer", strategy="bot", name="every", value="20")
        assert knock(asked)["message"] == "bot.every is 20, and was 10."
        with pytest.raises(UsageError, match="out of range"):
            knock(Asked("set-parameter", strategy="bot", name="every", value=0))
        with pytest.raises(UsageError, match="cannot be changed while it runs"):
            knock(Asked("set-parameter", strategy="bot", name="allow_short", value=True))

    strategy = OnPrints(10)
    [record] = operator_records(at_the_door(test, strategy))
    assert strategy.every == 20
    assert {n: record.fields[n] for n in ("strategy", "name", "from", "to")} == {
        "strategy": "bot", "name": "every", "from": 10, "to": 20,
    }  # fmt: skip


def test_the_status_is_all_a_dashboard_needs() -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], _runner: Runner, _path: Path) -> None:
        status = knock(Asked("status"))
        assert status["session"]["base"] == "USD"
        assert status["strategies"] == {"bot": True}
        assert status["limits"]["max_position_pct"]["value"] == LIMITS.max_position_pct
        assert status["reconciled"] is True

    at_the_door(test)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"\n", "this is no request"),
        (b"{}\n", "this is no request"),
        (b'{"action": 5}\n', "this is no request"),
        (b'{"action": "dance"}\n', "action 'dance' is unknown"),
        (b'{"action": "halt", "loudly": true}\n', "this is no request"),
        (b"\xff\xfe\x00\n", "this is no request"),
        (b"x" * 100_000 + b"\n", ""),
    ],
)
def test_nonsense_is_refused_and_disturbs_nobody(line: bytes, words: str) -> None:
    def test(knock: Callable[[Asked], dict[str, Any]], _runner: Runner, path: Path) -> None:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(5)
            door.connect(str(path))
            door.sendall(line)
            said = b""
            while not said.endswith(b"\n") and (more := door.recv(4096)):
                said += more
        assert words in said.decode()
        assert knock(Asked("status"))["session"] is not None

    outcome = at_the_door(test)
    assert outcome.end.orderly


def test_a_bot_that_is_not_there_and_a_name_that_is_too_long_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no bot runs at"):
        ask(Path("nobody.sock"), Asked("status"))
    with pytest.raises(UsageError, match="too long for a socket"):
        shortest(tmp_path / ("x" * 120))
