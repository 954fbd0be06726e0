"""Names and colours of entities, the same on every page."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.model import Snapshot
from monitor.outputs.web.pages.countries import COUNTRIES
from monitor.outputs.web.pages.palette import palette
from monitor.outputs.web.protocols import PoolDirectory


def entity_names(snapshot: Snapshot) -> Mapping[str, str]:
    """Names of pools and countries."""
    return COUNTRIES | {str(slug): name for slug, name in snapshot.pool_names.items()}


def slots(snapshot: Snapshot, level: str, directory: PoolDirectory) -> Mapping[str, int]:
    """The colours of the largest entities of a level."""
    return palette(snapshot, level, directory.belongs)
