"""`pool-monitor registry`."""
