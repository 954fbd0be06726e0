"""The store: one writer, one transaction per plan, and the queries of the other rooms."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import IO, Any, Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, exc

from monitor.errors import StoreError, StoreInUse, StoreRefused
from monitor.model import Attribution, BlockRow, Coinbase, Judged, Plan, PoolSlug
from monitor.store import queries, seen_intervals, stale_blocks, writing
from monitor.store.alerts import StoredAlerts
from monitor.store.attribution_ids import AttributionIds
from monitor.store.audits import StoredAudits
from monitor.store.branches import StoredBranches
from monitor.store.journal import StoredJournal
from monitor.store.migrations import demand_newest, migrate
from monitor.store.reading import Reading
from monitor.store.reattribution import Moved, Reattribution
from monitor.store.rows import RowBatch, block_row
from monitor.store.transactions import reads, writes

_T = TypeVar("_T")
_WRITES = {"writes": True}


class Store:
    """The database. Made with `Store.open`, used as an async context manager.

    All writes run on one thread and one connection, one transaction after the other. Readers have connections of their
    own and see the last commit. Another process may write metadata: a write transaction locks the database before it
    reads, so that neither is refused.
    """

    def __init__(self, engine: Engine, lock: IO[str] | None) -> None:
        self._engine = engine
        self._lock = lock
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._writing: Connection | None = None
        self._ids = AttributionIds()
        self.revision = 0
        """Higher after each change of the best chain or its attributions."""
        self.alerts = StoredAlerts(self._write, self._read)
        """The state of alerts, and the queue of changes for their receivers."""
        self.branches = StoredBranches(self._write, self._read, self._ids)
        """Blocks that are not counted, and when each node had which block."""
        self.audits = StoredAudits(self._write, self._read)
        """Blocks compared with what the node would have mined."""
        self.journal = StoredJournal(self._write, self._read)
        """What happened, for the feed."""

    @classmethod
    async def open(cls, url: str, *, beside: bool = False) -> Store:
        """Open the database, creating or migrating it as needed.

        With `beside` it is only read, beside a daemon that may be using it: it must exist and have the newest schema.

        Raises:
            StoreRefused: another daemon uses it, a newer version wrote it, or it is not a database.
            StoreError: it cannot be opened.
        """
        return await asyncio.to_thread(cls._open, url, beside=beside)

    @classmethod
    def _open(cls, url: str, *, beside: bool) -> Store:
        try:
            engine = create_engine(url)
        except (exc.ArgumentError, ImportError) as error:
            raise StoreRefused(f"store.url does not name a usable database: {error}") from None
        with ExitStack() as undone:
            undone.callback(engine.dispose)
            lock = None
            if engine.dialect.name == "sqlite":
                if not beside:
                    lock = undone.enter_context(_lock(engine.url.database))
                elif not Path(engine.url.database or "").is_file():
                    raise StoreRefused(
                        f"no database at {engine.url.database}", remedy="start the daemon first, or correct store.url"
                    )
                event.listen(engine, "connect", _prepare_sqlite)
                event.listen(engine, "begin", _begin_sqlite)
            with _explained(engine), engine.begin() as connection:
                (demand_newest if beside else migrate)(connection)
            undone.pop_all()
        return cls(engine, lock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.submit(self._stop_writing)
        await asyncio.to_thread(self._writer.shutdown)
        self._engine.dispose()
        if self._lock:
            self._lock.close()

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
        return await self._change(lambda connection: writing.extend(connection, batch, self._ids))

    @asynccontextmanager
    async def extending(self) -> AsyncIterator[None]:
        """Use more cache memory for a series of `extend` calls."""
        await self._write(partial(writing.set_bulk_cache, on=True))
        try:
            yield
        finally:
            await self._write(partial(writing.set_bulk_cache, on=False))

    claim = writes(queries.claim)
    note_network = writes(queries.note_network)
    want = writes(queries.want)
    note_gap = writes(queries.note_gap)

    async def reattribute(
        self,
        attribute: Callable[[Coinbase], Attribution],
        registry: str,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Moved]:
        """Attribute anew every stored block that another registry attributed; see `reattribution`.

        New blocks are stored meanwhile. All changes become visible at once, at the end. `attribute` runs on another
        thread; `progress` gets the number of blocks done, and of all. Returns where blocks moved from one pool to
        another.
        """
        work = Reattribution(attribute, registry, self._ids)
        total = await self._write(work.begin)
        done = 0
        while chunk := await self._read(work.attribute):
            done += chunk.blocks
            await self._write(partial(work.save, chunk))
            if progress:
                progress(done, total)
        return await self._change(work.finish)

    # -- reading -------------------------------------------------------------------------------------------------------

    network = reads(queries.network)
    wanted = reads(queries.wanted)
    gap = reads(queries.gap)
    tip = reads(queries.tip)
    first = reads(queries.first)
    check_chain = reads(queries.check_chain)
    has = reads(queries.has)
    below = reads(queries.below)
    next_below = reads(writing.next_below)
    unattributed = reads(queries.unattributed)
    stale = reads(stale_blocks.stale)
    seen_intervals = reads(seen_intervals.seen_intervals)
    blocks = reads(queries.newest)
    block = reads(queries.one)
    blocks_of = reads(queries.of_pool)

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
        stopped = Event()
        running = asyncio.ensure_future(self._read(lambda connection: work(Reading(connection, stopped))))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            stopped.set()
            await asyncio.gather(running, return_exceptions=True)
            raise

    # -- threads and errors --------------------------------------------------------------------------------------------

    async def _change(self, work: Callable[[Connection], _T]) -> _T:
        """A write after which history may be another one."""
        try:
            return await self._write(work)
        finally:
            self.revision += 1

    async def _write(self, work: Callable[[Connection], _T]) -> _T:
        def run() -> _T:
            try:
                with _explained(self._engine):
                    # One connection for all writes: its page cache stays valid.
                    self._writing = self._writing or self._engine.connect().execution_options(**_WRITES)
                    with self._writing.begin():
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
            with _explained(self._engine), self._engine.connect() as connection:
                return work(connection)

        return await asyncio.to_thread(run)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's own type
    """WAL: readers never wait for the writer; a power cut may cost the last commits, which are fetched again.

    The driver would begin a transaction only before it changes rows: not for a migration, nor for several queries that
    must see the same state. So it is told to begin none, and `_begin_sqlite` does.
    """
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 10000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    begin = "BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN"
    connection.exec_driver_sql(begin)


def _lock(name: str | None) -> IO[str]:
    """Lock a file beside the database while it is open; the system releases it when the process dies."""
    if name in (None, "", ":memory:"):
        raise StoreRefused(
            "store.url does not name a file, so nothing would be kept", remedy="write sqlite:////path/to/a/file"
        )
    database = Path(str(name))
    path = database.with_name(database.name + ".lock")
    with ExitStack() as undone:
        try:
            database.parent.mkdir(parents=True, exist_ok=True)
            lock = undone.enter_context(path.open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreInUse(
                f"another pool-monitor uses {database}", remedy="stop it, or choose another store.url for this one"
            ) from None
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written ({error.strerror})", remedy="choose another store.url"
            ) from None
        undone.pop_all()
    return lock


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    """Translate the database's errors into ours, in one sentence."""
    try:
        yield
    except (exc.DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
        where = engine.url.render_as_string(hide_password=True)
        reason = str(error.orig if isinstance(error, exc.DBAPIError) else error).splitlines()[0]
        if "not a database" in reason:
            raise StoreRefused(f"{where} is not a database", remedy="choose another store.url") from error
        raise StoreError(
            f"the database {where} failed: {reason}", remedy="look at the disk's space and the file's owner"
        ) from error
