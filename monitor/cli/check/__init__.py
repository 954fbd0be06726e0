"""`pool-monitor check`."""
