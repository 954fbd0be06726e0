"""A separate process that reads missing blocks, attributes them and makes rows, ready to be stored by the daemon.

It uses a spare core instead of the daemon's time, and its memory is returned when it ends: when all blocks are sent,
when the node has no more of them, or when the pipe is closed.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TypeAlias

from monitor import logs
from monitor.backfill.protocol import (
    BackfillJob,
    FilesScanned,
    Finished,
    Message,
    SourceExhausted,
    SourceStarted,
    decode,
    decode_job,
    encode,
    encode_job,
)
from monitor.backfill.segments import BACKFILL_CONNECTIONS, MissingBlocks, Segment, from_files, from_node
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


_Send: TypeAlias = Callable[[Message], None]


@asynccontextmanager
async def running_worker(job: BackfillJob) -> AsyncIterator[AsyncIterator[Message]]:
    """Start a worker and read its messages, one ahead, so that both processes stay busy.

    The worker has ended when the context is left, also when that happens while it is being started. Threads start
    and end it, because a thread cannot be cancelled: a second cancellation leaves no process and no open pipe.
    """
    loop = asyncio.get_running_loop()
    started: Future[subprocess.Popen[bytes]] = Future()
    reading: asyncio.Task[Message] | None = None

    async def messages(process: subprocess.Popen[bytes]) -> AsyncIterator[Message]:
        nonlocal reading
        while reading is not None:
            message = await asyncio.shield(reading)
            if isinstance(message, Finished):
                yield message
                return
            reading = asyncio.create_task(asyncio.to_thread(_received, process))
            yield message

    try:
        loop.run_in_executor(None, _start, job, started)
        process = await asyncio.shield(asyncio.wrap_future(started))
        reading = asyncio.create_task(asyncio.to_thread(_received, process))
        yield messages(process)
    finally:
        await asyncio.shield(loop.run_in_executor(None, _end, started))
        if reading is not None:
            await asyncio.gather(reading, return_exceptions=True)  # it ends with the process


def _start(job: BackfillJob, started: Future[subprocess.Popen[bytes]]) -> None:
    try:
        started.set_result(_process(job))
    except Exception as error:  # noqa: BLE001 -- raised where it is waited for
        started.set_exception(error)


def _process(job: BackfillJob) -> subprocess.Popen[bytes]:
    """Start the worker with the import path of this process, and give it the job."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "monitor.backfill"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is ours to handle
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    with suppress(OSError, AttributeError):  # up to what unprivileged users may set; Linux only
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    with suppress(BrokenPipeError):
        process.stdin.write(encode_job(job))
        process.stdin.flush()  # it stays open: its end tells the worker that this process has ended
    return process


def _end(started: Future[subprocess.Popen[bytes]]) -> None:
    """End the worker, as soon as it has started."""
    if started.exception() is not None:
        return
    process = started.result()
    process.kill()
    process.wait()
    for stream in filter(None, (process.stdin, process.stdout)):
        with suppress(BrokenPipeError):
            stream.close()


def _received(process: subprocess.Popen[bytes]) -> Message:
    assert process.stdout
    try:
        return decode(process.stdout.readline())
    except (ValueError, KeyError, TypeError):
        return Finished(fault="the backfill worker died")


def main() -> None:
    """Entry point of the process: the job comes on standard input, and messages leave on standard output."""
    job = decode_job(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no message
    with suppress(OSError):  # a system call filter may forbid it
        os.nice(job.niceness)
    gc.freeze()
    gc.set_threshold(_MANY_OBJECTS)
    logs.configure("warning")

    def send(message: Message) -> None:
        channel.write(encode(message))
        channel.flush()

    with suppress(BrokenPipeError):  # the reader has gone
        send(work(job, send))


def _end_with_parent() -> None:
    while os.read(0, 1):  # not by sys.stdin, which is locked meanwhile: the interpreter could not end
        pass
    os._exit(Exit.CRASHED)


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
