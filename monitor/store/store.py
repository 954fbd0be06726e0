"""The store: one writer, one transaction per plan, and the queries of the other rooms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import partial
from threading import Event
from typing import Any, NoReturn, Self, TypeVar

from sqlalchemy import Connection

from monitor.errors import StoreError, StoreInUse
from monitor.model import Attribution, BlockRow, Coinbase, Judged, Plan, PoolSlug
from monitor.store import integrity, pruning, queries, seen_intervals, stale_blocks, steps, writing
from monitor.store.alerts import StoredAlerts
from monitor.store.attribution_ids import AttributionIds
from monitor.store.audits import StoredAudits
from monitor.store.branches import StoredBranches
from monitor.store.database import KEEP_SECONDS, Database
from monitor.store.dialects import set_bulk_cache, space
from monitor.store.economy import StoredEconomy
from monitor.store.engines import open_database
from monitor.store.evidence import StoredEvidence
from monitor.store.journal import StoredJournal
from monitor.store.migrations import demand_newest
from monitor.store.pruning import Expired, Retention
from monitor.store.reading import Reading
from monitor.store.reattribution import Moved, Reattribution
from monitor.store.rows import RowBatch, block_row
from monitor.store.stratum import StoredStratum
from monitor.store.transactions import reads, writes

TAKE_SECONDS = 1.0
"""Between two attempts to become the writer."""
READERS = 8
"""Threads, and connections, that read at the same time."""

_T = TypeVar("_T")


class Store:
    """The database. Made with `Store.open`, used as an async context manager.

    All writes run on one thread and one connection, one transaction after the other. Readers have connections of their
    own and see the last commit. Another process may write metadata: a write transaction locks the database before it
    reads, so that neither is refused.
    """

    def __init__(self, database: Database, *, fenced: bool) -> None:
        self._database = database
        self._fenced = fenced
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self._aside = ThreadPoolExecutor(2, thread_name_prefix="store-lease")
        """Never waits for a query."""
        self._writing: Connection | None = None
        self._keeping: asyncio.Task[NoReturn] | None = None
        self._ids = AttributionIds()
        self.revision = 0
        """Higher after each change of the best chain or its attributions."""
        self.alerts = StoredAlerts(self._write, self._read)
        """The state of alerts, and the queue of changes for their receivers."""
        self.branches = StoredBranches(self._write, self._read, self._ids)
        """Blocks that are not counted, and when each node had which block."""
        self.audits = StoredAudits(self._write, self._read)
        """Blocks compared with what the node would have mined."""
        self.evidence = StoredEvidence(self._write, self._read)
        """Where rewards are spent, and what pools have in common."""
        self.stratum = StoredStratum(self._write, self._read)
        """What pools announced to their miners."""
        self.journal = StoredJournal(self._write, self._read)
        """What happened, for the feed."""
        self.economy = StoredEconomy(self._write, self._read)
        """Observations of the AI economy, and the state of their sources."""

    @classmethod
    async def open(cls, url: str, *, beside: bool = False, standby: bool = False) -> Store:
        """Open the database as its only writer, creating or migrating it as needed.

        With `beside` it is only read, beside a daemon that may be using it: it must exist and have the newest schema.
        With `standby`, another process may be the writer if the database can be shared; call `lead` before writing.

        Raises:
            StoreRefused: another daemon uses it, a newer version wrote it, or it is not a database.
            StoreError: it cannot be opened.
        """
        store = cls(await asyncio.to_thread(_opened, url, beside=beside, standby=standby), fenced=not beside)
        if not beside and not standby:
            await store.lead()
        return store

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._keeping:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        self._writer.submit(self._stop_writing)
        for threads in (self._writer, self._readers, self._aside):  # they outlive the cancellation of who waits
            await asyncio.to_thread(threads.shutdown)
        await asyncio.to_thread(self._database.close)

    @property
    def engine(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._database.readers.dialect.name

    # -- the right to write --------------------------------------------------------------------------------------------

    async def lead(self) -> None:
        """Wait until this process is the writer.

        Raises:
            StoreAway: the server is unreachable.
        """
        while not await self.take():  # noqa: ASYNC110 -- another process ends it
            await asyncio.sleep(TAKE_SECONDS)

    async def take(self) -> bool:
        """Become the writer, if there is no other; return whether this process is.

        Raises:
            StoreAway: the server is unreachable.
        """
        if not await self._on_the_side(self._database.take):
            return False
        if self._keeping:
            self._keeping.cancel()
        self._keeping = asyncio.create_task(self._keep())
        self._keeping.add_done_callback(lambda task: task.cancelled() or task.exception())  # `kept` may not be called
        return True

    async def kept(self) -> NoReturn:
        """Return never; raise when this process is not the writer any more.

        Raises:
            StoreError: another process is, the server is unreachable, or the file was deleted.
        """
        assert self._keeping, "see `lead`"
        await asyncio.shield(self._keeping)
        raise AssertionError("keeping never ends")

    async def _keep(self) -> NoReturn:
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            await self._on_the_side(self._database.keep)

    async def changed(self, seconds: float) -> None:
        """Wait until another process has changed history, for some seconds at most. A change may be missed."""
        stop = Event()
        await _ended(self._on_the_side(partial(self._database.wait, seconds, stop)), stop)

    def note_change(self) -> None:
        """Another process has changed history."""
        self.revision += 1

    async def _on_the_side(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._aside, work)

    # -- writing -------------------------------------------------------------------------------------------------------

    async def apply(self, plan: Plan, judged: Sequence[Judged]) -> list[PoolSlug | None]:
        """Apply one step along the chain in one transaction; return the pools of the blocks that went stale.

        Raises:
            StoreError: the database refused, or the plan does not start at our tip.
        """
        if plan.is_empty:
            return []
        return await self._change(lambda connection: self._apply(connection, plan, judged))

    def _apply(self, connection: Connection, plan: Plan, judged: Sequence[Judged]) -> list[PoolSlug | None]:
        assert [each.block for each in judged] == [*plan.connects], "the attributed blocks are not those of the plan"
        stale_pools = queries.mark_stale(connection, plan.disconnects)
        tip = queries.tip(connection)
        if tip is not None and tip != plan.onto:
            raise StoreError(
                f"the plan continues from block {plan.onto.height} ({plan.onto.hash}), but the store ends at "
                f"{tip.height} ({tip.hash})",
                remedy="start again",
            )
        writing.upsert(
            connection,
            [
                block_row(each.block, self._ids.id_of(connection, each.attribution), each.attribution.miner)
                for each in judged
            ],
        )
        return stale_pools

    async def extend(self, batch: RowBatch) -> bool:
        """Insert a batch below the lowest stored block in one transaction; the first batch of an empty store begins it.

        Returns:
            Whether it fits. Nothing is stored if history begins with another block by now, as after a reorganisation.

        Raises:
            StoreError: the database refused, or the batch is not a chain.
        """
        return await self._change(partial(_rewrites, lambda connection: writing.extend(connection, batch, self._ids)))

    @asynccontextmanager
    async def extending(self) -> AsyncIterator[None]:
        """Use more cache memory for a series of `extend` calls."""
        await self._write(partial(set_bulk_cache, on=True))
        try:
            yield
        finally:
            with suppress(StoreError):  # the database may have failed
                await self._write(partial(set_bulk_cache, on=False))

    claim = writes(queries.claim)
    note_network = writes(queries.note_network)
    want = writes(queries.want)
    note_gap = writes(queries.note_gap)
    note_stale_list = writes(queries.note_stale_list)

    async def reattribute(
        self,
        attribute: Callable[[Coinbase], Attribution],
        registry: str,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Moved]:
        """Attribute anew every stored block that another registry attributed; see `reattribution`.

        New blocks are stored meanwhile. All changes become visible at once, at the end. `attribute` runs on another
        thread; `progress` gets the number of blocks done, and of all. Returns where blocks moved from one pool to
        another. History counts as rewritten if another registry has attributed any block.
        """
        work = Reattribution(attribute, registry, self._ids)
        total, done = await self._write(work.begin), 0
        if not work.is_needed:
            return []
        while chunk := await self._read(work.attribute):
            done += chunk.blocks
            await self._write(partial(work.save, chunk))
            if progress:
                progress(done, total)
        return await self._change(partial(_rewrites, work.finish))

    async def prune(self, retention: Retention) -> dict[str, int]:
        """Delete details that are older than they are kept; return the number of rows by table.

        A day of them is deleted in a transaction, and blocks are stored between two of them.
        """
        return await self._delete(await self._read(lambda connection: pruning.expired(connection, retention)))

    async def forget(self, below: int) -> None:
        """Delete the blocks below a height, as the demo does: a history is kept whole."""
        await self._delete(pruning.below(below))

    async def _delete(self, kinds: Sequence[Expired]) -> dict[str, int]:
        rows = {each.table.name: 0 for each in kinds}
        for each in kinds:
            while some := await self._write(partial(pruning.delete_some, some=each)):
                rows[each.table.name] += some
        return rows

    async def compact(self) -> None:
        """Give free space back to the file system; with SQLite only while no other process uses the file."""
        await asyncio.to_thread(self._database.compact)

    # -- reading -------------------------------------------------------------------------------------------------------

    network = reads(queries.network)
    wanted = reads(queries.wanted)
    gap = reads(queries.gap)
    tip = reads(queries.tip)
    first = reads(queries.first)
    expired = reads(pruning.count_expired)
    space = reads(space)
    check_chain = reads(queries.check_chain)
    chain_problems = reads(integrity.chain_problems)
    has = reads(queries.has)
    below = reads(queries.below)
    next_below = reads(writing.next_below)
    unattributed = reads(queries.unattributed)
    stale = reads(stale_blocks.stale)
    seen_intervals = reads(seen_intervals.seen_intervals)
    blocks = reads(queries.newest)
    selected = reads(queries.selected)
    block = reads(queries.one)
    blocks_of = reads(queries.of_pool)

    step_from = reads(steps.step_from)
    rewritten = reads(queries.rewritten)
    stale_list_imported = reads(queries.stale_list_imported)

    async def recent(self, work: Callable[[Iterator[BlockRow]], _T], *, seconds: int, count: int) -> _T:
        """What `work`, on another thread, makes of the best chain's newest blocks, lowest first.

        They are those of the last `seconds`, at least `count`, and one more: if there is one, it shows that history
        goes further back than was asked for.
        """
        return await self._read(lambda connection: work(queries.recent(connection, seconds, count)))

    async def reading(self, work: Callable[[Reading], _T]) -> _T:
        """Run a long read on another thread, in one transaction, while the daemon goes on writing.

        On cancellation the work ends at its next query, and this returns after that.
        """
        stop = Event()
        return await _ended(self._read(lambda connection: work(Reading(connection, stop))), stop)

    # -- threads and errors --------------------------------------------------------------------------------------------

    async def _change(self, work: Callable[[Connection], _T]) -> _T:
        """A write after which history may be another one."""

        def announced(connection: Connection) -> _T:
            done = work(connection)
            self._database.announce(connection)
            return done

        try:
            return await self._write(announced)
        finally:
            self.revision += 1

    async def _write(self, work: Callable[[Connection], _T]) -> _T:
        def run() -> _T:
            try:
                with self._database.explained():
                    # One connection for all writes: its page cache stays valid.
                    self._writing = self._writing or self._database.writers.connect()
                    with self._writing.begin():
                        self._database.lock(self._writing, fenced=self._fenced)
                        return work(self._writing)
            except BaseException:
                self._ids.clear()  # their rows may have been rolled back
                self._stop_writing()
                raise

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    def _stop_writing(self) -> None:
        if self._writing:
            self._writing.close()  # which also rolls back what is not committed
            self._writing = None

    async def _read(self, work: Callable[[Connection], _T]) -> _T:
        def run() -> _T:
            with self._database.explained(), self._database.readers.connect() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)


def _opened(url: str, *, beside: bool, standby: bool) -> Database:
    database = open_database(url)
    with ExitStack() as undone:
        undone.callback(database.close)
        if beside:
            database.demand()
            with database.explained(), database.readers.connect() as connection:
                demand_newest(connection)
        else:
            database.migrate()
            if not standby and not database.take():
                raise StoreInUse(
                    "another pool-monitor writes this database", remedy="stop it, or choose another store.url"
                )
        undone.pop_all()
    return database


async def _ended(work: Coroutine[Any, Any, _T], stop: Event) -> _T:
    """The result of work on a thread that ends once `stop` is set; a cancelled call sets it, and returns after that."""
    running = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.gather(running, return_exceptions=True)
        raise


def _rewrites(work: Callable[[Connection], _T], connection: Connection) -> _T:
    """Change more of history than its newest blocks."""
    done = work(connection)
    queries.note_rewritten(connection)
    return done
