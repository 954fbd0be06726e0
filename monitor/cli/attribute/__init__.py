"""`pool-monitor attribute`: attributes blocks, one row per block."""
