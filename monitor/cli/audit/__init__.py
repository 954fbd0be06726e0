"""`pool-monitor audit`: what was expected of a block, and what came."""
