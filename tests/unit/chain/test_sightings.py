"""Which node had a block first."""

import pytest

from monitor.chain.sightings import SETTLED_SECONDS, Arrivals
from monitor.model import BlockHash, BlockRef, Sighting

BLOCK = BlockRef(7, BlockHash("ab" * 32))
HEIGHTS = {BLOCK.hash: BLOCK.height}


def test_lags_are_after_the_first_node_whatever_was_heard_first() -> None:
    arrivals = Arrivals()
    arrivals.note(BLOCK.hash, "slow to say", at=100.0, unix=5.0)
    arrivals.note(BLOCK.hash, "first", at=99.0, unix=4.0)
    arrivals.note(BLOCK.hash, "first", at=103.0, unix=8.0)  # told again
    assert arrivals.settled({"slow to say", "first"}, 101.0, HEIGHTS) == [
        Sighting(BLOCK, "slow to say", 5.0, 1.0), Sighting(BLOCK, "first", 4.0, 0.0),
    ]  # fmt: skip
    assert arrivals.settled({"slow to say", "first"}, 1000.0, HEIGHTS) == []


def test_a_late_node_is_waited_for_a_minute_and_told_when_it_comes() -> None:
    arrivals = Arrivals()
    arrivals.note(BLOCK.hash, "home", at=100.0, unix=5.0)
    assert arrivals.settled({"home", "late"}, 100.0 + SETTLED_SECONDS - 1, HEIGHTS) == []
    assert [each.node for each in arrivals.settled({"home", "late"}, 100.0 + SETTLED_SECONDS, HEIGHTS)] == ["home"]
    arrivals.note(BLOCK.hash, "late", at=200.0, unix=105.0)
    assert arrivals.settled({"home", "late"}, 200.0, HEIGHTS) == [Sighting(BLOCK, "late", 105.0, 100.0)]


def test_a_block_of_unknown_height_waits() -> None:
    arrivals = Arrivals()
    arrivals.note(BLOCK.hash, "home", at=100.0, unix=5.0)
    assert arrivals.settled({"home"}, 1000.0, {}) == []
    assert arrivals.first_seen(BLOCK.hash) == pytest.approx(100.0)
    assert arrivals.first_seen(BlockHash("cd" * 32)) is None
