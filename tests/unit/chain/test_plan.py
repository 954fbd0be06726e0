"""A batch joins, or it is no batch."""

from dataclasses import replace

import pytest
from support.fake_chain import BEFORE_ALL, block_on, chain_on

from monitor.chain.plan import Inconsistent, joined, stands_on


def test_blocks_that_continue_are_taken_as_they_are() -> None:
    chain = chain_on(BEFORE_ALL, 5)
    assert joined(BEFORE_ALL, chain) == tuple(chain)
    assert joined(chain[2].ref, chain[3:]) == tuple(chain[3:])


def test_nothing_continues_anything() -> None:
    assert joined(BEFORE_ALL, []) == ()


@pytest.mark.parametrize("at", range(5))
def test_a_stranger_anywhere_spoils_the_batch(at: int) -> None:
    chain = chain_on(BEFORE_ALL, 5)
    chain[at] = block_on(chain_on(BEFORE_ALL, at)[-1].ref if at else chain[4].ref)
    with pytest.raises(Inconsistent, match=rf"^block \d+ {chain[at].hash} stands on {chain[at].header.parent}, but"):
        joined(BEFORE_ALL, chain)


@pytest.mark.parametrize("at", range(4))
def test_a_missing_block_spoils_the_batch(at: int) -> None:
    chain = chain_on(BEFORE_ALL, 5)
    del chain[at]
    with pytest.raises(Inconsistent):
        joined(BEFORE_ALL, chain)


def test_the_right_parent_at_the_wrong_height_is_no_parent() -> None:
    below, above = chain_on(BEFORE_ALL, 2)
    assert stands_on(above, below.ref)
    assert not stands_on(replace(above, height=7), below.ref)
    assert not stands_on(above, above.ref)
