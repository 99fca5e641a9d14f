"""What is refused before a backtest begins."""

from __future__ import annotations

from collections.abc import Sequence

from ikbr.backtest.stage import Instance, Setup
from ikbr.domain.errors import ConfigError, ContractError
from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import Instrument
from ikbr.strategies.kernel import is_kernel


def check_fill_rule(feed: str, model: ExecutionModel) -> None:
    """Refuse a fill rule that needs what the feed lacks.

    Raises:
        ConfigError: When it does.
    """
    if feed == "quotes" and model.fill != "quote":
        raise ConfigError(
            f"fill = {model.fill!r} needs prints, and the feed 'quotes' has none; "
            f"use --fill quote or --feed both."
        )


def check_kernels(instances: Sequence[Instance], setup: Setup) -> None:
    """Refuse the kernel shape where it cannot be.

    Raises:
        ConfigError: When a strategy is no kernel, or nothing is to be compiled.
    """
    if not setup.compile:
        raise ConfigError(
            "shape 'kernel' runs compiled code, and nothing is to be compiled; leave out "
            "--no-compile or --shape kernel."
        )
    plain = [one.name for one in instances if not is_kernel(one.strategy)]
    if plain:
        raise ConfigError(
            f"shape 'kernel' needs strategies that are kernels, and {', '.join(plain)} "
            f"{'is' if len(plain) == 1 else 'are'} none; use --shape python, or derive from "
            f"KernelStrategy (docs/kernels.md)."
        )


def check_currencies(instruments: Sequence[Instrument], setup: Setup) -> None:
    """Refuse instruments whose currency has no rate.

    Raises:
        ContractError: When an exchange rate is neither on the tape nor given.
    """
    on_tape = {i.symbol for i in instruments}
    for instrument in instruments:
        currency = instrument.currency
        pairs = {f"{currency}.{setup.base}", f"{setup.base}.{currency}"}
        if currency != setup.base and currency not in setup.fx and not pairs & on_tape:
            raise ContractError(
                f"{instrument.symbol} is quoted in {currency}, and no exchange rate to "
                f"{setup.base} is known; add {currency}.{setup.base} to the symbols or give "
                f"one with --fx {currency}=RATE."
            )
