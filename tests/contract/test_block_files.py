"""What real nodes write is read as they give it over REST, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.peers import BURN, CORE, Start

from monitor.model import Block, BlockHash, BlockRef
from monitor.node.blockfiles import BlockFiles, gathered
from monitor.node.blocklinks import Linked, linked
from monitor.node.blockrecords import MAGIC, Lost, Records
from monitor.wire import decode_block, encode_header

pytestmark = pytest.mark.service("bitcoind")


@pytest.fixture(params=["bitcoind", "core"])
def binary(request: pytest.FixtureRequest) -> Path | None:
    """Knots, which obfuscates as Bitcoin Core 28 does; and the newest Core."""
    if request.param == "core" and not CORE.exists():
        pytest.skip("there is no newest Bitcoin Core: `make node-core` builds it")
    return CORE if request.param == "core" else None


def tip_of(node: Bitcoind) -> BlockRef:
    return BlockRef(node.call("getblockcount"), BlockHash(node.call("getbestblockhash")))


def scanned(files: BlockFiles, tip: BlockRef) -> tuple[Records, Linked]:
    scans = list(files.scan())
    assert not [each for scan in scans for each in scan.lost]
    table = gathered(scans)
    return table, linked(table, tip)


def check(node: Bitcoind, block: Block | Lost) -> None:
    """The same header, coinbase and count as REST gives, and the header's very bytes."""
    assert isinstance(block, Block), block
    raw = node.rest(f"block/{block.hash}.bin")
    assert block == decode_block(raw, height=block.height)
    assert raw.startswith(encode_header(block.header))
    assert node.call("getblockheader", block.hash)["nTx"] == block.tx_count


@pytest.mark.parametrize("xor", [0, 1])
def test_every_block_is_found_stale_ones_too(start_bitcoind: Start, binary: Path | None, xor: int) -> None:
    node = start_bitcoind("-fastprune", f"-blocksxor={xor}", binary=binary)
    node.call("generatetodescriptor", 400, BURN)
    fork = node.call("getblockhash", 390)
    stale = [node.call("getblockhash", height) for height in range(391, 401)]
    mine_all(node, [Recipe(tag=b"/rival/", witness=True)] * 11, on=fork)
    tip = tip_of(node)
    assert tip.height == 401
    assert any((node.blocks_dir / "xor.dat").read_bytes()) == bool(xor)

    with BlockFiles(node.blocks_dir) as files:
        assert files.magic == MAGIC["regtest"]
        assert len(files.numbers()) > 1
        table, links = scanned(files, tip)
        blocks = list(files.read(table[links.chain], links.first_height))
        off = zip(links.stale.tolist(), links.stale_heights.tolist(), strict=True)
        branch = [block for row, height in off for block in files.read(table[[row]], height)]

    assert (links.first_height, len(blocks), links.loose) == (0, 402, 0)
    assert [(block.height, block.hash) for block in branch if isinstance(block, Block)] == list(
        zip(range(391, 401), stale, strict=True)
    )
    for block in [*blocks, *branch]:
        check(node, block)


def test_a_node_that_writes_and_prunes_meanwhile_does_no_harm(start_bitcoind: Start, binary: Path | None) -> None:
    node = start_bitcoind("-fastprune", "-prune=1", binary=binary)
    node.call("generatetodescriptor", 600, BURN)
    tip = tip_of(node)
    with BlockFiles(node.blocks_dir) as files:
        node.call("generatetodescriptor", 3, BURN)
        table, links = scanned(files, tip)
    assert (len(links.chain), links.first_height, links.loose) == (601, 0, 3)

    with BlockFiles(node.blocks_dir) as reads_already:
        begun = reads_already.read(table[links.chain], 0)
        first = next(begun)
        node.call("pruneblockchain", 300)
        first_kept = node.call("getblockchaininfo")["pruneheight"]
        assert 1 < first_kept <= 300
        to_the_end = [next(begun) for _ in range(1, first_kept)]
    assert [block.height for block in (first, *to_the_end) if isinstance(block, Block)] == list(range(first_kept))

    with BlockFiles(node.blocks_dir) as comes_later:
        blocks = list(comes_later.read(table[links.chain], 0))
        again, links = scanned(comes_later, tip)
    assert {each.reason for each in blocks[:first_kept] if isinstance(each, Lost)} == {
        "the file has gone, as by pruning"
    }
    assert not [each for each in blocks[:first_kept] if isinstance(each, Block)]
    for block in blocks[first_kept:]:
        check(node, block)
    assert (links.first_height, len(again)) == (first_kept, 604 - first_kept)


def test_the_extended_headers_of_the_blake2b_chain_are_read(start_bitcoind: Start) -> None:
    node = start_bitcoind("-testactivationheight=blake2b@5")
    node.call("generatetodescriptor", 12, BURN)
    with BlockFiles(node.blocks_dir) as files:
        table, links = scanned(files, tip_of(node))
        blocks = list(files.read(table[links.chain], links.first_height))
    assert [bool(block.header.extension) for block in blocks if isinstance(block, Block)] == [False] * 5 + [True] * 8
    for block in blocks:
        check(node, block)


def test_a_block_of_the_blake2b_chain_is_found_after_damage(start_bitcoind: Start, tmp_path: Path) -> None:
    node = start_bitcoind("-testactivationheight=blake2b@5", "-blocksxor=0")
    node.call("generatetodescriptor", 8, BURN)
    tip = tip_of(node)
    plain = bytearray((node.blocks_dir / "blk00000.dat").read_bytes())
    second_last = plain.rindex(MAGIC["regtest"], 0, plain.rindex(MAGIC["regtest"]))
    plain[second_last : second_last + 4] = b"gone"
    (tmp_path / "blk00000.dat").write_bytes(plain)
    with BlockFiles(tmp_path) as files:
        found = gathered(list(files.scan()))
    assert found[-1]["hash"].tobytes()[::-1].hex() == tip.hash
    assert len(found) == tip.height  # of nine blocks, with the genesis block, one is damaged
