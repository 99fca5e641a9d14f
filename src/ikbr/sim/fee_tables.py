"""What IBKR, exchanges and regulators charge: dated rows, each with its source.

Money is in millionths of a dollar (`_micro`). A row holds from its day until the next one. Check
the rows against IBKR's price list before live use.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from ikbr.domain.errors import FeeTableError


class RegulatoryRow(msgspec.Struct, frozen=True):
    """Hold the regulators' fees on stock from a day on (New York date).

    Attributes:
        start: First day.
        sec_per_billion: SEC fee of a sale, dollars per billion dollars of its value.
        taf_micro: FINRA's trading activity fee per share sold.
        taf_cap_micro: Its most per order.
        cat_micro: Consolidated audit trail fee per share, bought or sold.
    """

    start: dt.date
    sec_per_billion: int
    taf_micro: int
    taf_cap_micro: int
    cat_micro: int


REGULATORY: tuple[RegulatoryRow, ...] = (
    # Source: SEC Fee Rate Advisory #2 for fiscal year 2024 (27.80 dollars per million from
    # 2024-05-22); FINRA By-Laws, Schedule A, section 1 (TAF); IBKR, "Commissions: stocks" (CAT).
    RegulatoryRow(dt.date(2025, 1, 1), 27_800, 166, 8_300_000, 48),
    # Source: SEC Fee Rate Advisory #2 for fiscal year 2025 (zero from 2025-05-14).
    RegulatoryRow(dt.date(2025, 5, 14), 0, 166, 8_300_000, 48),
    # Source: CAT NMS Plan, fee alerts: the fees of 2025 were last billed for November.
    RegulatoryRow(dt.date(2025, 12, 1), 0, 166, 8_300_000, 0),
    # Source: SR-FINRA-2024-019 (SEC Release 34-101696, 89 FR 93709): TAF of 2026.
    RegulatoryRow(dt.date(2026, 1, 1), 0, 195, 9_790_000, 0),
    # Source: SEC Release 34-104909 (91 FR 10643): 20.60 dollars per million.
    RegulatoryRow(dt.date(2026, 4, 4), 20_600, 195, 9_790_000, 0),
    # Source: SR-FINRA-2026-010: CAT Fee 2026-1 and Historical CAT Assessment 1A.
    RegulatoryRow(dt.date(2026, 5, 1), 20_600, 195, 9_790_000, 3),
    # Source: SR-FINRA-2026-021 (SEC Release 34-106409): no TAF until the end of the year.
    RegulatoryRow(dt.date(2026, 10, 1), 20_600, 0, 0, 3),
    # Source: SR-FINRA-2024-019, TAF of 2027; its cap is taken as that of 50,000 shares.
    RegulatoryRow(dt.date(2027, 1, 1), 20_600, 232, 11_600_000, 3),
)

STOCK_FIXED_MICRO = 5_000
"""Per share. Source: IBKR, "Commissions: stocks", United States, fixed."""

STOCK_FIXED_MINIMUM_MICRO = 1_000_000
"""Per order. Source: as above."""

STOCK_DIRECTED_MICRO = 7_500
"""Per share of an order that the API sends to an exchange of its own choice, on either plan, with
the minimum and the cap of the fixed one. Source: IBKR, "Commissions: stocks", API directed."""

STOCK_TIERS: tuple[tuple[int, int], ...] = (
    (300_000, 3_500),
    (3_000_000, 2_000),
    (20_000_000, 1_500),
    (100_000_000, 1_000),
)
"""Shares of the month up to which a rate per share holds, and the rate; the rest pays
`STOCK_LAST_TIER_MICRO`. Source: IBKR, "Commissions: stocks", United States, tiered."""

STOCK_LAST_TIER_MICRO = 500
STOCK_TIERED_MINIMUM_MICRO = 350_000
"""Per order. Source: as above; the most per order is one per cent of its value in both plans."""

CLEARING_MICRO = 200
"""Per share. Source: IBKR, "Commissions: stocks", NSCC and DTC fees."""

EXCHANGE_TAKE_MICRO = 3_000
EXCHANGE_MAKE_MICRO = -2_000
"""Per share, for taking and for adding liquidity. Source: SEC Rule 610(c) of Regulation NMS (an
access fee of at most 0.0030); the rebate is ikbr's own cautious number, venues paying 0.0015 to
0.0032."""

NYSE_PASS_THROUGH = 175
FINRA_PASS_THROUGH = 560
"""Millionths of the tiered commission. Source: IBKR, "Commissions: stocks", pass-through fees."""

OPTION_TIERS: tuple[tuple[int, int], ...] = ((50_000, 250_000), (100_000, 500_000))
"""Premium (millionths per share) below which a commission per contract holds, and the commission;
above: `OPTION_MICRO`. Source: IBKR, "Commissions: options", up to 10,000 contracts a month."""

OPTION_MICRO = 650_000
OPTION_MINIMUM_MICRO = 1_000_000
"""Per contract and per order. Source: as above."""

FUTURE_MICRO = 850_000
MICRO_FUTURE_MICRO = 250_000
FUTURE_REGULATORY_MICRO = 20_000
"""Per contract. Source: IBKR, "Commissions: futures"; NFA assessment fee."""

MICRO_FUTURES = frozenset(("MES", "MNQ", "M2K", "MCL", "MGC"))

FUTURE_EXCHANGE_MICRO: dict[str, int] = {
    "ES": 1_380_000,
    "MES": 350_000,
    "NQ": 1_380_000,
    "MNQ": 350_000,
    "RTY": 1_380_000,
    "M2K": 350_000,
    "YM": 1_380_000,
    "CL": 1_500_000,
    "MCL": 500_000,
    "NG": 1_600_000,
    "GC": 1_600_000,
    "MGC": 500_000,
    "SI": 1_600_000,
    "6E": 1_600_000,
    "ZN": 800_000,
}
"""Per contract. Source: CME Group, fee schedules of Globex for non-members, 2025."""

OTHER_FUTURE_EXCHANGE_MICRO = 1_600_000
"""For a root that is not in the table."""

FOREX_PER_MILLION = 20
FOREX_MINIMUM_MICRO = 2_000_000
"""Millionths of the value; dollars per order. Source: IBKR, "Commissions: spot currencies" (0.20
basis points, at least 2.00 dollars, up to a billion dollars a month)."""


def regulatory_row(date: dt.date) -> RegulatoryRow:
    """Find the row of a day.

    Args:
        date: A date in New York.

    Raises:
        FeeTableError: When the day is before the first row.

    >>> regulatory_row(dt.date(2025, 5, 13)).sec_per_billion
    27800
    """
    found = None
    for row in REGULATORY:
        if row.start <= date:
            found = row
    if found is None:
        start = REGULATORY[0].start
        raise FeeTableError(
            f"fees of {date} are not known: the fee table starts with {start}; take the fees of a "
            f"later day with --fees-as-of DATE (such as {start}), or none with --fees none."
        )
    return found
