"""A batch is kept as far as it joins."""

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


@pytest.mark.parametrize("at", range(1, 5))
def test_what_stands_below_a_block_of_another_chain_is_kept(at: int) -> None:
    chain = chain_on(BEFORE_ALL, 5)
    chain[at] = block_on(chain_on(BEFORE_ALL, at)[-1].ref)
    assert joined(BEFORE_ALL, chain) == tuple(chain[:at])


@pytest.mark.parametrize("at", range(1, 4))
def test_what_stands_below_a_missing_block_is_kept(at: int) -> None:
    chain = chain_on(BEFORE_ALL, 5)
    below = tuple(chain[:at])
    del chain[at]
    assert joined(BEFORE_ALL, chain) == below


def test_a_first_block_that_does_not_fit_is_an_error() -> None:
    chain = chain_on(BEFORE_ALL, 3)
    with pytest.raises(Inconsistent, match=rf"^block 1 {chain[1].hash} stands on {chain[0].hash}, but below it"):
        joined(BEFORE_ALL, chain[1:])


def test_the_right_parent_at_the_wrong_height_is_no_parent() -> None:
    below, above = chain_on(BEFORE_ALL, 2)
    assert stands_on(above, below.ref)
    assert not stands_on(replace(above, height=7), below.ref)
    assert not stands_on(above, above.ref)
