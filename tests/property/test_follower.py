"""Whatever a node does, we end where it is, or wait for it where it is behind; every step joins the one before."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.fake_chain import FakeNode, Following, Memory

from monitor.errors import NodeAway, NodeBusy, NodeError
from monitor.model import Reach

Move: TypeAlias = tuple[str, int, int]
MOVES = st.one_of(
    st.tuples(st.just("mine"), st.integers(0, 6), st.integers(0, 8)),  # so many new, in place of so many
    st.tuples(st.just("return"), st.integers(0, 40), st.just(0)),  # to a block it once had
    st.tuples(st.sampled_from(["away", "busy", "crash"]), st.just(0), st.just(0)),
)
BEFORE_A_QUESTION = st.lists(st.none() | MOVES, max_size=30)
"""What happens before each of the first so many questions of a settlement."""


class Crash(Exception):  # noqa: N818
    """The end of the process, at some moment."""


FAULTS: dict[str, Exception] = {"away": NodeAway("away"), "busy": NodeBusy("busy"), "crash": Crash()}


def make(node: FakeNode, move: Move) -> None:
    what, first, second = move
    if what == "mine":
        node.mine(first, depth=min(second, len(node.chain) - 1))
    elif what == "return":
        back_to(node, first)
    else:
        raise FAULTS[what]


def back_to(node: FakeNode, chosen: int) -> None:
    """`reconsiderblock`, in a manner: a chain that ends with some block of the past is the best one now."""
    block = [*node.known.values()][chosen % len(node.known)]
    branch = [block]
    while branch[0] not in node.chain:
        branch.insert(0, node.known[branch[0].header.parent])
    node.switch(depth=node.best.height - branch[0].height, blocks=branch[1:])


def interruption(node: FakeNode, moves: Iterator[Move | None]) -> Callable[[str], None]:
    def before_answer(question: str) -> None:
        if question != "news" and (move := next(moves, None)):
            make(node, move)

    return before_answer


@pytest.mark.parametrize("reach", [Reach(10**9, 0), Reach(0, 5)])
@given(
    batch=st.integers(1, 9),
    length=st.integers(1, 12),
    story=st.lists(st.tuples(MOVES, BEFORE_A_QUESTION), max_size=12),
)
@example(  # history begins at a block that was stale before, and the node goes back to just that
    batch=1,
    length=6,
    story=[
        (("mine", 6, 0), [("mine", 5, 5)]),
        (("return", 11, 0), []),
        (("return", 12, 0), [("mine", 5, 0)]),
        (("return", 12, 0), []),
    ],
)
def test_we_end_where_the_node_is(
    reach: Reach, batch: int, length: int, story: list[tuple[Move, list[Move | None]]]
) -> None:
    async def live() -> None:
        node = FakeNode(length)
        found = Following(node, Memory(), batch=batch, reach=reach)
        for move, interruptions in story:
            with suppress(NodeError, Crash):
                make(node, move)
            node.before_answer = interruption(node, iter(interruptions))
            found = await settled(found)
            first = found.memory.chain[0].height
            if found.follower.waiting:  # the node has no other block at any height of ours
                assert "is behind" in found.follower.waiting
                shared = node.chain[first:]
                assert len(shared) < len(found.memory.chain)
                assert shared == found.memory.chain[: len(shared)]
            else:
                assert found.memory.chain == node.chain[first:]

    asyncio.run(live())


async def settled(found: Following) -> Following:
    while True:
        try:
            await found.settle()
        except Crash:
            found = await found.restart()
        else:
            return found
