"""Who mined a block, and how we know. Pure: no files, no clock.

In: a coinbase and a registry of pools. Out: an `Attribution` with its evidence and every other candidate.
"""

from monitor.attribution.match import attribute

__all__ = ["attribute"]
