"""`pool-monitor stale`: imports public lists of stale blocks, and shows what is known.

Uses the store beside a running daemon.
"""
