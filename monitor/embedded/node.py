"""The node: a chain, its interfaces, and events that tests and the demo cause."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from monitor import libzmq
from monitor.embedded.blocks import Signature, Template, genesis, seal, unsigned
from monitor.embedded.chain import Chain, Step
from monitor.embedded.history import SPACING_SECONDS, Found
from monitor.embedded.notices import Notices
from monitor.embedded.server import HOST, Server
from monitor.embedded.state import State
from monitor.model import BlockHash, BlockRef, PoolSlug

RACE_EVERY = 40
"""Blocks between races in a replay. Mainnet has one in a few thousand: too rare to see how it looks."""
UNKNOWN = PoolSlug("unknown")
TRANSACTIONS = 24
"""Transactions of a block that is not empty; it is then longer than the part that a monitor reads."""
EMPTY_EVERY = 211
"""Blocks of a history with a height divisible by this are empty, about as often as on mainnet."""


@dataclass(kw_only=True)
class EmbeddedNode:
    """A Bitcoin node without peers, proof of work or money. Use as an async context manager.

    The fields are its settings, as in bitcoin.conf. The methods cause events, immediately and in the thread of the
    event loop; ZMQ messages and answers follow as those of a real node.

    There are two differences from a real node. Hashes have no work, although the targets in the headers may be real.
    And if `history` begins above block 1, the node is pruned below its second block and does not know the headers below
    the first: `getblockhash` of such a height answers "pruned data", and the parent of the first block is the genesis
    block.
    """

    network: str = "regtest"
    """`main` or `regtest`."""
    signatures: Mapping[PoolSlug, Signature] = field(default_factory=dict)
    """Signatures of pools. Other pools mine without a tag, and are paid by an unknown script."""
    history: Iterable[Found] = ()
    """Blocks that exist at the start."""
    login: tuple[str, str] | None = None
    """User and password; if None, there is a cookie file, with a new cookie after every start."""
    rest: bool = True
    blockpart: bool = True
    """Whether REST serves parts of blocks, as Bitcoin Core does from version 31 on."""
    zmq: bool = True
    keep: int | None = None
    """Blocks that are kept in memory; all if None. Older ones are forgotten, a tenth of this many at a time."""

    def __post_init__(self) -> None:
        self.chain = Chain(genesis(self.network))
        """All of its blocks: the best chain and the branches."""
        self._state = State(self.network, self.chain, blockpart=self.blockpart)
        self._folder: Path | None = None
        self._server: Server | None = None
        self._notices: Notices | None = None
        self._port = 0
        self._zmq_address = "tcp://127.0.0.1:*"
        for found in self.history:
            self.play(found)
        if self.chain.first_height > 1:
            self.chain.prune(self.chain.first_height + 1)

    # -- addresses and counters --------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """URL of RPC and REST."""
        return f"http://{HOST}:{self._port}"

    @property
    def cookie_file(self) -> Path:
        """The file with the current credentials. It does not exist for a node with a `login`."""
        assert self._folder, "the node was never started"
        return self._folder / ".cookie"

    @property
    def zmq_address(self) -> str | None:
        """Address of the ZMQ publisher; None if there is none."""
        return self._notices.address if self._notices else None

    @property
    def tip(self) -> BlockRef:
        """The best block."""
        return BlockRef(self.chain.tip.height, self.chain.tip.hash)

    @property
    def asked(self) -> Counter[str]:
        """Number of requests: RPC by method name, REST as `rest/block`."""
        return self._state.asked

    @property
    def most_in_flight(self) -> int:
        """Largest number of simultaneous requests since the last start."""
        return self._running.most_in_flight

    # -- life ----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen. Ports are chosen at the first start and kept.

        Raises:
            OSError: a port is in use by another program.
        """
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="pool-monitor-node-"))
        if self.zmq and libzmq.refusal() is None:
            self._notices = Notices(self._zmq_address)
            self._zmq_address = self._notices.address
            self._state.publishers = self._notices.describe()
        self._server = Server(self._state, login=self._new_login(), rest=self.rest)
        self._port = await self._server.start(self._port)

    async def stop(self) -> None:
        """End long polls, close all connections and delete the cookie. The chain is kept."""
        self._state.wake()
        if self._server:
            await self._server.stop()
            self._server = None
        if self._notices:
            self._notices.close()
            self._notices = None
        self.cookie_file.unlink(missing_ok=True)

    async def restart(self) -> None:
        """Stop and start with the same ports and chain, a new cookie, and sequence numbers from 0."""
        await self.stop()
        await self.start()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except OSError:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        if self._folder:
            shutil.rmtree(self._folder)
            self._folder = None

    # -- events --------------------------------------------------------------------------------------------------------

    def mine(
        self,
        pool: PoolSlug = UNKNOWN,
        *,
        on: BlockHash | None = None,
        time: int | None = None,
        bits: int | None = None,
        transactions: int = TRANSACTIONS,
    ) -> BlockHash:
        """A pool finds a block.

        Args:
            pool: the miner.
            on: the parent; by default the tip. A block on another parent is on a side branch until that has more work.
            time: header time; by default ten minutes after the parent's.
            bits: compact target; by default the parent's.
            transactions: number of transactions after the coinbase; 0 for an empty block.

        Raises:
            ValueError: `on` is not a valid block of this chain.
        """
        parent = self.chain.tip if on is None else self.chain.find(on)
        if parent is None:
            raise ValueError(f"unknown block {on}")
        header = parent.block.header
        time = header.time + SPACING_SECONDS if time is None else time
        found = Found(parent.height + 1, time, pool, bits=header.bits if bits is None else bits)
        return self._add(found, parent.hash, transactions)

    def play(self, found: Found, *, on: BlockHash | None = None) -> BlockHash:
        """Add a block of a history, on the tip or on the given block. There may be a gap below the first one.

        Raises:
            ValueError: its height does not follow that of its parent.
        """
        transactions = TRANSACTIONS if found.height % EMPTY_EVERY else 0
        return self._add(found, on or self.chain.tip.hash, transactions)

    def reorg(self, depth: int = 1, pool: PoolSlug = UNKNOWN) -> list[BlockHash]:
        """A branch from `depth` blocks below the tip becomes the best chain; returns the branch.

        Raises:
            ValueError: the chain is shorter.
        """
        fork = self.chain.at(self.chain.tip.height - depth)
        if fork is None:
            raise ValueError(f"cannot disconnect {depth} blocks")
        branch = [fork.hash]
        for _ in range(depth + 1):
            branch.append(self.mine(pool, on=branch[-1]))
        return branch[1:]

    def invalidate(self, block: BlockHash) -> None:
        """Invalidate a block and its descendants, as `invalidateblock` does."""
        self._announce(self.chain.invalidate(block))

    def reconsider(self, block: BlockHash) -> None:
        """Revert that, as `reconsiderblock` does."""
        self._announce(self.chain.reconsider(block))

    def prune(self, height: int) -> None:
        """Delete the bodies of all blocks below a height."""
        self.chain.prune(height)

    def stall(self) -> None:
        """Accept requests without answering. Notifications continue."""
        self._running.pause()

    def resume(self) -> None:
        """Answer again, also pending requests."""
        self._running.resume()

    def warm_up(self) -> None:
        """Answer that the node is not ready, as after a start."""
        self._state.warming_up = True

    def warmed_up(self) -> None:
        """End the warm-up."""
        self._state.warming_up = False

    # -- inside --------------------------------------------------------------------------------------------------------

    @property
    def _running(self) -> Server:
        assert self._server, "the node is not running"
        return self._server

    def _add(self, found: Found, parent: BlockHash, transactions: int) -> BlockHash:
        signature = self.signatures.get(found.pool) or unsigned(found.pool)
        template = Template(
            found.height, parent, found.time,
            bits=found.bits, signature=signature, serial=len(self.chain), transactions=transactions,
        )  # fmt: skip
        block = seal(template)
        steps = self.chain.add(block)
        if self.keep and self.chain.tip.height - self.chain.first_height > self.keep * 11 // 10:
            self.chain.forget(self.chain.tip.height - self.keep)
        self._announce(steps)
        return block.hash

    def _announce(self, steps: list[Step]) -> None:
        if steps:
            self._state.wake()
        if self._notices:
            self._notices.publish(steps)

    def _new_login(self) -> str:
        """New credentials in the form `user:password`."""
        if self.login:
            return ":".join(self.login)
        cookie = f"__cookie__:{secrets.token_hex(32)}"
        self.cookie_file.touch(mode=0o600)
        self.cookie_file.write_text(cookie)
        return cookie


async def replay(
    node: EmbeddedNode,
    coming: Iterator[Found],
    *,
    seconds: float,
    race_every: int = RACE_EVERY,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Let a node find the blocks of a history, one every so many seconds, until there are no more.

    Header times stay those of the history, and so does the best chain: in a race a rival is a moment faster, but the
    next block builds on the slower one, and the rival's becomes stale. `pause` is awaited with the seconds until the
    next block.
    """
    parent: BlockHash | None = None  # the tip, but after a race
    since, earlier = 0, None
    for found in coming:
        await pause(seconds)
        since += 1
        race = since >= race_every and earlier is not None and earlier != found.pool
        if race and earlier:
            since, parent = 0, node.tip.hash
            node.play(replace(found, pool=earlier), on=parent)
            await pause(seconds / 10)
        slower = node.play(found, on=parent)
        parent, earlier = slower if race else None, found.pool
