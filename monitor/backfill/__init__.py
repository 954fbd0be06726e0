"""History below the lowest stored block, fetched from the top down.

In: what the windows need or a user asked for. Out: rows in the store, written a few hundred blocks at a time, while
new blocks continue to arrive.
"""
