"""Block files as a node writes them, and as it would never."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from monitor.node.blockrecords import MAGIC, NO_KEY, Key
from support.blocks import Built, Parent, Recipe, build

REGTEST = MAGIC["regtest"]
GENESIS = Parent("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206", 0, 1296688602)
KEYS = {"plain": NO_KEY, "obfuscated": Key(bytes.fromhex("a1b2c3d4e5f60718"))}


def chain(count: int, *, on: Parent = GENESIS, tag: bytes = b"/regtest/") -> list[Built]:
    """So many blocks, one upon the other."""
    built: list[Built] = []
    for _ in range(count):
        built.append(build(built[-1].parent if built else on, Recipe(tag=tag)))
    return built


def record(block: bytes, magic: bytes = REGTEST) -> bytes:
    """One block as it lies in a file."""
    return magic + len(block).to_bytes(4, "little") + block


def records(blocks: Iterable[Built]) -> bytes:
    """Several."""
    return b"".join(record(block.raw) for block in blocks)


def write(folder: Path, number: int, plain: bytes, *, key: Key = NO_KEY, spare: int = 0) -> Path:
    """A file with these bytes and space set aside behind them."""
    path = folder / f"blk{number:05}.dat"
    path.write_bytes(key.undo(plain, 0) + bytes(spare))
    return path
