"""`pool-monitor stratum`: what pools announce to their miners."""
