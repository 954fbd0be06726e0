"""What happens to a block between the node and the outputs: attributed, counted, measured. One path for all uses.

In: plans of the chain follower, or stored blocks. Out: snapshots of every level and window, and the same numbers for
the past: the daemon, backfill, backtest, export and re-attribution all count here.
"""
