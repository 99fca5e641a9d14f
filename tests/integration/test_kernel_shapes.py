"""The three ways to replay a tape mean the same for kernels: compiled, as Python, row by row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from kernels import KERNELS, Plain, Resting
from tapes import CASES, examples, facts, random_tape, run

from ikbr.strategies.examples.market_making import MarketMakingStrategy
from ikbr.strategies.examples.market_making_kernel import MarketMakingKernel
from ikbr.strategies.examples.mean_reversion import MeanReversionStrategy
from ikbr.strategies.examples.mean_reversion_kernel import MeanReversionKernel
from ikbr.strategies.examples.momentum import MomentumStrategy
from ikbr.strategies.examples.momentum_kernel import MomentumKernel
from ikbr.strategies.examples.pairs import PairsStrategy
from ikbr.strategies.examples.pairs_kernel import PairsKernel

KERNEL_CASES = st.tuples(
    CASES,
    st.fixed_dictionaries(
        {
            # Every pair is compiled once, so there are not all of them.
            "kinds": st.tuples(st.sampled_from(KERNELS), st.sampled_from([Plain, Resting])),
            "length": st.integers(1, 9),
            "breaks": st.sampled_from([0, 0, 0, 29, 401]),
            "spread": st.sampled_from([1, 2, 2, 5]),
        }
    ),
).map(lambda both: both[0] | both[1])


def make(n: int, case: dict[str, Any]) -> Plain:
    cls: type[Plain] = case["kinds"][n]
    return cls(case["seed"] + n, case["every"], case["length"], case["breaks"], case["spread"])


def check(case: dict[str, Any], shapes: tuple[str, ...] = ("kernel", "python")) -> None:
    """Run one case in several shapes and compare each with the reference."""
    tape, sessions = random_tape(case["seed"], case["rows"], case["symbols"])
    slow, slow_journal, slow_notes = run(tape, sessions, "reference", case, make)
    expected = facts(slow)
    for shape in shapes:
        fast, fast_journal, fast_notes = run(tape, sessions, shape, case, make)
        assert fast.shape == shape
        got = facts(fast)
        for name, value in expected.items():
            assert repr(got[name]) == repr(value), (shape, name)
        assert fast.fill_hash == slow.fill_hash
        assert fast.described == slow.described
        assert [str(f) for f in fast.findings] == [str(f) for f in slow.findings]
        assert repr(fast_notes) == repr(slow_notes), shape
        assert repr(fast_journal.records) == repr(slow_journal.records), shape


@given(KERNEL_CASES)
@settings(max_examples=examples(40), phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_a_compiled_kernel_gives_the_run_of_the_reference(case: dict[str, Any]) -> None:
    check(case)


@pytest.mark.parametrize("seed", range(12))
def test_long_tapes_give_the_same_run_compiled(seed: int) -> None:
    case = {
        "seed": seed, "rows": 6_000, "symbols": 1 + seed % 3, "strategies": 1 + seed % 2,
        "every": (40, 300, 2_000)[seed % 3], "capital": 200_000.0, "drawdown": 0.05,
        "interval": 0.0, "fill": ("quote", "next", "last")[seed % 3],
        "latency": (0.0, 75.0)[seed % 2], "response": 0.0, "fees": "ibkr-fixed",
        "queue": "behind-displayed", "cap": 0.0, "quantity": 100, "all_hours": False,
        "kinds": (KERNELS[seed % 6], (Plain, Resting)[seed % 2]), "length": 30, "breaks": 0,
        "spread": 2, "route": ("market", "smart", "patient")[seed // 2 % 3],
    }  # fmt: skip
    check(case)


FORMS = {
    "momentum": (
        MomentumStrategy,
        MomentumKernel,
        {"lookback": st.integers(2, 40), "threshold": st.sampled_from([0.0, 1e-4, 1e-3, 0.01])},
    ),
    "mean reversion": (
        MeanReversionStrategy,
        MeanReversionKernel,
        {
            "lookback": st.sampled_from([3, 7, 40]),
            "entry": st.sampled_from([0.5, 1.0, 1.5]),
            "exit": st.sampled_from([0.0, 0.1, 0.4]),
            "stop": st.sampled_from([1.6, 3.0]),
        },
    ),
    "pairs": (
        PairsStrategy,
        PairsKernel,
        {
            "lookback": st.sampled_from([3, 5, 20]),
            "entry": st.sampled_from([0.5, 1.0, 1.5]),
            "exit": st.sampled_from([0.0, 0.1, 0.4]),
            "exposure": st.sampled_from([0.3, 1.0]),
        },
    ),
    "market making": (
        MarketMakingStrategy,
        MarketMakingKernel,
        {
            "size": st.sampled_from([1, 100]),
            "half_spread_ticks": st.sampled_from([0.5, 1.0, 3.0]),
            "skew_ticks": st.sampled_from([0.0, 0.7, 2.0]),
            "max_inventory": st.integers(1, 4),
        },
    ),
}


@pytest.mark.parametrize("name", FORMS)
@given(data=st.data(), case=CASES)
@settings(max_examples=examples(16), phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_an_example_as_a_kernel_gives_the_orders_of_its_python_form(
    name: str, data: st.DataObject, case: dict[str, Any]
) -> None:
    plain, kernel, ranges = FORMS[name]
    params = data.draw(st.fixed_dictionaries(ranges))

    def of(cls: Any) -> Any:
        def made(n: int, case: dict[str, Any]) -> Any:
            more: dict[str, Any] = {}
            if "lookback" in params:
                more["lookback"] = params["lookback"] + n
            if name in ("momentum", "mean reversion"):
                more["allow_short"] = bool(case["seed"] % 2)
            strategy = cls(**params | more)
            strategy.stop_loss_pct = 0.01 if case["seed"] % 3 == 0 else 0.0
            strategy.notes = []
            return strategy

        return made

    if name == "pairs":
        case = case | {"symbols": 2, "strategies": 1}
    tape, sessions = random_tape(case["seed"], case["rows"], case["symbols"])
    slow, slow_journal, _ = run(tape, sessions, "reference", case, of(plain))
    for shape in ("kernel", "python", "reference"):
        fast, journal, _ = run(tape, sessions, shape, case, of(kernel))
        assert fast.shape == shape
        for fact, value in facts(slow).items():
            assert repr(facts(fast)[fact]) == repr(value), (shape, fact)
        assert repr(fast.described) == repr(slow.described)
        # The first record names the strategy's class.
        assert repr(journal.records[1:]) == repr(slow_journal.records[1:])
