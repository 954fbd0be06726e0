"""Who mined a block, and how we know. Pure: no files, no clock.

In go a coinbase and a registry of pools; out comes an `Attribution` with its evidence and every other candidate.
"""

from monitor.attribution.match import attribute
from monitor.attribution.pool import Custodian, Kind, Pool
from monitor.attribution.registry import Registry

__all__ = ["Custodian", "Kind", "Pool", "Registry", "attribute"]
