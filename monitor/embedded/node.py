"""The node itself: a chain, the interfaces to it, and what can befall it."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from monitor import libzmq
from monitor.embedded.blocks import Signature, Template, genesis, seal, unsigned
from monitor.embedded.chain import Chain, Step
from monitor.embedded.history import Found
from monitor.embedded.notices import Notices
from monitor.embedded.rest import Rest
from monitor.embedded.rpc import Rpc
from monitor.embedded.server import HOST, Server
from monitor.embedded.state import State
from monitor.model import BlockHash, BlockRef, PoolSlug

UNKNOWN = PoolSlug("unknown")
SPACING_SECONDS = 600
TRANSACTIONS = 24
"""In a block that is not empty: makes it longer than what a monitor reads of it."""
EMPTY_EVERY = 211
"""A history's block is empty where this divides its height: about as often as on mainnet."""


@dataclass(kw_only=True)
class EmbeddedNode:
    """A Bitcoin node without peers, proof of work or money. Use as an async context manager.

    The fields say what kind of node it is, as bitcoin.conf would. The methods make things happen: at once, in the event
    loop's thread, and told by ZMQ and by answers as a real node tells them.

    Two things differ from a real node. Hashes carry no work, although the targets in the headers may be real. And where
    `history` begins above block 1, the node is pruned below its second block and does not even know the headers below
    the first: `getblockhash` of such a height says "pruned data", and the first block names the genesis block as its
    parent.
    """

    network: str = "regtest"
    """`main` or `regtest`."""
    signatures: Mapping[PoolSlug, Signature] = field(default_factory=dict)
    """How pools sign. A pool that is not here mines without a tag, and is paid by a script nobody knows."""
    history: Iterable[Found] = ()
    """Blocks that are there from the start."""
    login: tuple[str, str] | None = None
    """User and password; without them there is a cookie file, with a new cookie after every start."""
    rest: bool = True
    blockpart: bool = True
    """Whether REST serves parts of blocks, as Bitcoin Core does from version 31 on."""
    zmq: bool = True

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

    # -- where it is ---------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where RPC and REST are."""
        return f"http://{HOST}:{self._port}"

    @property
    def cookie_file(self) -> Path:
        """The file with the credentials of this start. There is none for a node with a `login`."""
        assert self._folder, "the node was never started"
        return self._folder / ".cookie"

    @property
    def zmq_address(self) -> str | None:
        """Where notices are published; None where none are."""
        return self._notices.address if self._notices else None

    @property
    def tip(self) -> BlockRef:
        """The best block."""
        return BlockRef(self.chain.tip.height, self.chain.tip.hash)

    @property
    def asked(self) -> Counter[str]:
        """How often what was asked: RPC methods by name, REST as in `rest/block`."""
        return self._state.asked

    @property
    def most_in_flight(self) -> int:
        """How many questions were open at the same time, at most, since the last start."""
        return self._running.most_in_flight

    # -- life ----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen. Ports are chosen at the first start and kept.

        Raises:
            OSError: somebody else took a port meanwhile.
        """
        self._state.started = time.monotonic()
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="pool-monitor-node-"))
        if self.zmq and libzmq.refusal() is None:
            self._notices = Notices(self._zmq_address)
            self._zmq_address = self._notices.address
            self._state.publishers = self._notices.describe()
        self._server = Server(Rpc(self._state), Rest(self._state) if self.rest else None, login=self._new_login())
        self._port = await self._server.start(self._port)

    async def stop(self) -> None:
        """Let go of who waits for a block, drop every connection, take the cookie away. The chain stays."""
        self._state.wake()
        if self._server:
            await self._server.stop()
            self._server = None
        if self._notices:
            self._notices.close()
            self._notices = None
        self.cookie_file.unlink(missing_ok=True)

    async def restart(self) -> None:
        """Stop and start: same ports and chain, new cookie, notices numbered from 0 again."""
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

    # -- what happens --------------------------------------------------------------------------------------------------

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
            pool: who.
            on: the parent; the tip when not given. Elsewhere the block waits on a side branch until that has more work.
            time: header time; ten minutes after the parent's when not given.
            bits: compact target; the parent's when not given.
            transactions: how many follow the coinbase; 0 for an empty block.

        Raises:
            ValueError: `on` is no valid block of this chain.
        """
        parent = self.chain.tip if on is None else self.chain.find(on)
        if parent is None:
            raise ValueError(f"there is no block {on}")
        header = parent.block.header
        return self._take_in(
            Template(
                height=parent.height + 1,
                parent=parent.hash,
                time=header.time + SPACING_SECONDS if time is None else time,
                bits=header.bits if bits is None else bits,
                signature=self._signature(pool),
                serial=len(self.chain),
                transactions=transactions,
            )
        )

    def play(self, found: Found, *, on: BlockHash | None = None) -> BlockHash:
        """The block of a history is found: on the tip, or on the block that is given. The first may leave a gap below.

        Raises:
            ValueError: it does not follow on its parent.
        """
        return self._take_in(
            Template(
                height=found.height,
                parent=on or self.chain.tip.hash,
                time=found.time,
                bits=found.bits,
                signature=self._signature(found.pool),
                serial=len(self.chain),
                transactions=TRANSACTIONS if found.height % EMPTY_EVERY else 0,
            )
        )

    def reorg(self, depth: int = 1, pool: PoolSlug = UNKNOWN) -> list[BlockHash]:
        """A branch that left the best chain `depth` blocks below the tip overtakes it; returns the branch.

        Raises:
            ValueError: the chain is not that long.
        """
        fork = self.chain.at(self.chain.tip.height - depth)
        if fork is None:
            raise ValueError(f"there are no {depth} blocks to leave behind")
        branch = [fork.hash]
        for _ in range(depth + 1):
            branch.append(self.mine(pool, on=branch[-1]))
        return branch[1:]

    def invalidate(self, block: BlockHash) -> None:
        """A person declares a block invalid, and with it all above it."""
        self._tell(self.chain.invalidate(block))

    def reconsider(self, block: BlockHash) -> None:
        """A person takes that back."""
        self._tell(self.chain.reconsider(block))

    def prune(self, height: int) -> None:
        """Forget the bodies of all blocks below a height."""
        self.chain.prune(height)

    def stall(self) -> None:
        """Hang: accept questions, answer none. Notices go on."""
        self._running.pause()

    def resume(self) -> None:
        """Hang no longer, and answer what was asked meanwhile."""
        self._running.resume()

    def warm_up(self) -> None:
        """Be as in the first moments after a start, when a node answers only that it is not ready."""
        self._state.warming_up = True

    def warmed_up(self) -> None:
        """Be ready."""
        self._state.warming_up = False

    # -- inside --------------------------------------------------------------------------------------------------------

    @property
    def _running(self) -> Server:
        assert self._server, "the node is not running"
        return self._server

    def _signature(self, pool: PoolSlug) -> Signature:
        return self.signatures.get(pool) or unsigned(pool)

    def _take_in(self, template: Template) -> BlockHash:
        block = seal(template)
        self._tell(self.chain.add(block))
        return block.hash

    def _tell(self, steps: list[Step]) -> None:
        if steps:
            self._state.wake()
        if self._notices:
            self._notices.publish(steps)

    def _new_login(self) -> str:
        """The credentials of this start, in the form `user:password`."""
        if self.login:
            return ":".join(self.login)
        cookie = f"__cookie__:{secrets.token_hex(32)}"
        self.cookie_file.touch(mode=0o600)
        self.cookie_file.write_text(cookie)
        return cookie
