"""The view of the page of nodes and branches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.model import NodesView, PoolSlug, Sighting
from monitor.outputs import node_text
from monitor.outputs.lags import Lag, lags_by_node, lags_by_pool
from monitor.outputs.web.pages.tree import Tree, draw

_POOLS = 10
"""Pools of which the lag is shown, those with most blocks."""


@dataclass(frozen=True)
class NodesPage:
    """All nodes, the tree, and splits."""

    view: NodesView
    tree: Tree
    lags: Mapping[str, Lag]
    """By node."""
    pool_lags: Mapping[PoolSlug | None, Lag]
    """Empty with one node."""
    summary: str

    @classmethod
    def of(cls, view: NodesView, sightings: Sequence[Sighting]) -> NodesPage:
        """The page of a view."""
        pools = dict(list(lags_by_pool(sightings).items())[:_POOLS])
        return cls(view, draw(view), lags_by_node(sightings), pools, node_text.summary(view))

    @property
    def places(self) -> dict[str, str]:
        """Where each node is, in words."""
        return {node.name: node_text.place(node, self.view) for node in self.view.nodes}
