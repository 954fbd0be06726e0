"""Following: every way a chain can move, one code path."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from support import fake_chain
from support.fake_chain import ALL, BEFORE_ALL, FakeNode, Following, Memory, chain_on

from monitor.errors import ChainError, NodeAway, NodeBusy, NodeError, NodeRefused, StoreRefused
from monitor.model import BlockHash, BlockRef, Reach

Fault = Callable[[str], None]


def following(length: int, **how: Any) -> Following:  # noqa: ANN401 -- passed on
    return Following(FakeNode(length), Memory(), **how)


def errors(found: Following, kind: str) -> float | None:
    return found.vitals.registry.get_sample_value("pool_monitor_errors_total", {"kind": kind})


async def settled(length: int, **how: Any) -> Following:  # noqa: ANN401 -- passed on
    found = following(length, **how)
    await found.settle()
    found.node.asked.clear()
    return found


def times(count: int, question: str, act: Callable[[], object]) -> Fault:
    """Do something the first so many times that a question is asked."""
    left = iter(range(count))

    def fault(asked: str) -> None:
        if asked == question and next(left, None) is not None:
            act()

    return fault


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


# -- the usual ---------------------------------------------------------------------------------------------------------


async def test_the_first_start_takes_the_whole_chain() -> None:
    found = following(7)
    [plan] = await found.settle()
    assert (plan.onto, plan.connects, plan.disconnects) == (BEFORE_ALL, tuple(found.node.chain), ())
    assert plan.caught_up
    assert plan.node_tip == found.node.best.hash


@pytest.mark.parametrize(("reach", "first"), [(Reach(0, 3), 17), (Reach(1800, 1), 17), (Reach(0, 20), 0), (ALL, 0)])
async def test_the_first_start_goes_back_as_far_as_asked(reach: Reach, first: int) -> None:
    found = Following(FakeNode(20), Memory(), reach=reach)
    await found.settle()
    assert found.memory.chain == found.node.chain[first:]


@pytest.mark.parametrize("batch", range(1, 12))
async def test_the_size_of_a_batch_makes_no_difference(batch: int) -> None:
    found = following(10, batch=batch)
    plans = await found.settle()
    assert found.memory.chain == found.node.chain
    assert len(plans) == -(-10 // batch)
    assert [plan.caught_up for plan in plans] == [False] * (len(plans) - 1) + [True]
    found.node.mine(11, depth=7)
    await found.settle()
    assert found.memory.chain == found.node.chain
    found.node.mine(1, depth=9)
    await found.settle()
    assert found.memory.chain == found.node.chain


async def test_a_restart_goes_on_from_what_is_stored() -> None:
    found = await settled(5)
    mined = found.node.mine(3)
    again = await found.restart()
    [plan] = await again.settle()
    assert (plan.onto, plan.connects) == (BlockRef(4, mined[0].header.parent), tuple(mined))


async def test_a_restart_at_the_tip_says_so_once() -> None:
    found = await settled(5)
    again = await found.restart()
    [plan] = await again.settle()
    assert plan.is_empty
    assert plan.caught_up
    assert plan.end == found.node.best


async def test_a_new_block_that_the_notice_names_costs_one_question_and_is_checked_afterwards() -> None:
    found = await settled(5)
    [block] = found.node.mine()
    [plan] = await found.settle()
    assert plan.connects == (block,)
    assert found.node.asked == ["block", "tip", "news"]


async def test_a_hint_without_news_makes_no_plan() -> None:
    found = await settled(5)
    found.node.ring()
    assert await found.settle() == []
    assert found.node.asked == ["tip", "news"]


async def test_the_time_of_the_notice_travels_with_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await settled(5)
    monkeypatch.setattr(fake_chain, "time", SimpleNamespace(monotonic=lambda: 1234.5))
    found.node.mine()
    [plan] = await found.settle()
    assert plan.noticed == 1234.5


# -- the chain moves ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("depth", "longer_by"), [(d, by) for d in (1, 2, 9) for by in (-1, 0, 1, 30) if d + by])
async def test_a_reorg_of_any_depth_leaves_and_joins_in_one_plan(depth: int, longer_by: int) -> None:
    found = await settled(10)
    left = [block.ref for block in reversed(found.node.chain[-depth:])]
    joined = found.node.mine(depth + longer_by, depth=depth)
    [plan] = await found.settle()
    assert plan.disconnects == tuple(left)
    assert plan.connects == tuple(joined)
    assert plan.onto == found.node.chain[9 - depth].ref
    assert found.memory.chain == found.node.chain


async def test_an_invalidated_tip_is_left_once_there_is_another_block() -> None:
    found = await settled(10)
    found.node.mine(0, depth=4)
    assert await found.settle() == []
    assert found.follower.waiting
    found.node.mine()
    [plan] = await found.settle()
    assert [ref.height for ref in plan.disconnects] == [9, 8, 7, 6]
    assert [block.height for block in plan.connects] == [6]
    assert found.follower.waiting is None


async def test_a_node_that_lost_its_last_blocks_is_waited_for_until_it_has_them_again() -> None:
    found = await settled(10)
    lost = found.node.chain[-4:]
    found.node.mine(0, depth=4)
    for block in (None, *lost[:3]):
        found.node.switch(blocks=[block] if block else [])
        assert await found.settle() == []
        assert found.follower.waiting == (
            f"the node is behind: its best block {found.node.best.hash} is one of ours, our tip is block 9"
        )
    assert errors(found, "node_behind") == 4
    found.node.switch(blocks=lost[3:])
    assert await found.settle() == []
    assert found.follower.waiting is None
    [block] = found.node.mine()
    [plan] = await found.settle()
    assert (plan.disconnects, plan.connects) == ((), (block,))


async def test_a_restart_beside_a_node_that_is_behind_waits() -> None:
    found = await settled(10)
    lost = found.node.chain[-1:]
    found.node.mine(0, depth=1)
    found = await found.restart()
    assert await found.settle() == []
    assert found.follower.waiting
    found.node.switch(blocks=lost)
    [plan] = await found.settle()
    assert plan.is_empty
    assert plan.caught_up


async def test_a_node_that_ends_below_our_history_is_behind() -> None:
    node, memory = FakeNode(50), Memory()
    found = Following(node, memory, reach=Reach(0, 5))
    await found.settle()
    lost = node.chain[-30:]
    node.mine(0, depth=30)
    assert await found.settle() == []
    assert found.follower.waiting == "the node is behind: its best chain ends below block 45, which we have"
    node.switch(blocks=lost)
    assert await found.settle() == []
    assert memory.chain == node.chain[-5:]
    assert not found.follower.waiting


async def test_a_branch_may_come_back() -> None:
    found = await settled(10)
    first = found.node.chain[-2:]
    found.node.mine(3, depth=2)
    await found.settle()
    found.node.switch(depth=3, blocks=first)
    [plan] = await found.settle()
    assert plan.connects == tuple(first)
    assert found.memory.chain == found.node.chain


async def test_a_reorg_while_we_were_away() -> None:
    found = await settled(10, batch=3)
    found.node.mine(8, depth=5)
    found = await found.restart()
    plans = await found.settle()
    assert [len(plan.disconnects) for plan in plans] == [5, 0, 0]
    assert found.memory.chain == found.node.chain


async def test_a_history_that_is_not_on_the_chain_at_all_is_begun_anew() -> None:
    node, memory = FakeNode(50), Memory()
    found = Following(node, memory, reach=Reach(0, 10))
    await found.settle()
    node.mine(45, depth=40)
    plans = await found.settle()
    assert [ref.height for ref in plans[0].disconnects] == list(range(49, 39, -1))
    assert memory.chain == node.chain[-10:]


async def test_a_first_start_in_the_middle_of_a_reorg_leaves_nothing() -> None:
    node, memory = FakeNode(20), Memory()
    found = Following(node, memory, reach=Reach(0, 5))
    node.before_answer = times(1, "successors", lambda: node.mine(12, depth=10))
    plans = await found.settle()
    assert not any(plan.disconnects for plan in plans)
    assert memory.chain == node.chain[-5:]


async def test_a_node_that_changes_its_mind_while_a_batch_is_fetched() -> None:
    found = await settled(10)
    found.node.mine(6)
    found.node.before_answer = times(1, "block", lambda: found.node.mine(9, depth=8))
    await found.settle()
    assert found.memory.chain == found.node.chain


@pytest.mark.parametrize("question", ["ready", "tip", "hash_at", "successors", "block", "start_for"])
@pytest.mark.parametrize("depth", [1, 4])
async def test_a_node_that_changes_its_mind_before_any_answer(question: str, depth: int) -> None:
    """Three times in a row, from the first start on."""
    found = following(10, batch=4)
    found.node.before_answer = times(3, question, lambda: found.node.mine(depth + 1, depth=depth))
    await found.settle()
    assert found.memory.chain == found.node.chain
    found.node.before_answer = times(3, question, lambda: found.node.mine(depth - 1, depth=depth))
    found.node.mine(5, depth=2)
    await found.settle()
    found.node.before_answer = lambda _question: None
    found.node.mine(9)  # a shorter chain without another block would be one that is behind
    await found.settle()
    assert found.memory.chain == found.node.chain


async def test_a_batch_that_does_not_join_is_asked_for_again() -> None:
    """Heights were asked one by one, and the node reorganised in between: the hashes are of two branches."""
    found = await settled(10)
    mined = found.node.mine(6)
    other = chain_on(found.node.chain[9].ref, 6)
    found.node.known.update((block.hash, block) for block in other)
    mixed = [block.hash for block in (*mined[:3], *other[3:])]
    ask = found.node.successors

    async def successors(block: BlockRef, count: int) -> list[BlockHash]:
        answers = await ask(block, count)
        return mixed if found.node.asked.count("successors") <= 2 else answers

    found.node.successors = successors  # type: ignore[method-assign]
    await found.settle()
    assert found.memory.chain == found.node.chain
    assert errors(found, "inconsistent") == 1  # the part that fits was kept


async def test_a_node_that_contradicts_itself_for_ever_ends_it() -> None:
    found = await settled(10)
    found.node.mine(2)

    async def successors(*_: object) -> list[str]:
        return []

    found.node.successors = successors  # type: ignore[assignment,method-assign]
    with pytest.raises(ChainError, match=r"^the node contradicts itself; is its database damaged\?"):
        await found.settle()
    assert errors(found, "inconsistent") == 100


# -- the node fails ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["ready", "tip", "hash_at", "successors", "block", "start_for"])
@pytest.mark.parametrize(("error", "kind"), [(NodeAway("gone"), "node_away"), (NodeBusy("busy"), "node_busy")])
async def test_a_passing_fault_costs_time_and_no_block(question: str, error: NodeError, kind: str) -> None:
    found = following(10)
    found.node.before_answer = times(50, question, failing(error))
    await found.settle()
    found.node.mine(4, depth=2)
    await found.settle()
    assert found.memory.chain == found.node.chain
    assert errors(found, kind) == (5 if question == "block" else 50)  # ten at a time
    assert found.follower.waiting is None


async def test_while_the_node_is_away_the_reason_can_be_read() -> None:
    found = await settled(3)
    seen = set()

    def fail(question: str) -> None:
        seen.add(found.follower.waiting)
        if question == "tip" and len(seen) < 2:
            raise NodeAway("starting up")

    found.node.before_answer = fail
    found.node.mine()
    await found.settle()
    assert seen == {None, "starting up"}
    assert found.follower.waiting is None


@pytest.mark.parametrize("error", [NodeError("what?"), ChainError("no"), OSError("disk")])
async def test_what_no_waiting_cures_is_not_waited_for(error: Exception) -> None:
    found = await settled(3)
    found.node.mine()
    found.node.before_answer = times(1, "tip", failing(error))
    with pytest.raises(type(error), match=str(error)):
        await found.settle()


async def test_a_refusal_at_the_first_start_is_final() -> None:
    found = following(3)
    found.node.before_answer = times(1, "ready", failing(NodeRefused("wrong password")))
    with pytest.raises(NodeRefused, match="wrong password"):
        await found.settle()


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_refusal_by_a_node_that_has_answered_before_is_waited_out(restarted: bool) -> None:  # noqa: FBT001
    found = await settled(3)
    found = await found.restart() if restarted else found
    found.node.mine()
    found.node.before_answer = times(50, "tip", failing(NodeRefused("wrong password")))
    await found.settle()
    assert found.memory.chain == found.node.chain
    assert errors(found, "node_refused") == 50


async def test_the_blocks_below_one_that_fails_are_kept() -> None:
    """The rest is requested again, and nothing goes on in the background."""
    found = await settled(3)
    found.node.mine(50)
    answered = iter(range(100))
    found.node.before_answer = lambda asked: (
        failing(NodeBusy("later"))() if asked == "block" and next(answered) in {1, 21, 41} else None
    )
    plans = await found.settle()
    assert found.memory.chain == found.node.chain
    assert len(plans) > 1
    assert sum(len(plan.connects) for plan in plans) == 50


async def test_an_error_that_no_waiting_cures_ends_the_whole_batch() -> None:
    """Nothing of it goes on in the background."""
    found = await settled(3)
    found.node.mine(50)
    found.node.before_answer = times(1, "block", failing(NodeError("what?")))
    with pytest.raises(NodeError, match="what"):
        await found.settle()
    assert found.node.asked.count("block") <= 51


async def test_another_chain_is_refused() -> None:
    found = await settled(5)
    with pytest.raises(StoreRefused, match="another chain"):
        await Following(FakeNode(9), found.memory).settle()


async def test_a_node_that_comes_back_as_another_is_refused() -> None:
    found = await settled(5)
    other = FakeNode(9)

    def swap() -> None:
        found.node.chain, found.node.known = other.chain, other.known
        raise NodeAway("restarting")

    found.node.before_answer = times(1, "tip", swap)
    found.node.ring()
    with pytest.raises(StoreRefused, match="another chain"):
        await found.settle()


async def test_a_block_of_a_burst_is_timed_from_its_own_arrival() -> None:
    found = following(3)
    plans = found.follower.plans(None)
    noticed, between = [], []
    for _ in range(4):
        plan = await anext(plans)
        noticed.append(plan.noticed)
        between.append(time.monotonic())
        found.memory.apply(plan)
        found.node.mine(1)
    await plans.aclose()  # type: ignore[attr-defined]
    assert noticed == sorted(noticed)
    assert noticed[3] >= between[1], "after the second plan, not with the first notice of the burst"
