"""What Python programs and the command line share: from plain values to a finished backtest."""
