"""Which branches nodes are on, and when that is a split."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from support.views import START, block, node, ref

from monitor.chain.branches import BranchCounts, BranchRules, Line, completed, marks, relation, splits
from monitor.model import BlockHash, BlockRef, BranchBlock, NodeState, Relation, Split

COUNTED = [block(height) for height in range(90, 106)]
HERE = node("home", ref(105), Relation.SAME)
RULES = BranchRules(judge=lambda _blocks: (), count=lambda _blocks: BranchCounts(), split_depth=2, split_seconds=600)


def apart(name: str, *heights: int, branch: str = "b") -> tuple[NodeState, Line]:
    """A node on another branch, with these blocks of it."""
    first, *_ = heights
    blocks = [block(height, branch, on="a" if height == first else None) for height in heights]
    line = Line(ref(first - 1), tuple(blocks))
    return node(name, line.tip, Relation.BRANCH, fork=line.fork), line


def found(
    *others: tuple[NodeState, Line],
    age: float = 1000.0,
    counted: Sequence[BranchBlock] = COUNTED,
    just_seen: Sequence[BlockRef] = (),
) -> tuple[Split, ...]:
    deciding = [block.ref for _, line in others for block in marks(line, counted, RULES.split_depth)]
    return splits(
        [HERE, *(each for each, _ in others)], {each.name: line for each, line in others}, counted,
        seen={each.hash: START - (1 if each in just_seen else age) for each in deciding}, now=START, rules=RULES,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("tip", "fork", "expected"),
    [
        (ref(105), ref(105), Relation.SAME),
        (ref(104), ref(104), Relation.BEHIND),
        (ref(107), ref(105), Relation.AHEAD),
        (ref(105, "b"), ref(104), Relation.BRANCH),
        (ref(101, "b"), ref(100), Relation.BRANCH),
    ],
)
def test_where_a_node_is(tip: object, fork: object, expected: Relation) -> None:
    assert relation(tip, fork, ref(105)) is expected  # type: ignore[arg-type]


def test_two_blocks_at_the_same_time_are_a_race_and_no_split() -> None:
    [race] = found(apart("friend", 105))
    assert (race.depth, race.lasting, race.ancestor) == (1, False, ref(104))
    assert [(each.nodes, each.length, each.counted) for each in race.branches] == [
        (("home",), 1, True), (("friend",), 1, False),
    ]  # fmt: skip


def test_a_split_is_deep_and_old_enough() -> None:
    assert [each.lasting for each in found(apart("friend", 104, 105), age=600)] == [True]
    assert [each.lasting for each in found(apart("friend", 104, 105), age=599)] == [False]


def test_headers_alone_of_a_stranger_are_no_split() -> None:
    stranger, line = apart("stranger", 102, 103, 104)
    bare = Line(line.fork, tuple(each._replace(attributed=False, pool=None) for each in line.blocks))
    untrusted = replace(stranger, trusted=False)
    assert [each.lasting for each in found((untrusted, line))] == [True]
    assert [each.lasting for each in found((untrusted, bare))] == [False]
    assert [each.lasting for each in found((stranger, bare))] == [True]
    [beside_a_trusted_one] = found(apart("friend", 102, 103), (untrusted, bare))
    assert beside_a_trusted_one.branches[1].length == 2


def test_a_branch_of_one_block_is_a_split_from_a_long_one_as_the_long_one_is_from_it() -> None:
    [few_counted] = found(apart("friend", 105, 106, 107), counted=COUNTED)
    [many_counted] = found(apart("friend", 103))
    assert [(each.depth, each.lasting) for each in (few_counted, many_counted)] == [(3, True), (3, True)]
    assert few_counted.since == many_counted.since == START - 1000.0


def test_a_split_begins_when_both_branches_have_a_block() -> None:
    for late in (ref(104), ref(104, "b")):
        [split] = found(apart("friend", 104, 105), just_seen=[late])
        assert (split.since, split.lasting) == (START - 1, False)


def test_a_race_that_one_node_has_just_seen_decided_is_no_split_until_the_others_had_time_to_see_it() -> None:
    ours, theirs = (apart("friend", 104), COUNTED), (apart("friend", 104, 105), COUNTED[:-1])
    for late, (other, counted) in ((ref(105), ours), (ref(105, "b"), theirs)):
        assert [each.lasting for each in found(other, counted=counted, just_seen=[late])] == [False]
        assert [each.lasting for each in found(other, counted=counted)] == [True]


def test_one_old_block_of_a_node_that_is_a_stranger_or_away_is_no_split() -> None:
    friend, line = apart("friend", 101)
    assert [each.lasting for each in found((friend, line))] == [True]
    assert [each.lasting for each in found((replace(friend, trusted=False), line))] == [False]
    assert [each.lasting for each in found((replace(friend, up=False), line))] == [False]
    away, own = apart("friend", 101, 102)
    assert [each.lasting for each in found((replace(away, up=False), own))] == [True]


def test_nodes_on_one_branch_are_one_split_also_if_one_lags() -> None:
    [split] = found(apart("friend", 102, 103, 104), apart("slow", 102, 103))
    assert split.branches[1].length == 3
    assert split.branches[1].nodes == ("friend", "slow")


def test_three_branches_are_two_splits_the_deepest_first() -> None:
    deep, shallow = found(apart("friend", 104, 105, branch="b"), apart("far", 101, 102, 103, 104, branch="c"))
    assert (deep.ancestor, deep.branches[1].nodes) == (ref(100), ("far",))
    assert (shallow.ancestor, shallow.branches[1].nodes) == (ref(103), ("friend",))
    assert shallow.branches[0].nodes == ("home",)


def test_a_node_that_is_behind_or_ahead_is_no_split() -> None:
    behind = node("friend", ref(100), Relation.BEHIND)
    assert splits([HERE, behind], {"friend": Line(ref(100))}, COUNTED, seen={}, now=START, rules=RULES) == ()


def test_a_counted_branch_without_a_block_above_the_fork_has_no_length() -> None:
    counted = [block(height) for height in range(90, 101)]
    [split] = splits(
        [node("home", ref(100), Relation.SAME), apart("friend", 100, 101)[0]],
        {"friend": apart("friend", 100, 101)[1]}, counted, seen={}, now=START, rules=RULES,
    )  # fmt: skip
    assert [each.length for each in split.branches] == [1, 2]


def test_a_line_is_completed_by_blocks_in_place_of_headers_and_below() -> None:
    from support.fake_chain import chain_on, judge  # noqa: PLC0415

    low, high = chain_on(ref(100), 2)
    header = block(102, "b")._replace(ref=high.ref, parent=low.hash, attributed=False, pool=None)
    line = completed(Line(ref(100), (header,)), judge([high, low], "f2pool"))
    assert line.is_whole
    assert [(each.ref, each.pool, each.attributed) for each in line.blocks] == [
        (low.ref, "f2pool", True), (high.ref, "f2pool", True),
    ]  # fmt: skip
    assert BlockHash(line.tip.hash) == high.hash


def test_a_branch_says_which_chain_its_nodes_make() -> None:
    knots, line = apart("knots", 104, 105)
    [split] = found((replace(knots, chain="rdts"), line))
    assert [branch.chain for branch in split.branches] == [HERE.chain, "rdts"]
