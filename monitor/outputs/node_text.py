"""What all nodes together say, in plain words, for every output that people read."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.model import BITCOIN, NodeState, NodesView, Relation, Split


def summary(view: NodesView) -> str:
    """Whether the nodes agree, in one or two sentences."""
    if trouble := disagreement(view):
        return trouble
    if len(view.nodes) == 1:
        (node,) = view.nodes
        return f"One node is followed: {node.name}." if node.up else f"{node.name}: {_silence(node)}."
    placed = [node for node in view.nodes if node.up and node.relation not in {Relation.UNKNOWN, Relation.BRANCH}]
    others = [node for node in view.nodes if node not in placed]
    if not others:
        return f"{'Both' if len(placed) == 2 else f'All {len(placed)}'} nodes are on the same chain."
    who = "1 node is" if len(placed) == 1 else f"{len(placed)} nodes are"
    said = f"{who} on the counted chain" if placed else "It is not known yet whether the nodes agree"
    silent = "; ".join(f"{node.name}: {_silence(node)}" for node in others)
    return f"{said}. {silent}."


def disagreement(view: NodesView) -> str | None:
    """What a reader of any number should know: that nodes disagree, or that another node stands in; None if neither."""
    parts = []
    counted, followed = view.nodes[0], view.followed
    if followed is not counted:
        why = f" ({counted.reason})" if counted.reason else ""
        parts.append(f"{followed.name} stands in for {counted.name}, which is away{why}.")
    if view.splits:
        parts.append(f"Nodes disagree: {'; '.join(map(of_split, view.splits))}.")
    if not parts:
        return None
    chosen = "" if followed is not counted else ", the counted node of the configuration"
    return " ".join([*parts, f"Numbers are of the branch of {followed.name}{chosen}."])


def place(node: NodeState, view: NodesView) -> str:
    """Where the tip of a node is, seen from the counted tip."""
    counted = view.followed.tip
    match node.relation:
        case Relation.SAME:
            return "same chain, newest block"
        case Relation.BEHIND if node.tip and counted:
            return f"{blocks_in_words(counted.height - node.tip.height)} behind"
        case Relation.AHEAD:
            return f"same chain, {blocks_in_words(node.apart)} ahead"
        case Relation.BRANCH if node.fork:
            return f"on another branch since block {node.fork.height + 1}, {blocks_in_words(node.apart)}"
        case _:
            return "" if not node.up else "not known yet"


def of_split(split: Split) -> str:
    """Who is on the other branch, since when, and how long both are."""
    ours, other = split.branches
    return (
        f"{_listed(other.nodes)} {'is' if len(other.nodes) == 1 else 'are'} on another branch since block "
        f"{split.ancestor.height + 1}: {blocks_in_words(other.length)}, and {ours.length} on the counted branch"
    )


def _silence(node: NodeState) -> str:
    if node.up:
        return "its position is not known yet"
    if node.chain not in {None, BITCOIN}:
        return f"is not compared ({node.reason})"
    return node.reason or "does not answer"


def blocks_in_words(number: int) -> str:
    """A number of blocks."""
    return f"{number:,} block{'' if number == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
