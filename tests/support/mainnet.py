"""The embedded node with mainnet's pools."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitor.cli.demo_daemon import signatures_of
from monitor.embedded import EmbeddedNode, Found
from monitor.registry.loading import load_pools


def mainnet_node(history: Iterable[Found] = (), **fields: Any) -> EmbeddedNode:  # noqa: ANN401 -- see EmbeddedNode
    """A node whose pools sign as those of the shipped registry do."""
    return EmbeddedNode(network="main", signatures=signatures_of(load_pools("main")), history=history, **fields)


def settings_of(node: EmbeddedNode) -> dict[str, Any]:
    """Settings of a `Daemon` that follows this node, which must run."""
    return {"node__url": node.url, "node__cookie_file": node.cookie_file, "node__chain": "any"}
