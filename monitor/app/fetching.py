"""A process of its own that reads the past, judges it, and makes rows of it: what is left to do is to store them.

So it takes nothing from the daemon but a core that has nothing better to do, and gives its memory back at its end. It
ends when it is done, when nothing is to be had any more, or when nobody listens to it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeAlias

from monitor import logs
from monitor.app.registry import load_knowledge
from monitor.attribution.match import attribute
from monitor.attribution.registry import Registry
from monitor.config import NodeSection, RegistrySection
from monitor.errors import Exit, NodeError, PoolMonitorError
from monitor.model import Block, Judged
from monitor.node import past
from monitor.node.bitcoind import Bitcoind
from monitor.node.blockfiles import BlockFiles
from monitor.node.blockrecords import MAGIC
from monitor.node.past import Segment, Wanted
from monitor.store.rows import Stretch
from monitor.vitals import Vitals

FILES = "block files"
_NICENESS = 10
_TELL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Order:
    """What to fetch, and from where."""

    node: NodeSection
    registry: RegistrySection
    network: str
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Begun:
    """By which way the blocks come from now on."""

    by: str


@dataclass(frozen=True, slots=True)
class Searched:
    """How many block files were searched for blocks, of how many at most."""

    files: int
    total: int


@dataclass(frozen=True, slots=True)
class Fell:
    """A way that leads no further, and why."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more comes."""

    gap: str | None = None
    """Why blocks are missing that were wanted, if nothing but another node can change that."""
    fault: str | None = None
    """What went wrong, if another try may help."""
    refused: bool = False
    """Whether a person must act before that."""


Message: TypeAlias = Begun | Searched | Fell | Stretch | Ended
_Send: TypeAlias = Callable[[Message], None]


@asynccontextmanager
async def fetching(order: Order) -> AsyncIterator[AsyncIterator[Message]]:
    """Have it fetched; what comes is read ahead by one message, so that both processes have something to do."""
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_main, args=(order, theirs), name="pool-monitor-fetch", daemon=True)
    await asyncio.to_thread(process.start)
    theirs.close()
    reading = asyncio.create_task(asyncio.to_thread(_received, ours))

    async def messages() -> AsyncIterator[Message]:
        nonlocal reading
        while True:
            message = await asyncio.shield(reading)
            if isinstance(message, Ended):
                yield message
                return
            reading = asyncio.create_task(asyncio.to_thread(_received, ours))
            yield message

    try:
        yield messages()
    finally:
        process.kill()
        await asyncio.gather(reading, return_exceptions=True)  # it ends with the process
        await asyncio.to_thread(process.join)
        process.close()
        ours.close()


def _received(pipe: Connection) -> Message:
    try:
        message: Message = pipe.recv()
    except (EOFError, OSError):
        return Ended(fault="the process that fetches the past has died")
    return message


def _main(order: Order, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the whole group, and ours to handle
    os.nice(_NICENESS)
    logs.configure("warning")
    with suppress(BrokenPipeError):  # nobody wants it any more
        pipe.send(work(order, pipe.send))


def work(order: Order, send: _Send) -> Ended:
    """Send all that is wanted, by the best way first, and by the next where one leads no further."""
    try:
        registry = load_knowledge(order.registry, order.network).registry
        wanted = _by_files(order, registry, send) if order.node.blocks_dir else order.wanted
        return Ended() if wanted.is_done else asyncio.run(_by_node(order, wanted, registry, send))
    except PoolMonitorError as error:
        return Ended(fault=str(error), refused=error.exit_code is Exit.MISCONFIGURED)


def _by_files(order: Order, registry: Registry, send: _Send) -> Wanted:
    """What is still missing afterwards."""
    assert order.node.blocks_dir
    wanted = order.wanted
    reason = "they begin later than wanted"
    send(Begun(FILES))
    try:
        # A signet of one's own has its own mark.
        magic = MAGIC.get(order.network) if order.network != "signet" else None
        with BlockFiles(order.node.blocks_dir, magic) as files:
            for segment in past.from_files(files, wanted, _at_leisure(send)):
                send(_stretch(segment, registry))
                wanted = wanted.below(segment)
    except NodeError as error:
        reason = str(error)
    if not wanted.is_done:
        send(Fell(FILES, reason))
    return wanted


async def _by_node(order: Order, wanted: Wanted, registry: Registry, send: _Send) -> Ended:
    async with Bitcoind(order.node, Vitals()) as node:
        await node.ready()
        facts = node.facts
        assert facts
        if wanted.top.height >= facts.first_height:
            send(Begun(facts.blocks_by))
        async for segment in past.from_node(node, wanted):
            send(_stretch(segment, registry))
            wanted = wanted.below(segment)
    if wanted.is_done:
        return Ended()
    return Ended(gap=f"the node has pruned the blocks below {facts.first_height}")


def _stretch(segment: Segment, registry: Registry) -> Stretch:
    def judged(blocks: tuple[Block, ...]) -> Iterator[Judged]:
        return (Judged(block, attribute(block.coinbase, registry)) for block in blocks)

    return Stretch.of(judged(segment.blocks), judged(segment.stale))


def _at_leisure(send: _Send) -> Callable[[int, int], None]:
    """Tells of searched files, but not of each."""
    told = 0.0

    def tell(files: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()
            send(Searched(files, total))

    return tell
