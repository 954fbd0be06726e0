"""A process of its own that reads the past, judges it, and makes rows of it: what is left to do is to store them.

So it takes nothing from the daemon but a core that has nothing better to do, and gives its memory back at its end. It
ends when it is done, when nothing is to be had any more, or when nobody listens to it.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import pickle
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeAlias

from monitor import logs
from monitor.backfill.segments import BACKFILL_CONNECTIONS, MissingBlocks, Segment, from_files, from_node
from monitor.config import NodeSection, RegistrySection
from monitor.errors import Exit, NodeError, PoolMonitorError
from monitor.node.blockfiles import BlockFiles
from monitor.node.blockrecords import MAGIC
from monitor.node.client import NodeClient
from monitor.processing.judging import judge
from monitor.registry.loading import load_registry
from monitor.registry.registry import PoolRegistry
from monitor.store.rows import RowBatch
from monitor.vitals import Vitals

FILES = "block files"
_MANY_OBJECTS = 100_000
"""A segment makes so many at most, and none that refer to each other in circles: there is nothing to collect, but to
look for it among them would take half of the time."""
_TELL_SECONDS = 0.2
_PIPE_BYTES = 1 << 20
"""Room for some segments, so that neither process waits for the other."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to fetch, and from where."""

    node: NodeSection
    registry: RegistrySection
    network: str
    wanted: MissingBlocks
    niceness: int = 0
    """How far behind others it steps back."""


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


Message: TypeAlias = Begun | Searched | Fell | RowBatch | Ended
_Send: TypeAlias = Callable[[Message], None]


@asynccontextmanager
async def fetching(order: Order) -> AsyncIterator[AsyncIterator[Message]]:
    """Start a worker and read its messages, one ahead, so that both processes have something to do.

    The worker has ended when the context is left, also when that happens while it is being started.
    """
    starting = asyncio.create_task(asyncio.to_thread(_start, order))
    reading: asyncio.Task[Message] | None = None

    async def messages(pipe: Connection) -> AsyncIterator[Message]:
        nonlocal reading
        while reading is not None:
            message = await asyncio.shield(reading)
            if isinstance(message, Ended):
                yield message
                return
            reading = asyncio.create_task(asyncio.to_thread(_received, pipe))
            yield message

    try:
        _, pipe = await asyncio.shield(starting)
        reading = asyncio.create_task(asyncio.to_thread(_received, pipe))
        yield messages(pipe)
    finally:
        process, pipe = await starting  # a thread cannot be cancelled: the process is there, or will be in a moment
        process.kill()
        if reading is not None:
            await asyncio.gather(reading, return_exceptions=True)  # it ends with the process
        await asyncio.to_thread(process.wait)
        pipe.close()


def _start(order: Order) -> tuple[subprocess.Popen[bytes], Connection]:
    """Start the worker; return it and the pipe of its messages. It imports modules from where this process does."""
    ours, its = os.pipe()
    with suppress(OSError, AttributeError):  # as much as every user may have, where it can be said
        fcntl.fcntl(its, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    try:
        process = subprocess.Popen(  # noqa: S603 -- ourselves
            [sys.executable, "-P", "-c", f"import {__name__} as it; it.main({its})"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=(its,),
            start_new_session=True,  # Ctrl-C is ours to handle
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
    finally:
        os.close(its)
    assert process.stdin
    with suppress(BrokenPipeError), process.stdin as stdin:
        pickle.dump(order, stdin)
    return process, Connection(ours, writable=False)


def _received(pipe: Connection) -> Message:
    try:
        message: Message = pipe.recv()
    except (EOFError, OSError):
        return Ended(fault="the process that fetches the past has died")
    return message


def main(pipe: int) -> None:
    """What the process does: its order comes on standard input."""
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 -- from our own parent
    with suppress(OSError):  # a filter of system calls may refuse it: then it does not step back
        os.nice(order.niceness)
    gc.freeze()
    gc.set_threshold(_MANY_OBJECTS)
    logs.configure("warning")
    send = Connection(pipe, readable=False).send
    with suppress(BrokenPipeError):  # nobody wants it any more
        send(work(order, send))


def work(order: Order, send: _Send) -> Ended:
    """Send all that is wanted, by the best way first, and by the next where one leads no further."""
    try:
        registry = load_registry(order.registry, order.network).pools
        wanted = _by_files(order, registry, send) if order.node.blocks_dir else order.wanted
        return Ended() if wanted.is_done else asyncio.run(_by_node(order, wanted, registry, send))
    except PoolMonitorError as error:
        return Ended(fault=str(error), refused=error.exit_code is Exit.MISCONFIGURED)


def _by_files(order: Order, registry: PoolRegistry, send: _Send) -> MissingBlocks:
    """What is still missing afterwards."""
    assert order.node.blocks_dir
    wanted = order.wanted
    reason = "they begin later than wanted"
    send(Begun(FILES))
    try:
        # A signet of one's own has its own mark.
        magic = MAGIC.get(order.network) if order.network != "signet" else None
        with BlockFiles(order.node.blocks_dir, magic) as files:
            for segment in from_files(files, wanted, _at_leisure(send)):
                send(_rows(segment, registry))
                wanted = wanted.below(segment)
    except NodeError as error:
        reason = str(error)
    if not wanted.is_done:
        send(Fell(FILES, reason))
    return wanted


async def _by_node(order: Order, wanted: MissingBlocks, registry: PoolRegistry, send: _Send) -> Ended:
    async with NodeClient(order.node, Vitals(), connections=BACKFILL_CONNECTIONS) as node:
        await node.ready()
        facts = node.facts
        assert facts
        if wanted.top.height >= facts.first_height:
            send(Begun(facts.blocks_by))
        async for segment in from_node(node, wanted):
            await asyncio.to_thread(send, _rows(segment, registry))  # the next blocks come meanwhile
            wanted = wanted.below(segment)
    if wanted.is_done:
        return Ended()
    return Ended(gap=f"the node has pruned the blocks below {facts.first_height}")


def _rows(segment: Segment, registry: PoolRegistry) -> RowBatch:
    return RowBatch.of(judge(segment.blocks, registry), judge(segment.stale, registry))


def _at_leisure(send: _Send) -> Callable[[int, int], None]:
    """Tells of searched files, but not of each."""
    told = 0.0

    def tell(files: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > _TELL_SECONDS:
            told = time.monotonic()
            send(Searched(files, total))

    return tell
