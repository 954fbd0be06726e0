"""The drawing of the tree of branches."""

from __future__ import annotations

from itertools import combinations

import pytest
from support import node_views
from support.node_views import TOP, block, hash_of, node, view

from monitor.model import NodesView, Relation
from monitor.outputs.web.pages.tree import CELL, GUTTER, LANE, Tree, draw

VIEWS = [node_views.one(), node_views.agreeing(), node_views.split(), node_views.replaced()]
each_view = pytest.mark.parametrize("view", VIEWS, ids=["one", "agreeing", "split", "replaced"])


def lanes(tree: Tree) -> dict[str, int]:
    """The lane of each named block by its hash."""
    return {cell.block.ref.hash: (cell.x - GUTTER) // LANE for cell in tree.cells if cell.named}


@each_view
def test_every_block_is_drawn_once_inside_and_no_two_overlap(view: NodesView) -> None:
    tree = draw(view)

    assert sorted(cell.block.ref.hash for cell in tree.cells) == sorted(each.ref.hash for each in view.tree)
    assert all(0 <= cell.x <= tree.width - CELL and 0 <= cell.y <= tree.height - CELL for cell in tree.cells)
    overlapping = [
        (one.block.ref, other.block.ref)
        for one, other in combinations(tree.cells, 2)
        if abs(one.x - other.x) < CELL and abs(one.y - other.y) < CELL
    ]
    assert overlapping == []


@each_view
def test_a_phone_has_room_for_it(view: NodesView) -> None:
    assert draw(view).width <= 360 - 2 * 16


def test_a_day_without_branches_is_folded() -> None:
    tree = draw(view([node()]))

    assert tree.height < 10 * CELL
    assert len([cell for cell in tree.cells if cell.named]) == 3


def test_a_branch_stands_beside_the_counted_chain_at_its_heights() -> None:
    tree = draw(node_views.split())
    where = {cell.block.ref.hash: cell for cell in tree.cells}

    assert {lanes(tree)[hash_of(height, 1)] for height in range(TOP - 5, TOP - 1)} == {1}
    assert all(where[hash_of(height)].y == where[hash_of(height, 1)].y for height in range(TOP - 5, TOP - 1))
    assert [label.text for label in tree.nodes] == ["home, cellar", "friend"]


def test_two_branches_at_the_same_heights_have_lanes_of_their_own() -> None:
    tree = draw(view([node()], block(TOP - 2, 1), block(TOP - 2, 2)))

    assert {lanes(tree)[hash_of(TOP - 2, branch)] for branch in range(3)} == {0, 1, 2}


def test_stale_blocks_at_other_heights_share_a_lane() -> None:
    assert {*lanes(draw(node_views.one())).values()} == {0, 1}


def test_a_node_that_is_ahead_stands_on_the_counted_chain() -> None:
    ahead = node("friend", TOP + 1, 1, fork=TOP, relation=Relation.AHEAD)
    tree = draw(view([node(), ahead], block(TOP + 1, 1, on=0)))

    assert lanes(tree)[hash_of(TOP + 1, 1)] == 0
    assert [label.text for label in tree.nodes] == ["friend", "home"]


def test_the_branch_of_a_node_is_solid_and_a_stale_one_is_dashed() -> None:
    tree = draw(node_views.split())

    assert (len(tree.lines), len(tree.stubs)) == (3, 2)


def test_a_long_split_is_folded_in_both_lanes() -> None:
    fork = TOP - 40
    other = [block(height, 1, on=1 if height > fork + 1 else 0) for height in range(TOP, fork, -1)]
    tree = draw(view([node(), node("friend", TOP, 1, fork=fork, relation=Relation.BRANCH)], *other))

    assert tree.height < 25 * CELL


def test_a_branch_that_begins_below_ends_at_the_bottom() -> None:
    other = [block(height, 1, on=1) for height in range(TOP, TOP - 50, -1)]
    tree = draw(view([node()], *other))

    assert all(path.endswith(f"V{tree.height}") for path in (*tree.lines, *tree.stubs))


def test_a_view_without_blocks_is_empty() -> None:
    assert draw(NodesView((node(),))).cells == []
