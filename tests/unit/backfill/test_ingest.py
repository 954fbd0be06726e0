"""The process that fetches the past, and what becomes of it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.blockdir import chain, records, write
from support.services import wait_until

from monitor.backfill.ingest import Progress, fill
from monitor.backfill.protocol import (
    BackfillJob,
    FilesScanned,
    Finished,
    Message,
    SourceExhausted,
    SourceStarted,
    encode_job,
)
from monitor.backfill.segments import BACKFILL_CONNECTIONS, MissingBlocks
from monitor.backfill.worker import running_worker, work
from monitor.config import NodeSection, RegistrySection
from monitor.embedded import EmbeddedNode
from monitor.model import BlockRef
from monitor.store.rows import RowBatch
from monitor.store.store import Store

BLOCKS = chain(300)
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path / 'blocks.sqlite'}") as opened:
        yield opened


@pytest.fixture
def order(tmp_path: Path) -> BackfillJob:
    """All blocks from files, and a node that is not there."""
    (tmp_path / "blocks").mkdir()
    write(tmp_path / "blocks", 0, records(BLOCKS))
    cookie = tmp_path / "cookie"
    cookie.write_text("user:password")
    node = NodeSection(url=NOWHERE, cookie_file=cookie, blocks_dir=tmp_path / "blocks", timeout_seconds=1)
    tip = BlockRef(300, BLOCKS[-1].hash)
    return BackfillJob(node, RegistrySection(), "regtest", wanted=MissingBlocks(tip, 1, tip, 100))


def said_by_worker(order: BackfillJob) -> list[Message]:
    """The messages of a worker, without its process: it takes a second to start."""
    said: list[Message] = []
    ended = work(order, said.append)
    return [message for message in [*said, ended] if not isinstance(message, FilesScanned)]


def test_what_it_says_in_its_order(order: BackfillJob) -> None:
    said = said_by_worker(order)
    assert said[0] == SourceStarted("block files")
    assert [each.first_height for each in said if isinstance(each, RowBatch)] == [201, 101, 1]
    assert said[-1] == Finished()


async def test_what_is_missing_is_stored_without_a_node(order: BackfillJob, store: Store) -> None:
    told: list[Progress] = []
    assert await fill(store, order, told.append) == Finished()
    assert await store.next_below() == BlockRef(0, BLOCKS[0].header.parent)
    assert [now.done for now in told if now.activity == "block files"] == [0, 100, 200, 300]

    ended = await fill(store, order, told.append)
    assert ended.fault == "block 301 is no longer on the node's best chain", "history begins elsewhere by now"


def test_where_files_end_the_node_is_asked_and_its_absence_told(order: BackfillJob, tmp_path: Path) -> None:
    write(tmp_path / "blocks", 0, records(BLOCKS[150:]))
    said = [message for message in said_by_worker(order) if not isinstance(message, RowBatch)]
    assert said[:2] == [
        SourceStarted("block files"),
        SourceExhausted("block files", "the files begin at a later block"),
    ]
    (ended,) = said[2:]
    assert isinstance(ended, Finished)
    assert ended.fault
    assert "nothing listens" in ended.fault
    assert not ended.refused


@pytest.mark.parametrize("rest", ["auto", "off"])
async def test_the_node_has_no_more_to_answer_than_the_daemon_lends(rest: str) -> None:
    async with EmbeddedNode() as node:
        for _ in range(200):
            node.mine()
        settings = {"url": node.url, "cookie_file": node.cookie_file, "rest": rest}
        asked = MissingBlocks(node.tip, 0, node.tip, 10)
        order = BackfillJob(NodeSection.model_validate(settings), RegistrySection(), "regtest", wanted=asked)
        loop, begun = asyncio.get_running_loop(), asyncio.Event()

        def send(_message: Message) -> None:
            loop.call_soon_threadsafe(begun.set)

        working = asyncio.create_task(asyncio.to_thread(work, order, send))
        await begun.wait()
        node.stall()
        await asyncio.sleep(0.3)
        node.resume()
        assert await working == Finished()
        assert 1 < node.most_in_flight <= BACKFILL_CONNECTIONS


def test_a_registry_that_cannot_be_read_is_a_refusal(order: BackfillJob, tmp_path: Path) -> None:
    broken = BackfillJob(
        order.node, RegistrySection(user_file=tmp_path / "none.toml"), order.network, wanted=order.wanted
    )
    (ended,) = said_by_worker(broken)
    assert isinstance(ended, Finished)
    assert ended.refused


async def test_its_death_is_a_fault(order: BackfillJob) -> None:
    async with running_worker(order) as messages:
        for process in await shown():
            os.kill(process, 9)
        said = [message async for message in messages]
    assert said[-1] == Finished(fault="the backfill worker died")


async def test_no_worker_is_left_when_the_backfill_is_cancelled(order: BackfillJob, store: Store) -> None:
    begun = asyncio.Event()
    task = asyncio.create_task(fill(store, order, lambda _now: begun.set()))
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not children()


@pytest.mark.parametrize("times", [1, 2])
async def test_no_worker_is_left_when_the_backfill_is_cancelled_while_it_starts(
    order: BackfillJob, store: Store, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    loop, started, cancelled = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def slow(*args: Any, **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401
        process = popen(*args, **options)
        loop.call_soon_threadsafe(started.set)
        cancelled.wait()
        return process

    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", slow)
    task = asyncio.create_task(fill(store, order, lambda _now: None))
    await started.wait()
    await shown()
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    loop.call_soon(cancelled.set)
    await asyncio.gather(task, return_exceptions=True)
    while children():  # noqa: ASYNC110 -- a thread ends it, whatever has been cancelled
        await asyncio.sleep(0.01)


PARENT = """
import asyncio, sys
from monitor.backfill.protocol import decode_job
from monitor.backfill.worker import running_worker
async def main():
    async with running_worker(decode_job(sys.stdin.buffer.readline())) as messages:
        await anext(messages)
        print("there", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


def test_it_ends_with_the_one_that_started_it(order: BackfillJob) -> None:
    """Even if that is killed: what it sends meets nobody."""
    many = BackfillJob(
        order.node, order.registry, order.network, wanted=MissingBlocks(order.wanted.top, 1, order.wanted.tip, 1)
    )
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdin
        assert parent.stdout
        parent.stdin.write(encode_job(many))
        parent.stdin.close()
        assert parent.stdout.readline() == b"there\n"
        (child,) = children(parent.pid)
        parent.kill()
    wait_until(lambda: not Path(f"/proc/{child}").exists(), seconds=10, what="the child to end")


async def shown() -> list[int]:
    """The workers of this process, once they show: a program that has just begun has no command line."""
    while not (found := children()):  # noqa: ASYNC110 -- a moment
        await asyncio.sleep(0.01)
    return found


def children(of: int | None = None) -> list[int]:
    """The workers that a process has started and not waited for; other tests may have children of their own."""
    pid = of or os.getpid()
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            with suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
                if b"monitor.backfill" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(int(child))
    return found
