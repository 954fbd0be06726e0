"""Pools and memberships: read from files and checked.

In: the registry shipped with the program, updated lists, the user's own entries. Out: a `Registry`, of pools with a
content hash and dated memberships.
"""

from monitor.registry.pool import Custodian, Kind, Place, Pool
from monitor.registry.registry import PoolRegistry

__all__ = ["Custodian", "Kind", "Place", "Pool", "PoolRegistry"]
