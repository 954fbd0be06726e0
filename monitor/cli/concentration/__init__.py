"""`pool-monitor concentration`."""
