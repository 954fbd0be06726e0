"""What all nodes together say."""

from __future__ import annotations

from dataclasses import replace

from support import node_views
from support.node_views import TOP, node, view

from monitor.model import Relation
from monitor.outputs.node_text import disagreement, place, summary


def test_nodes_that_agree() -> None:
    assert summary(node_views.agreeing()) == "All 3 nodes are on the same chain."
    assert summary(view([node(), node("friend")])) == "Both nodes are on the same chain."
    assert summary(node_views.one()) == "One node is followed: home."
    assert disagreement(node_views.agreeing()) is None


def test_a_split_names_the_nodes_and_the_branch_that_is_counted() -> None:
    said = (
        "Nodes disagree: friend is on another branch since block 900044: 4 blocks, and 6 on the counted branch. "
        "Numbers are of the branch of home, the counted node of the configuration."
    )

    assert summary(node_views.split()) == disagreement(node_views.split()) == said


def test_a_node_that_stands_in_is_named() -> None:
    assert disagreement(node_views.replaced()) == (
        "friend stands in for home, which is away (nothing listens at 127.0.0.1:8332). "
        "Numbers are of the branch of friend."
    )


def test_a_node_that_is_away_is_not_counted_as_agreeing() -> None:
    away = node("friend", up=False, reason="timeout", relation=Relation.UNKNOWN)

    assert summary(view([node(), away])) == "1 node is on the counted chain. friend: timeout."
    foreign = node("friend", up=False, chain="rdts", reason="it is on another chain", relation=Relation.UNKNOWN)
    assert summary(view([node(), foreign])).endswith("friend: is not compared (it is on another chain).")
    assert summary(view([node(up=False, reason="timeout")])) == "home: timeout."


def test_the_place_of_a_node() -> None:
    found = {each.name: place(each, node_views.agreeing()) for each in node_views.agreeing().nodes}
    ahead = node("friend", TOP + 1, 1, fork=TOP, relation=Relation.AHEAD)
    unknown = replace(node("friend"), relation=Relation.UNKNOWN)

    assert found == {
        "home": "same chain, newest block", "friend": "2 blocks behind", "cellar": "same chain, newest block",
    }  # fmt: skip
    assert place(node_views.split().nodes[1], node_views.split()) == "on another branch since block 900044, 4 blocks"
    assert place(ahead, view([node(), ahead])) == "same chain, 1 block ahead"
    assert place(unknown, view([node(), unknown])) == "not known yet"
