"""Whole blocks come from the block files, else from the node."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import blockdir
from support.blocks import Built

from monitor.errors import NodeRefused
from monitor.model import BlockRef
from monitor.processing.whole_blocks import WholeBlocks


class Node:
    """A node that has pruned everything."""

    spare = True

    def __init__(self) -> None:
        self.asked: list[BlockRef] = []

    async def raw_block(self, ref: BlockRef) -> bytes:
        self.asked.append(ref)
        raise NodeRefused("pruned")


def ref(block: Built) -> BlockRef:
    return BlockRef(block.height, block.hash)


@pytest.mark.parametrize("name", blockdir.KEYS)
async def test_blocks_are_read_in_any_order(tmp_path: Path, name: str) -> None:
    key = blockdir.KEYS[name]
    if not key.is_null:
        (tmp_path / "xor.dat").write_bytes(key.words[0].to_bytes(8, "little"))
    chain = blockdir.chain(40)
    for number in range(20):
        blockdir.write(tmp_path, number, blockdir.records(chain[2 * number : 2 * number + 2]), key=key)
    blocks = WholeBlocks(Node(), tmp_path)
    for block in (chain[39], chain[0], chain[20]):
        assert await blocks.raw_block(ref(block)) == block.raw


async def test_what_the_files_do_not_have_is_asked_of_the_node(tmp_path: Path) -> None:
    chain = blockdir.chain(3)
    blockdir.write(tmp_path, 0, blockdir.records(chain[:2]))
    node = Node()
    blocks = WholeBlocks(node, tmp_path)
    with pytest.raises(NodeRefused):
        await blocks.raw_block(ref(chain[2]))
    assert await blocks.raw_block(ref(chain[1])) == chain[1].raw
    empty = WholeBlocks(node, tmp_path / "nowhere")
    with pytest.raises(NodeRefused):
        await empty.raw_block(ref(chain[0]))
    assert node.asked == [ref(chain[2]), ref(chain[0])]
