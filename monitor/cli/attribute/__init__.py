"""`pool-monitor attribute`: from what the user names to a row per block."""
