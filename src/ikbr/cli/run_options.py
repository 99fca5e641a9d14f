"""The options that say what is run, shared by every command that runs strategies.

They are declared once, in `ikbr.cli.backtest.command`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ikbr.domain.errors import UsageError

if TYPE_CHECKING:
    from ikbr.api.request import Request

OUTPUTS = ("json", "report", "journal", "progress")
"""Options of `ikbr backtest` that say nothing about the run itself."""


def with_run_options(
    leave_out: Iterable[str] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options of `ikbr backtest` that say what is run.

    The command takes them as `**run` and hands them to `request_of`; its own options come first
    and win where the names are equal.

    Args:
        leave_out: Names of options that make no sense for it.

    Returns:
        A decorator.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        from ikbr.cli.backtest import command as backtest

        return share_options(command, backtest, (*leave_out, *OUTPUTS))

    return decorate


def share_options(
    command: Callable[..., Any],
    other: Callable[..., Any],
    leave_out: Iterable[str] = OUTPUTS,
) -> Callable[..., Any]:
    """Give a command the options of another one besides its own.

    Args:
        command: Takes them as keywords; its own win where names are equal.
        other: Has them.
        leave_out: Names of options that make no sense for it.

    Returns:
        The same command.
    """
    own = inspect.signature(command, eval_str=True)
    mine = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    taken = {*leave_out, *(parameter.name for parameter in mine)}
    shared = [
        parameter
        for parameter in inspect.signature(other, eval_str=True).parameters.values()
        if parameter.name not in taken
    ]
    keyword = inspect.Parameter.KEYWORD_ONLY
    together = [parameter.replace(kind=keyword) for parameter in (*shared, *mine)]
    command.__signature__ = own.replace(parameters=together)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in together}
    return command


def request_of(options: Mapping[str, Any]) -> Request:
    """Make the request that the options of `ikbr backtest` mean.

    Args:
        options: Their values by name; outputs among them are ignored, missing ones stay as the
            request has them.

    Returns:
        The request, not yet checked as a whole.

    Raises:
        UsageError: When a value cannot be read.
    """
    from ikbr.api.request import Request, as_date
    from ikbr.cli.options import listed, pairs, rates

    values = {name: value for name, value in options.items() if name not in OUTPUTS}
    quantity = values.pop("quantity", None)
    if quantity is not None and quantity < 1:
        raise UsageError(
            f"quantity {quantity} cannot be; give 1 or more, or leave it out for sizing by risk."
        )
    return Request(
        strategy=values.pop("strategy", None) or ["momentum"],
        symbols=listed(values.pop("symbols", "")),
        params=pairs(values.pop("param", None) or (), "--param", "lookback=20"),
        start=as_date(values.pop("start", None), "start"),
        end=as_date(values.pop("end", None), "end"),
        quantity=quantity or 0,
        fees_as_of=as_date(values.pop("fees_as_of", None), "fees-as-of"),
        settings=settings_of(values.pop("set_", None) or ()),
        fx=rates(values.pop("fx", None) or ()),
        **values,
    )


def settings_of(texts: Iterable[str]) -> dict[str, str]:
    """Read `--set`; a comma may belong to the value, so there is one pair in each."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(
                f"--set {text!r}: write it as section.key=value, as risk.max_position_pct=0.2."
            )
        found[key.strip()] = value.strip()
    return found
