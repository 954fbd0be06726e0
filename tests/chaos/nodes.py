"""The nodes of a run: an embedded one with an observer beside it, or Bitcoin Core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol, Self

from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.link import Link
from support.processes import pause, resume
from support.services import program

from chaos.plan import POOLS, Fault, Kind, Mined
from monitor.cli.demo_daemon import signatures_of
from monitor.embedded import EmbeddedNode, Signature
from monitor.embedded.blocks import unsigned
from monitor.model import PoolSlug
from monitor.registry.loading import load_pools

BEFORE = 40
"""Blocks that are there at the start."""
_FIRST_TIME = 1_760_000_000
_UNKNOWN = unsigned(PoolSlug("unknown"))


class Nodes(Protocol):
    """The nodes, all on one chain."""

    mined: set[str]
    """Every block that any of them ever had."""

    async def step(self, mined: Mined) -> None:
        """Do what the plan says; a node that is away now has nothing to add."""

    async def begin(self, fault: Fault) -> None:
        """A fault of one of them, or of the network to it."""

    async def end(self, fault: Fault) -> None:
        """It is over."""

    async def best_chain(self) -> list[str]:
        """Hashes of the counted node's best chain, from block 1 on."""

    def settings(self) -> list[dict[str, Any]]:
        """For `nodes` of the configuration."""


class Reachable:
    """The network to a node."""

    def __init__(self, rpc: Link, zmq: Link) -> None:
        self._links = (rpc, zmq)
        self.settings = {"url": f"http://127.0.0.1:{rpc.port}", "zmq": f"tcp://127.0.0.1:{zmq.port}"}

    def begin(self, fault: Fault) -> bool:
        """Whether it is a fault of the network, and has begun."""
        return begin(fault, *self._links)

    def end(self) -> None:
        """Mend it."""
        for link in self._links:
            link.mend()


def begin(fault: Fault, *links: Link) -> bool:
    """Whether it is a fault of the network, which has begun on these links."""
    for link in links:
        if fault.kind is Kind.PARTITION:
            link.hold()
        elif fault.kind is Kind.CUT:
            link.cut()
        elif fault.kind is Kind.SLOW:
            link.delay = fault.amount
        else:
            return False
    return True


class EmbeddedNodes:
    """Two embedded nodes that have the same blocks: the counted one and an observer."""

    def __init__(self) -> None:
        self.mined: set[str] = set()
        signatures = {slug: each for slug, each in _signatures().items() if slug != "unknown"}
        self._nodes = {
            name: EmbeddedNode(signatures=signatures, login=("chaos", "chaos")) for name in ("node", "observer")
        }
        self._networks: dict[str, Reachable] = {}
        self._later: list[Callable[[EmbeddedNode], object]] | None = None
        """What the observer has not learned yet."""

    async def __aenter__(self) -> Self:
        self._there = AsyncExitStack()
        for number in range(BEFORE):
            mined = Mined(0.0, POOLS[number % len(POOLS)], 0, invalid=False, seconds=600)
            await self.step(mined)
        for name, node in self._nodes.items():
            await self._there.enter_async_context(node)
            assert node.zmq_address
            ports = (int(each.rpartition(":")[2]) for each in (node.url, node.zmq_address))
            links = [await self._there.enter_async_context(Link(port)) for port in ports]
            self._networks[name] = Reachable(*links)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._there.aclose()

    async def step(self, mined: Mined) -> None:
        """See `Nodes`."""
        self._each(lambda node: self._step(node, mined))

    def _each(self, step: Callable[[EmbeddedNode], object]) -> None:
        step(self._nodes["node"])
        if self._later is None:
            step(self._nodes["observer"])
        else:
            self._later.append(step)

    def _step(self, node: EmbeddedNode, mined: Mined) -> None:
        pool = PoolSlug(mined.pool)
        tip = node.chain.tip
        if mined.invalid:
            lowest = node.chain.at(tip.height - mined.depth + 1)
            assert lowest
            node.invalidate(lowest.hash)
        elif mined.depth:
            self.mined.update(node.reorg(mined.depth, pool))
        else:
            before = tip.block.header.time if tip.height else _FIRST_TIME
            self.mined.add(node.mine(pool, time=before + mined.seconds))

    async def begin(self, fault: Fault) -> None:
        """See `Nodes`."""
        node = self._nodes[fault.target]
        if fault.kind is Kind.KILL:
            await node.stop()
        elif fault.kind is Kind.PAUSE:
            node.stall()
        elif fault.kind is Kind.BEHIND:
            self._later = []
        else:
            assert self._networks[fault.target].begin(fault), fault

    async def end(self, fault: Fault) -> None:
        """See `Nodes`."""
        node = self._nodes[fault.target]
        if fault.kind is Kind.KILL:
            await node.start()
        elif fault.kind is Kind.PAUSE:
            node.resume()
        elif fault.kind is Kind.BEHIND:
            later, self._later = self._later or [], None
            for step in later:
                step(node)
        self._networks[fault.target].end()

    async def best_chain(self) -> list[str]:
        """See `Nodes`."""
        chain = self._nodes["node"].chain
        found = (chain.at(height) for height in range(1, chain.tip.height + 1))
        return [each.hash for each in found if each]

    def settings(self) -> list[dict[str, Any]]:
        """See `Nodes`."""
        access = {"user": "chaos", "password": "chaos"}
        return [{"name": name, **network.settings, **access} for name, network in self._networks.items()]


