"""What the audits of many blocks say about pools: rates with intervals, policy changes, and transactions of a list."""
