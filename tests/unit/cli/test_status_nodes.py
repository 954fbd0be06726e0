"""Nodes and branches on the terminal, as a function of the API's JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from support import node_views
from support.node_views import TIME, TOP
from unit.cli.test_status import drawn, status

from monitor.cli.status.nodes import as_nodes
from monitor.cli.status.view import Shown, as_screen, as_view
from monitor.model import NodesView, PoolSlug
from monitor.outputs.schemas.nodes import Nodes

NAMES = {PoolSlug("ocean"): "OCEAN", PoolSlug("f2pool"): "F2Pool"}


def answered(view: NodesView) -> dict[str, Any]:
    """What the API answers."""
    found: dict[str, Any] = json.loads(Nodes.of_view(view, NAMES).encode())
    return found


def shown(view: NodesView) -> str:
    return drawn(as_nodes(answered(view), TIME + 120.0))


def line(text: str, start: str) -> str:
    """The one line that begins so."""
    (found,) = [each for each in text.splitlines() if each.strip().startswith(start)]
    return found


def test_a_row_for_each_node() -> None:
    text = shown(node_views.agreeing())

    assert text.startswith("All 3 nodes are on the same chain.")
    friend = line(text, "friend")
    assert all(each in friend for each in ("observer", "up", str(TOP - 2), "2 blocks behind", "60 s ago"))
    assert "not trusted" in line(text, "cellar")
    assert "nothing listens at" in shown(node_views.replaced())


def test_the_column_network_has_the_network_and_a_chain_that_is_not_that_of_bitcoin() -> None:
    foreign = replace(node_views.agreeing().nodes[1], chain="rdts")
    text = shown(replace(node_views.agreeing(), nodes=(node_views.node(chain="bitcoin"), foreign)))

    assert "network" in line(text, "node")
    assert "main, chain rdts" in line(text, "friend")
    assert "chain" not in line(text, "home").partition("same chain")[2]


def test_stretches_of_one_chain_are_folded() -> None:
    text = shown(node_views.one())

    assert "8 blocks of one chain" in text
    assert line(text, str(TOP - 11)).rstrip().endswith("o antpool")
    assert len(text.splitlines()) < 25


def test_heights_that_are_left_out_are_counted() -> None:
    view = node_views.split()
    gap = {*range(TOP - 25, TOP - 9)}
    tree = tuple(block for block in view.tree if block.ref.height not in gap)
    text = shown(replace(view, tree=tree))

    assert "16 heights left out" in line(text, f"{TOP - 25} - {TOP - 10}")
    assert "blocks of one chain" in text


def test_branches_of_a_split_are_beside_each_other() -> None:
    text = shown(node_views.split())

    assert "Split above block 900043, since 2025-06-15 14:16 UTC" in text
    assert "counted: home, cellar" in text
    assert "not counted: friend" in text
    tip = line(text, f"{TOP - 2} ")
    assert tip.index("* ") < tip.index("o OCEAN < friend")
    columns = {line(text, f"{height} ").index("o ") for height in range(TOP - 5, TOP - 1)}
    assert len(columns) == 1


def test_a_branch_of_which_only_headers_are_known() -> None:
    view = node_views.split()
    (found,) = view.splits
    ours, theirs = found.branches
    unknown = replace(theirs, known=0, entities={"pool": {}})
    text = shown(replace(view, splits=(replace(found, branches=(ours, unknown)),)))

    assert "not counted: friend" in text


def test_the_numbers_say_that_nodes_disagree() -> None:
    said = "Nodes disagree: friend is on another branch since block 9."
    apart = status(disagreement=said)

    assert f"! {said}" in drawn(as_view(apart))
    assert f"! {said}" in drawn(as_screen(Shown(apart, TIME), width=120, height=40))
    assert "!" not in drawn(as_view(status())).partition("Shares")[0]