class CoreNode:
    """One Bitcoin Core."""

    def __init__(self, folder: Path) -> None:
        self.mined: set[str] = set()
        self._node = Bitcoind(program("bitcoind"), folder)
        self._signatures = _signatures()
        self._answers = True
        self._asked = asyncio.Lock()
        """Who kills or pauses it waits for a step that has begun: its blocks would be there, and not in `mined`."""

    async def __aenter__(self) -> Self:
        self._there = AsyncExitStack()
        await asyncio.to_thread(self._node.start)
        self._there.callback(self._node.kill)
        self._time = _FIRST_TIME
        recipes = [self._recipe(POOLS[number % len(POOLS)], 600) for number in range(BEFORE)]
        self.mined.update(await asyncio.to_thread(mine_all, self._node, recipes))
        ports = (self._node.port, int(self._node.zmq.rpartition(":")[2]))
        self._network = Reachable(*[await self._there.enter_async_context(Link(port)) for port in ports])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._there.aclose()

    async def step(self, mined: Mined) -> None:
        """See `Nodes`."""
        async with self._asked:
            if self._answers:
                await asyncio.to_thread(self._step, mined)

    def _step(self, mined: Mined) -> None:
        node = self._node
        height = node.call("getblockcount")
        depth = min(mined.depth, height - 1)  # a killed node may have lost its newest blocks
        if mined.invalid and depth > 0:
            node.call("invalidateblock", node.call("getblockhash", height - depth + 1))
            return
        on = node.call("getblockhash", height - depth) if depth > 0 else None
        recipes = [self._recipe(mined.pool, mined.seconds) for _ in range(max(depth, 0) + 1)]
        self.mined.update(mine_all(node, recipes, on=on))

    def _recipe(self, pool: str, seconds: int) -> Recipe:
        """A block unlike all others, as its time is later."""
        signature = self._signatures[PoolSlug(pool)]
        self._time += seconds
        return Recipe(
            tag=signature.tag or b"/chaos/", payout=signature.script, time=None if not self.mined else self._time
        )

    async def begin(self, fault: Fault) -> None:
        """See `Nodes`."""
        if self._network.begin(fault):
            return
        async with self._asked:
            self._answers = False
            if fault.kind is Kind.KILL:
                await asyncio.to_thread(self._node.kill)
            else:
                assert fault.kind is Kind.PAUSE, fault
                pause(self._node.pid)

    async def end(self, fault: Fault) -> None:
        """See `Nodes`."""
        if fault.kind is Kind.KILL:
            await asyncio.to_thread(self._node.start)
        elif fault.kind is Kind.PAUSE:
            resume(self._node.pid)
        self._network.end()
        self._answers = True

    async def best_chain(self) -> list[str]:
        """See `Nodes`."""

        def ask() -> list[str]:
            return [
                self._node.call("getblockhash", height) for height in range(1, self._node.call("getblockcount") + 1)
            ]

        return await asyncio.to_thread(ask)

    def settings(self) -> list[dict[str, Any]]:
        """See `Nodes`."""
        return [{"name": "node", **self._network.settings, "cookie_file": str(self._node.cookie_file)}]


def _signatures() -> Mapping[PoolSlug, Signature]:
    """Of the pools of the plan."""
    known = signatures_of(load_pools("main"))
    return {PoolSlug(pool): known.get(PoolSlug(pool), _UNKNOWN) for pool in POOLS}
