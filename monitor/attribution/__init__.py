"""Who mined a block, and how we know. Pure: no files, no clock.

In go a coinbase and a registry of pools; out comes an `Attribution` with its evidence and every other candidate.
"""
