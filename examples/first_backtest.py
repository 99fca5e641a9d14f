"""A backtest in a few lines: momentum on a built-in synthetic market.

python examples/first_backtest.py
"""

import ikbr

result = ikbr.backtest(
    "momentum",
    "SPY,AAPL",
    days=2,
    seed=7,
    capital=250_000,
    params={"lookback": 300, "threshold": 0.002},
    latency_ms=75,
)
print(result.fills_frame()[["symbol", "side", "quantity", "price", "commission"]])
print(f"net P&L {result.net_pnl:,.2f} after {result.commission:,.2f} of commission")
for finding in result.findings:
    print(f"- {finding.text}")
