"""The view of the page of nodes and branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from monitor.model import NodesView, Sighting
from monitor.outputs import node_text
from monitor.outputs.web.pages.tree import Tree, draw

SIGHTINGS = 1000
"""Newest sightings of which the lag is shown."""
_LEVELS = {"pool": "Pools", "template": "Template builders", "country": "Countries"}
"""Levels at which the blocks of a branch are counted, and their headings."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How early a node has blocks, of those that several nodes announced."""

    blocks: int
    first: int
    """Blocks that it had first."""
    median: float
    """Seconds after the first node."""


@dataclass(frozen=True)
class NodesPage:
    """All nodes, the tree, and splits."""

    view: NodesView
    tree: Tree
    lags: dict[str, Lag]
    summary: str

    @classmethod
    def of(cls, view: NodesView, sightings: Sequence[Sighting]) -> NodesPage:
        """The page of a view."""
        return cls(view, draw(view), lags(sightings), node_text.summary(view))

    @property
    def places(self) -> dict[str, str]:
        """Where each node is, in words."""
        return {node.name: node_text.place(node, self.view) for node in self.view.nodes}

    @property
    def levels(self) -> dict[str, str]:
        """Levels at which branches are counted, with their headings."""
        return _LEVELS


def lags(sightings: Sequence[Sighting]) -> dict[str, Lag]:
    """By node. Blocks of which only one node told are left out: nothing is compared."""
    of_block: dict[str, list[Sighting]] = {}
    for each in sightings:
        if each.lag_seconds is not None:
            of_block.setdefault(each.block.hash, []).append(each)
    found: dict[str, list[float]] = {}
    for several in of_block.values():
        for each in several if len(several) > 1 else ():
            assert each.lag_seconds is not None
            found.setdefault(each.node, []).append(each.lag_seconds)
    return {
        name: Lag(len(seconds), sum(each == 0 for each in seconds), median(seconds))
        for name, seconds in sorted(found.items())
    }
