"""Cost of checking blocks: header rules for every node, the proof of the coinbase for one that is not trusted.

    python -m benchmarks.verification

Headers are ordinary ones of a chain of 20,000 blocks without work, so the check of the work fails: it costs the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256

from monitor.consensus.difficulty import RULES, Link, required_bits
from monitor.consensus.merkle import coinbase_id, contradiction
from monitor.consensus.verification import broken_rules
from monitor.model import Block, BlockHash, Coinbase, Header, Output
from monitor.wire import (
    EXTENDED_HEADER_BYTES,
    HEADER_BYTES,
    decode_header,
    double_sha256,
    encode_compact,
    encode_header,
)

BLOCKS = 20_000
BITS = 0x1702353D
COINBASE = Coinbase(b"\x03abc/tag/", tuple(Output(1, bytes(25)) for _ in range(4)))
LEVELS = 12


def main() -> None:
    """Print microseconds per block."""
    links = _chain()
    known = {each.hash: each for each in links}
    rules = RULES["main"]

    def below(link: Link) -> Link | None:
        return known.get(link.parent)

    blocks = [
        Block(each.height, Header(each.hash, 1, each.parent, bytes(32), each.time, each.bits, 0), 1, COINBASE)
        for each in links[4032:]
    ]
    parents = links[4031:-1]
    pairs = list(zip(blocks, parents, strict=True))
    _report(
        "bits by the rule",
        lambda: [required_bits(rules, parent, block.header.time, below=below) for block, parent in pairs],
        len(pairs),
    )
    _report(
        "all header rules",
        lambda: [broken_rules(block, parent, rules, below=below, now=2e9) for block, parent in pairs],
        len(pairs),
    )
    proof, proved = _proof()
    assert contradiction(proof, proved) is None
    _report(f"proof of a coinbase, {1 << LEVELS} transactions", lambda: _times(contradiction, proof, proved), 1000)
    ordinary = bytes(HEADER_BYTES)
    extended = bytes(3) + b"\x80" + bytes(EXTENDED_HEADER_BYTES - 4)
    _report("decode a header", lambda: _times(decode_header, ordinary), 1000)
    _report("decode an extended header", lambda: _times(decode_header, extended), 1000)


def _chain() -> list[Link]:
    links: list[Link] = []
    for height in range(BLOCKS):
        own = BlockHash(sha256(str(height).encode()).hexdigest())
        links.append(Link(height, own, links[-1].hash if links else BlockHash("0" * 64), 600 * height, BITS))
    return links


def _proof() -> tuple[bytes, Block]:
    """A proof as a node answers it: the path to the first transaction."""
    block = Block(1, Header(BlockHash(""), 1, BlockHash("0" * 64), bytes(32), 0, BITS, 0), 1 << LEVELS, COINBASE)
    siblings = [bytes([level]) * 32 for level in range(LEVELS)]
    root = coinbase_id(block)
    for sibling in siblings:
        root = double_sha256(root + sibling)
    header = decode_header(encode_header(Header(BlockHash(""), 1, BlockHash("0" * 64), root, 0, BITS, 0)))
    flags = (1 << LEVELS + 1) - 1  # down to the first transaction; its siblings are not visited
    hashes = (coinbase_id(block), *siblings)
    size = (2 * LEVELS + 1 + 7) // 8
    proof = encode_header(header) + block.tx_count.to_bytes(4, "little") + encode_compact(len(hashes))
    proof += b"".join(hashes) + encode_compact(size) + flags.to_bytes(size, "little")
    return proof, Block(1, header, block.tx_count, COINBASE)


def _times(work: Callable[..., object], *arguments: object) -> None:
    for _ in range(1000):
        work(*arguments)


def _report(what: str, work: Callable[[], object], count: int) -> None:
    best = min(_timed(work) for _ in range(5))
    print(f"{what:45} {1e6 * best / count:8.2f} µs")


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
