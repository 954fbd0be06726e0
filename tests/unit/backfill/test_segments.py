"""The past from block files, from the top down."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from support.blockdir import REGTEST, chain, records, write
from support.blocks import Built

from monitor.backfill.segments import MissingBlocks, Segment, from_files
from monitor.errors import NodeError, NodeRefused
from monitor.model import BlockRef
from monitor.node.blockfiles import BlockFiles

BLOCKS = chain(60)
RIVALS = chain(3, on=BLOCKS[29].parent, tag=b"/rival/")
"""On block 30, which stands in place 29: from the height 31 on."""


def ref(block: Built) -> BlockRef:
    return BlockRef(block.height, block.hash)


def wanted(top: int = 60, lowest: int = 1, size: int = 7, tip: Built = BLOCKS[-1]) -> MissingBlocks:
    return MissingBlocks(ref(BLOCKS[top - 1]), lowest, ref(tip), size)


def spread(folder: Path, blocks: Sequence[Built], in_a_file: int = 5) -> None:
    for number, at in enumerate(range(0, len(blocks), in_a_file)):
        write(folder, number, records(blocks[at : at + in_a_file]))


def read(folder: Path, missing: MissingBlocks, searched: list[tuple[int, int]] | None = None) -> list[Segment]:
    with BlockFiles(folder, REGTEST) as files:
        return list(from_files(files, missing, lambda *told: (searched if searched is not None else []).append(told)))


def heights(segments: list[Segment]) -> list[list[int]]:
    return [[block.height for block in segment.blocks] for segment in segments]


def test_segments_come_from_the_top_down_each_upward(tmp_path: Path) -> None:
    spread(tmp_path, BLOCKS)
    segments = read(tmp_path, wanted(lowest=40))
    assert heights(segments) == [[*range(54, 61)], [*range(47, 54)], [*range(40, 47)]]
    above, below = segments[0], segments[1]
    assert above.blocks[0].header.parent == below.blocks[-1].hash
    assert all(two.header.parent == one.hash for one, two in pairwise(above.blocks))


def test_what_is_left_is_told_by_what_came(tmp_path: Path) -> None:
    spread(tmp_path, BLOCKS)
    missing = wanted(lowest=54)
    (segment,) = read(tmp_path, missing)
    assert not missing.is_done
    left = missing.below(segment)
    assert (left.top, left.is_done) == (ref(BLOCKS[52]), True)


def test_only_as_many_files_are_searched_as_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.backfill.segments._FIRST_FILES", 2)
    spread(tmp_path, BLOCKS)
    for lowest, most in ((52, 2), (45, 6), (1, 12)):
        searched: list[tuple[int, int]] = []
        segments = read(tmp_path, wanted(lowest=lowest), searched)
        assert segments[-1].blocks[0].height == lowest
        assert searched[-1] == (most, 12)


def test_files_that_begin_later_give_what_they_have(tmp_path: Path) -> None:
    spread(tmp_path, BLOCKS)
    for number in range(3):
        (tmp_path / f"blk{number:05}.dat").unlink()
    assert heights(read(tmp_path, wanted(top=20)))[-1] == [16, 17, 18, 19, 20][-5:]


def test_stale_blocks_come_with_the_segment_beside_them(tmp_path: Path) -> None:
    spread(tmp_path, [*BLOCKS[:35], *RIVALS, *BLOCKS[35:]])
    segments = read(tmp_path, wanted(top=50, lowest=21, size=10))
    assert heights(segments) == [[*range(41, 51)], [*range(31, 41)], [*range(21, 31)]]
    assert [[block.hash for block in segment.stale] for segment in segments] == [[], [each.hash for each in RIVALS], []]


def test_stale_blocks_above_come_first(tmp_path: Path) -> None:
    """Those beside what is stored already."""
    spread(tmp_path, [*BLOCKS, *RIVALS])
    first, *others = read(tmp_path, wanted(top=25))
    assert [block.height for block in first.stale] == [31, 32, 33]
    assert not any(segment.stale for segment in others)


def test_without_our_tip_the_chain_is_found_but_no_stale_block_above(tmp_path: Path) -> None:
    spread(tmp_path, [*BLOCKS[:40], *RIVALS])
    segments = read(tmp_path, wanted(top=25))
    assert heights(segments)[0] == [*range(19, 26)]
    assert not segments[0].stale


def test_a_tip_on_another_branch_does_not_mislead(tmp_path: Path) -> None:
    """The node has changed its mind above, and what is missing is below the fork, or is not."""
    spread(tmp_path, [*BLOCKS, *RIVALS])
    assert heights(read(tmp_path, wanted(top=25, tip=RIVALS[-1])))[0][-1] == 25
    assert read(tmp_path, wanted(top=32, tip=RIVALS[-1]))[0].blocks[-1].hash == BLOCKS[31].hash


@pytest.mark.parametrize("content", [b"", records(BLOCKS[:40])])
def test_files_without_what_is_missing_are_refused(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, 0, content)
    with pytest.raises(NodeRefused, match=rf"block {BLOCKS[-1].hash} is not in the block files"):
        read(tmp_path, wanted())


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NodeRefused, match=r"see node\.blocks_dir|is not in the block files"):
        read(tmp_path, wanted())


def test_a_file_that_goes_meanwhile_ends_it_where_it_was(tmp_path: Path) -> None:
    spread(tmp_path, BLOCKS)
    with BlockFiles(tmp_path, REGTEST) as files:
        segments = from_files(files, wanted(size=5), lambda *_: None)
        assert next(segments).blocks[0].height == 56
        for number in range(6):
            (tmp_path / f"blk{number:05}.dat").unlink()
        files.close()
        with pytest.raises(NodeError, match=r"block file 5 at byte \d+: the file has gone, as by pruning"):
            list(segments)
