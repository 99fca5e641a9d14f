"""The chain of rules: those that the limits switch on, by what each needs to know."""

from __future__ import annotations

from collections.abc import Iterable

from ikbr.core.risk_checks import ASKED, PRICED, SEVERAL, VALUED, Rule, Test
from ikbr.domain.limits import RiskLimits

Stages = tuple[tuple[Test, ...], tuple[Test, ...], tuple[Test, ...]]
"""Tests that need nothing but the request, its price, and its value."""


def active_rules(
    rules: Iterable[Rule], limits: RiskLimits, *, blocked: bool, several: bool
) -> list[Rule]:
    """Choose the rules that can refuse anything; no other is ever asked.

    Args:
        rules: The table, in the order in which rules are asked.
        limits: What is allowed.
        blocked: Whether any symbol is blocked.
        several: Whether several symbols may be ordered.
    """
    return [
        rule
        for rule in rules
        if (
            not rule.limits
            or any(getattr(limits, name) for name in rule.limits)
            or (rule.name == "blocked" and blocked)
        )
        and (several or rule.scope != SEVERAL)
    ]


def in_stages(rules: Iterable[Rule]) -> Stages:
    """Sort tests by what they need to know, so that what is cheap is asked first."""
    given = tuple(rules)
    asked, priced, valued = (
        tuple(rule.test for rule in given if rule.stage == stage)
        for stage in (ASKED, PRICED, VALUED)
    )
    return asked, priced, valued
