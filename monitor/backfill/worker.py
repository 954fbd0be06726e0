"""A separate process that reads missing blocks, attributes them and makes rows, ready to be stored by the daemon.

It uses a spare core instead of the daemon's time, and its memory is returned when it ends: when all blocks are sent,
when the node has no more of them, or when the pipe is closed.
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
from dataclasses import KW_ONLY, dataclass, replace
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
"""Threshold of the garbage collector, above the number of objects in a segment. They form no cycles, so there is
nothing to collect, and searching them would take half of the time."""
_REPORT_SECONDS = 0.2
_PIPE_BYTES = 1 << 20
"""Room for a few segments, so that neither process waits for the other."""


@dataclass(frozen=True, slots=True)
class BackfillJob:
    """What to fetch, and from where."""

    node: NodeSection
    registry: RegistrySection
    network: str
    _: KW_ONLY
    wanted: MissingBlocks
    niceness: int = 0
    """Scheduling priority of the worker, as in nice(1)."""


@dataclass(frozen=True, slots=True)
class SourceStarted:
    """Blocks come from this source from now on."""

    by: str


@dataclass(frozen=True, slots=True)
class FilesScanned:
    """Number of scanned block files, and of all block files."""

    files: int
    total: int


@dataclass(frozen=True, slots=True)
class SourceExhausted:
    """A source has no more of the wanted blocks, or failed."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last message."""

    gap: str | None = None
    """Why wanted blocks are still missing, if only another node can have them."""
    fault: str | None = None
    """What failed, if a retry may help."""
    refused: bool = False
    """Whether the operator must change something before a retry."""


Message: TypeAlias = SourceStarted | FilesScanned | SourceExhausted | RowBatch | Finished
_Send: TypeAlias = Callable[[Message], None]


@asynccontextmanager
async def running_worker(job: BackfillJob) -> AsyncIterator[AsyncIterator[Message]]:
    """Start a worker and read its messages, one ahead, so that both processes stay busy.

    The worker has ended when the context is left, also when that happens while it is being started.
    """
    starting = asyncio.create_task(asyncio.to_thread(_start, job))
    reading: asyncio.Task[Message] | None = None

    async def messages(pipe: Connection) -> AsyncIterator[Message]:
        nonlocal reading
        while reading is not None:
            message = await asyncio.shield(reading)
            if isinstance(message, Finished):
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


def _start(job: BackfillJob) -> tuple[subprocess.Popen[bytes], Connection]:
    """Start the worker with the import path of this process; return it and the pipe of its messages."""
    ours, its = os.pipe()
    with suppress(OSError, AttributeError):  # up to what unprivileged users may set; Linux only
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
        pickle.dump(job, stdin)
    return process, Connection(ours, writable=False)


def _received(pipe: Connection) -> Message:
    try:
        message: Message = pipe.recv()
    except (EOFError, OSError):
        return Finished(fault="the backfill worker died")
    return message


def main(pipe: int) -> None:
    """Entry point of the process. The job comes on standard input."""
    job: BackfillJob = pickle.load(sys.stdin.buffer)  # noqa: S301 -- from our own parent
    with suppress(OSError):  # a system call filter may forbid it
        os.nice(job.niceness)
    gc.freeze()
    gc.set_threshold(_MANY_OBJECTS)
    logs.configure("warning")
    send = Connection(pipe, readable=False).send
    with suppress(BrokenPipeError):  # the reader has gone
        send(work(job, send))


def work(job: BackfillJob, send: _Send) -> Finished:
    """Send all wanted blocks: from the block files if they are configured, and the rest from the node."""
    try:
        registry = load_registry(job.registry, job.network).pools
        wanted = _by_files(job, registry, send) if job.node.blocks_dir else job.wanted
        return Finished() if wanted.is_done else asyncio.run(_by_node(replace(job, wanted=wanted), registry, send))
    except PoolMonitorError as error:
        return Finished(fault=str(error), refused=error.exit_code is Exit.MISCONFIGURED)


def _by_files(job: BackfillJob, registry: PoolRegistry, send: _Send) -> MissingBlocks:
    """Send blocks from the block files; return what is still missing afterwards."""
    assert job.node.blocks_dir
    wanted = job.wanted
    reason = "the files begin at a later block"
    send(SourceStarted(FILES))
    try:
        # A custom signet has its own magic bytes.
        magic = MAGIC.get(job.network) if job.network != "signet" else None
        with BlockFiles(job.node.blocks_dir, magic) as files:
            for segment in from_files(files, wanted, _throttled(send)):
                send(_rows(segment, registry))
                wanted = wanted.below(segment)
    except NodeError as error:
        reason = str(error)
    if not wanted.is_done:
        send(SourceExhausted(FILES, reason))
    return wanted


async def _by_node(job: BackfillJob, registry: PoolRegistry, send: _Send) -> Finished:
    wanted = job.wanted
    async with NodeClient(job.node, Vitals(), connections=BACKFILL_CONNECTIONS) as node:
        await node.ready()
        facts = node.facts
        assert facts
        if wanted.top.height >= facts.first_height:
            send(SourceStarted(facts.blocks_by))
        async for segment in from_node(node, wanted):
            await asyncio.to_thread(send, _rows(segment, registry))  # the next blocks are fetched meanwhile
            wanted = wanted.below(segment)
    if wanted.is_done:
        return Finished()
    return Finished(gap=facts.missing_blocks)


def _rows(segment: Segment, registry: PoolRegistry) -> RowBatch:
    return RowBatch.of(judge(segment.blocks, registry), judge(segment.stale, registry))


def _throttled(send: _Send) -> Callable[[int, int], None]:
    """Reports scanned files, a few times a second at most."""
    reported = 0.0

    def report(files: int, total: int) -> None:
        nonlocal reported
        if time.monotonic() - reported > _REPORT_SECONDS:
            reported = time.monotonic()
            send(FilesScanned(files, total))

    return report
