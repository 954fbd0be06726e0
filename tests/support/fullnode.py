"""Real nodes that have a long chain from the start: it is built once, and copied."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

import pytest

from support.bitcoind import Bitcoind
from support.fullchain import write_chain
from support.peers import CORE
from support.services import program, wait_until

BLOCKS = 3_000
EVERY = 100
"""One block in so many is full: three thousand transactions, 0.9 MB."""
QUICK = "-checkblockindex=0"
"""Without it a node on regtest looks through all of its blocks at each new one."""

Build = Callable[[str], Path]
Full = Callable[..., Bitcoind]
"""Starts a node that has them: `full("core", "-rest=0")`."""


def builder(folder: Path) -> Build:
    """Gives the data of a node of some kind, `bitcoind` or `core`, which is made when it is first asked for."""
    made: dict[str, Path] = {}

    def build(kind: str) -> Path:
        if kind not in made:
            chain, data = folder / "chain.dat", folder / kind
            if not chain.exists():
                write_chain(chain, BLOCKS, every=EVERY)
            with Bitcoind(binary_of(kind), data, QUICK, f"-loadblock={chain}") as node:
                wait_until(lambda: bool(node.call("getblockcount") == BLOCKS), seconds=60, what="the chain to be read")
            made[kind] = data
        return made[kind]

    return build


def copied(data: Path, kind: str, folder: Path, *arguments: str) -> Bitcoind:
    """A node of its own on a copy of the data; not started yet."""
    own = Path(mkdtemp(prefix=f"{kind}-", dir=folder)) / "data"
    shutil.copytree(data, own)
    return Bitcoind(binary_of(kind), own, QUICK, *arguments)


def binary_of(kind: str) -> Path:
    """The program; the test skips where it cannot be had."""
    if kind == "core" and not CORE.exists():
        pytest.skip("there is no newest Bitcoin Core: `make node-core` builds it")
    return CORE if kind == "core" else program(kind)
