"""Block files in every state that a node, a crash or a person leaves them in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.blockdir import GENESIS, KEYS, REGTEST, chain, record, records, write
from support.blocks import Built, Recipe, build

from monitor.errors import NodeBusy, NodeError, NodeRefused
from monitor.model import Block, BlockHash, BlockRef, Output
from monitor.node.blockfiles import BlockFiles, FileScan, gathered
from monitor.node.blocklinks import linked
from monitor.node.blockrecords import MAGIC, RECORD, Key, Lost
from monitor.wire import decode_block

BLOCKS = chain(12)


@pytest.fixture(params=KEYS)
def key(request: pytest.FixtureRequest, tmp_path: Path) -> Key:
    """With and without obfuscation, for whatever is written into `tmp_path`."""
    key = KEYS[request.param]
    if not key.is_null:
        (tmp_path / "xor.dat").write_bytes(key.undo(bytes(8), 0))
    return key


def scanned(folder: Path) -> list[FileScan]:
    with BlockFiles(folder) as files:
        return list(files.scan())


def hashes(scans: list[FileScan]) -> list[str]:
    return [each.tobytes()[::-1].hex() for each in gathered(scans)["hash"]]


def named(blocks: list[Built]) -> list[str]:
    return [block.hash for block in blocks]


def told(scans: list[FileScan]) -> list[Lost]:
    return [each for scan in scans for each in scan.lost]


def read(folder: Path, tip: Built) -> list[Block | Lost]:
    with BlockFiles(folder) as files:
        table = gathered(files.scan())
        links = linked(table, BlockRef(tip.height, tip.hash))
        return list(files.read(table[links.chain], links.first_height))


def test_blocks_are_read_as_they_were_written(tmp_path: Path, key: Key) -> None:
    write(tmp_path, 0, records(BLOCKS[:5]), key=key)
    write(tmp_path, 1, records(BLOCKS[5:]), key=key, spare=70_000)

    assert hashes(scanned(tmp_path)) == named(BLOCKS)
    assert not told(scanned(tmp_path))
    assert read(tmp_path, BLOCKS[-1]) == [decode_block(each.raw, height=each.height) for each in BLOCKS]


def test_a_record_that_is_not_whole_yet_is_not_there(tmp_path: Path, key: Key) -> None:
    before, whole = records(BLOCKS[:1]), records(BLOCKS[:2])
    for end in range(len(before), len(whole)):
        write(tmp_path, 0, whole[:end], key=key)
        assert hashes(scanned(tmp_path)) == named(BLOCKS[:1])
        assert not told(scanned(tmp_path))
    write(tmp_path, 0, whole, key=key)
    assert hashes(scanned(tmp_path)) == named(BLOCKS[:2])


def test_order_and_copies_do_not_matter_and_branches_are_told(tmp_path: Path, key: Key) -> None:
    branch = chain(2, on=BLOCKS[6].parent, tag=b"/rival/")
    later = chain(2, on=BLOCKS[-1].parent)
    adrift = chain(1, on=BLOCKS[0].parent, tag=b"/nobody/")[0]
    stray = build(adrift.parent, Recipe(tag=b"/without a parent on disk/"))
    everything = [*BLOCKS, *branch, *later, stray, BLOCKS[3], branch[0]]
    order = np.random.default_rng(4).permutation(len(everything))
    write(tmp_path, 7, records(everything[at] for at in order), key=key)

    with BlockFiles(tmp_path) as files:
        table = gathered(files.scan())
        links = linked(table, BlockRef(12, BLOCKS[-1].hash))

        assert [table["hash"][row].tobytes()[::-1].hex() for row in links.chain] == named(BLOCKS)
        assert links.first_height == 1
        assert links.loose == 3
        stale = zip(links.stale.tolist(), links.stale_heights.tolist(), strict=True)
        found = [block for row, height in stale for block in files.read(table[[row]], height)]
        assert sorted(found, key=str) == sorted((decode_block(b.raw, height=b.height) for b in branch), key=str)


def test_a_tip_that_is_not_there_yet_is_asked_for_again(tmp_path: Path) -> None:
    write(tmp_path, 0, records(BLOCKS))
    for tip in (GENESIS.hash, "ab" * 32):
        with pytest.raises(NodeBusy, match=r"read them again, or check node\.blocks_dir"):
            linked(gathered(scanned(tmp_path)), BlockRef(12, BlockHash(tip)))
    with pytest.raises(NodeBusy):
        linked(np.zeros(0, RECORD), BlockRef(12, BLOCKS[0].hash))


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x99" * 77,
        bytes(200) + b"\x01",
        REGTEST,
        REGTEST + b"\xff" * 90,
        record(b"\xee" * 90)[:-5],
        b"\x55" * 9000 + REGTEST[:3],
    ],
    ids=["noise", "zeros and a one", "magic", "a length too long", "a record cut short", "long noise"],
)
def test_garbage_is_passed_over_and_told(tmp_path: Path, key: Key, garbage: bytes) -> None:
    write(tmp_path, 0, records(BLOCKS[:4]) + garbage + records(BLOCKS[4:]), key=key)
    scans = scanned(tmp_path)
    missing = set(named(BLOCKS)) - set(hashes(scans))
    assert missing <= {BLOCKS[4].hash}  # a record cut short swallows the beginning of the next one
    assert told(scans)
    assert told(scans)[0].offset in range(len(records(BLOCKS[:4])), len(records(BLOCKS[:5])) + len(garbage))


def test_zeros_between_records_are_nothing_to_tell(tmp_path: Path, key: Key) -> None:
    head = records(BLOCKS[:4])
    hole = key.undo(bytes(10_000), len(head))  # zero on disk, whatever the key
    write(tmp_path, 0, head + hole + records(BLOCKS[4:]), key=key)
    write(tmp_path, 1, bytes(10_000) + records(chain(1, on=BLOCKS[-1].parent)), key=key)
    scans = scanned(tmp_path)
    assert hashes(scans)[:12] == named(BLOCKS)
    assert len(hashes(scans)) == 13
    assert not told(scans)


def test_magic_bytes_within_a_block_are_no_record(tmp_path: Path, key: Key) -> None:
    hostile = build(BLOCKS[-1].parent, Recipe(tag=REGTEST + b"\x60\x00\x00\x00" + b"!" * 80))
    write(tmp_path, 0, records([*BLOCKS, hostile]), key=key)
    assert hashes(scanned(tmp_path)) == named([*BLOCKS, hostile])


def test_a_file_that_goes_is_passed_over_and_told(tmp_path: Path, key: Key) -> None:
    paths = [write(tmp_path, number, records(BLOCKS[4 * number : 4 * number + 4]), key=key) for number in range(3)]
    with BlockFiles(tmp_path) as files:
        scans = files.scan()
        seen = [next(scans)]
        paths[1].unlink()
        seen += scans
        assert told(seen) == [Lost(1, 0, "the file has gone, as by pruning")]
        links = linked(gathered(seen), BlockRef(12, BLOCKS[-1].hash))
        assert (links.first_height, len(links.chain), links.loose) == (9, 4, 4)

    paths[1].write_bytes(key.undo(records(BLOCKS[4:8]), 0))
    with BlockFiles(tmp_path) as files:
        table = gathered(files.scan())
    with BlockFiles(tmp_path) as files:
        links = linked(table, BlockRef(12, BLOCKS[-1].hash))
        blocks = files.read(table[links.chain], links.first_height)
        first = next(blocks)
        paths[1].unlink()
        found = [first, *blocks]
    assert [isinstance(each, Lost) for each in found] == [False] * 4 + [True] * 4 + [False] * 4
    assert found[4] == Lost(1, 8, "the file has gone, as by pruning")


def test_a_length_that_lies_hides_no_later_block(tmp_path: Path, key: Key) -> None:
    whole = bytearray(records(BLOCKS))
    whole[4:8] = (3_000_000).to_bytes(4, "little")
    write(tmp_path, 0, bytes(whole), key=key)
    with BlockFiles(tmp_path) as files:
        scans = list(files.scan())
    assert hashes(scans) == named(BLOCKS[1:])
    assert told(scans) == [Lost(0, 0, f"{len(records(BLOCKS[:1]))} bytes are no record")]


def test_a_file_that_goes_before_it_is_opened_is_no_fault(tmp_path: Path, key: Key) -> None:
    (tmp_path / "blk00000.dat").symlink_to(tmp_path / "pruned")
    write(tmp_path, 1, records(BLOCKS), key=key)
    scans = scanned(tmp_path)
    assert hashes(scans) == named(BLOCKS)
    assert told(scans) == [Lost(0, 0, "the file has gone, as by pruning")]


def test_a_block_that_was_overwritten_is_told(tmp_path: Path, key: Key) -> None:
    write(tmp_path, 0, records(BLOCKS), key=key)
    with BlockFiles(tmp_path) as files:
        table = gathered(files.scan())
        links = linked(table, BlockRef(12, BLOCKS[-1].hash))
        whole = bytearray(records(BLOCKS))
        at = int(table["offset"][0])
        whole[at : at + 80] = BLOCKS[1].raw[:80]
        at = int(table["offset"][2])
        whole[at + 80 :] = b""
        write(tmp_path, 0, bytes(whole), key=key)
        found = list(files.read(table[links.chain], 1))
    assert found[0] == Lost(0, 8, "another block is there now")
    assert found[1] == decode_block(BLOCKS[1].raw, height=2)
    assert isinstance(found[2], Lost)
    assert "block at height 3 is damaged" in found[2].reason
    assert all(isinstance(each, Lost) for each in found[3:])


def test_a_coinbase_that_pays_many_is_read_to_its_end(tmp_path: Path, key: Key) -> None:
    many = build(BLOCKS[-1].parent, Recipe(extra=tuple(Output(1, bytes(30)) for _ in range(3000))))
    write(tmp_path, 0, records([*BLOCKS, many]), key=key)
    assert read(tmp_path, many)[-1] == decode_block(many.raw, height=13)


def test_records_of_another_network_are_no_records(tmp_path: Path) -> None:
    write(tmp_path, 0, records(BLOCKS))
    with BlockFiles(tmp_path, MAGIC["main"]) as files:
        assert [len(scan.records) for scan in files.scan()] == [0]


def test_a_scan_of_some_files_alone(tmp_path: Path) -> None:
    write(tmp_path, 0, records(BLOCKS[:5]))
    write(tmp_path, 1, records(BLOCKS[5:]))
    with BlockFiles(tmp_path) as files:
        assert [scan.number for scan in files.scan([1])] == [1]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, 0, records(BLOCKS))
    with BlockFiles(tmp_path) as files:
        table = gathered(files.scan())
    path.unlink()
    path.mkdir()
    with BlockFiles(tmp_path, REGTEST) as files:
        with pytest.raises(NodeError, match=r"blk00000\.dat cannot be read: "):
            list(files.scan())
        with pytest.raises(NodeError, match=r"blk00000\.dat cannot be read at byte 8: "):
            list(files.read(table, 1))


def test_many_files_need_few_descriptors(tmp_path: Path) -> None:
    for number, block in enumerate(BLOCKS):
        write(tmp_path, number, records([block]))
    with BlockFiles(tmp_path) as files:
        table = gathered(files.scan())
        assert len(list(files.read(table, 1))) == len(BLOCKS)
        assert len(open_within(tmp_path)) == 8
    assert not open_within(tmp_path)


def open_within(folder: Path) -> list[Path]:
    """The files of a folder that this process has open."""
    descriptors = [each for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return [file for each in descriptors if (file := each.readlink()).is_relative_to(folder)]


def test_a_folder_without_block_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NodeRefused, match=r"there are no block files .* see node\.blocks_dir"):
        BlockFiles(tmp_path)
    with pytest.raises(NodeRefused, match=r"cannot be read .* see node\.blocks_dir"):
        BlockFiles(tmp_path / "nowhere")
    with pytest.raises(NodeRefused, match="cannot be read"):
        BlockFiles(tmp_path / "nowhere", REGTEST)
    write(tmp_path, 0, b"", spare=1000)
    with pytest.raises(NodeRefused, match="no block files"):
        BlockFiles(tmp_path)
    (tmp_path / "xor.dat").write_bytes(b"short")
    with pytest.raises(NodeRefused, match="5 bytes instead of 8"):
        BlockFiles(tmp_path)
