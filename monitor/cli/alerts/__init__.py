"""`pool-monitor alerts`."""
