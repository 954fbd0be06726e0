"""The metrics of nodes and branches: names, help texts, labels, and where the view of all nodes has each number."""

from __future__ import annotations

from typing import Final, TypeAlias

from monitor.model import NodeRole, NodesView
from monitor.outputs.samples import PublishedOf, Rows, SourceOf

_ENTITIES: Final = 10
"""Largest entities of each branch that are published."""
_COUNTED: Final = "counted"
"""The label of the counted branch; another has the name of a node that follows it."""

NodeSource: TypeAlias = SourceOf[NodesView]
NodeMetric: TypeAlias = PublishedOf[NodesView]


def _branches(view: NodesView) -> Rows:
    """The branches of the deepest split, by name."""
    for split in view.splits[:1]:
        for branch in split.branches:
            yield (_COUNTED if branch.counted else branch.nodes[0],), branch


def _shares(view: NodesView) -> Rows:
    for labels, branch in _branches(view):
        for level, entities in branch.entities.items():
            for entity, blocks in list(entities.items())[:_ENTITIES]:
                yield (*labels, level, entity), blocks / branch.known


def _signalling(view: NodesView) -> Rows:
    for labels, branch in _branches(view):
        for bit, blocks in branch.bits.items():
            yield (*labels, str(bit)), blocks / branch.known


_whole = NodeSource((), lambda view: [((), view)])
_nodes = NodeSource(("node",), lambda view: (((each.name,), each) for each in view.nodes))
_roles = NodeSource(("node",), lambda view: (((each.name,), each.role is NodeRole.OBSERVER) for each in view.nodes))
_chains = NodeSource(("node", "chain"), lambda view: (((each.name, each.chain or "unknown"), 1) for each in view.nodes))
_branch = NodeSource(("branch",), _branches)
_split = NodeSource(
    (), lambda view: [((), view.split.depth if view.split else 0)] if view.split or view.is_known else []
)
_since = NodeSource((), lambda view: [((), view.split.since)] if view.split else [])

NODE_CATALOGUE: Final = (
    NodeMetric("node_height", "Height of the best block of a node.", _nodes, "tip.height"),
    NodeMetric("node_chain_info", "Always 1; labels: a node, and the chain that its rules make.", _chains),
    NodeMetric("node_followed", "Whether the counted chain is taken from this node now.", _nodes, "followed"),
    NodeMetric("node_observer", "Whether the node is an observer (1) or the counted one (0).", _roles),
    NodeMetric("node_apart_blocks", "Blocks of the node's best chain that are not counted.", _nodes, "apart"),
    NodeMetric("nodes_agree", "Whether no node is on another branch; missing if not known.", _whole, "agree"),
    NodeMetric(
        "split_depth_blocks",
        "Blocks of the longest branch of the deepest split; 0 without a split, missing if not known.",
        _split,
    ),
    NodeMetric(
        "split_start_timestamp_seconds", "When both branches of that split had a block, Unix time.", _since
    ),
    NodeMetric(
        "branch_blocks", "Blocks since branches parted, of both branches of the deepest split or race.", _branch,
        "length",
    ),
    NodeMetric(
        "branch_share_ratio", "Share of the blocks of such a branch, without an interval: it is a count.",
        NodeSource(("branch", "level", "entity"), _shares),
    ),
    NodeMetric(
        "branch_signalling_ratio", "Share of the blocks of such a branch that signal with a version bit.",
        NodeSource(("branch", "bit"), _signalling),
    ),
)  # fmt: skip
