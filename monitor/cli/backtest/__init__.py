"""`pool-monitor backtest`."""
