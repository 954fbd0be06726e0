"""Linking by sorted arrays finds what following a dictionary finds, whatever lies about in whatever order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import BlockRef
from monitor.node.blocklinks import linked
from monitor.node.blockrecords import RECORD
from monitor.wire import display_hash, double_sha256


@st.composite
def forests(draw: st.DrawFn) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Blocks with their parents, some of which are missing and some there twice; and one of them as the tip."""
    count = draw(st.integers(1, 30))
    hashes = [double_sha256(bytes((number,))) for number in range(count)]
    parents = [draw(st.sampled_from([bytes(32), *hashes[:number][-4:]])) for number in range(count)]
    blocks = list(zip(hashes, parents, strict=True))
    table = draw(st.permutations(blocks + draw(st.lists(st.sampled_from(blocks), max_size=5))))
    gone = draw(st.sets(st.sampled_from(hashes), max_size=count // 3))
    there = [block for block in table if block[0] not in gone]
    return there or blocks, draw(st.sampled_from(there or blocks))[0]


@given(forests())
def test_the_chain_and_its_branches(forest: tuple[list[tuple[bytes, bytes]], bytes]) -> None:
    blocks, tip = forest
    records = np.zeros(len(blocks), RECORD)
    records["hash"] = np.frombuffer(b"".join(own for own, _ in blocks), "V32")
    records["parent"] = np.frombuffer(b"".join(parent for _, parent in blocks), "V32")
    parent_of = dict(blocks)

    def line(own: bytes) -> list[bytes]:
        """The block and what is below it, as far as it is there."""
        below = [own]
        while below[-1] in parent_of:
            below.append(parent_of[below[-1]])
        return below[:-1]

    main = line(tip)
    heights = {own: 700 - depth for depth, own in enumerate(main)}
    stale, loose = {}, 0
    for own in parent_of.keys() - set(main):
        above = line(own)
        joins = next((depth for depth, each in enumerate(above) if each in heights), None)
        if joins is None or above[joins] == tip:
            loose += 1
        else:
            stale[own] = heights[above[joins]] + joins

    found = linked(records, BlockRef(700, display_hash(tip)))

    assert [blocks[row][0] for row in found.chain] == main[::-1]
    assert found.first_height == heights[main[-1]]
    rows = zip(found.stale.tolist(), found.stale_heights.tolist(), strict=True)
    assert sorted((blocks[row][0], height) for row, height in rows) == sorted(stale.items())
    assert found.loose == loose
