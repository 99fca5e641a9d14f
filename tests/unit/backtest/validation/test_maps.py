"""Colours of the maps of parameter stability."""

from types import SimpleNamespace
from typing import Any

import pytest

from ikbr.backtest.validation.report.maps import Scores


@pytest.mark.parametrize(
    ("known", "maximise", "shades"),
    [
        ((-100.0, 0.0, 50.0), True, ["down-5", "", "up-2"]),
        ((-4_320.0, -2_000.0, -138.0), True, ["down-5", "down-2", ""]),
        ((10.0, 60.0, 110.0), True, ["up-1", "up-3", "up-5"]),
        ((-0.09, -0.05, -0.01), False, ["up-1", "up-3", "up-5"]),
    ],
)
def test_losses_are_never_shaded_as_gains(
    known: tuple[float, ...], maximise: bool, shades: list[str]
) -> None:
    walked: Any = SimpleNamespace(
        objective=SimpleNamespace(name="net_pnl", maximise=maximise),
        judgement=SimpleNamespace(maps=(SimpleNamespace(scores=[known]),), profiles={}),
    )
    scores = Scores(walked)
    assert [scores.shade(one) for one in known] == shades
