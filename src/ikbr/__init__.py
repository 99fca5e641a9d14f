"""ikbr: write one strategy, run it in a backtest, on paper and live with Interactive Brokers."""
