"""The store: one writer, one transaction a plan, and the questions that the other rooms ask of the past."""

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
from monitor.model import (
    Attribution,
    BlockHash,
    BlockRecord,
    BlockRef,
    BlockRow,
    Coinbase,
    Judged,
    Plan,
    PoolSlug,
    StaleRow,
)
from monitor.store import queries, writing
from monitor.store.alerts import StoredAlerts
from monitor.store.migrations import demand_newest, migrate
from monitor.store.reading import Reading
from monitor.store.reattribution import Moved, Reattribution
from monitor.store.rows import RowBatch, block_row
from monitor.store.verdicts import Verdicts

_T = TypeVar("_T")
_WANTED, _GAP = "wanted_height", "gap"
"""Facts about the history as a whole."""
_WRITES = {"writes": True}


class Store:
    """The database. Made with `Store.open`, used as an async context manager.

    All writing happens on one thread and one connection, one transaction after the other; readers have their own
    connections and see the last commit. Another process may write a fact now and then: a transaction that will write
    takes its turn before it reads, so that none of the two is refused.
    """

    def __init__(self, engine: Engine, lock: IO[str] | None) -> None:
        self._engine = engine
        self._lock = lock
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._writing: Connection | None = None
        self._verdicts = Verdicts()
        self.revision = 0
        """Higher after each write."""
        self.alerts = StoredAlerts(self._write, self._read)
        """How alerts stand, and what is to be told of them."""

    @classmethod
    async def open(cls, url: str, *, beside: bool = False) -> Store:
        """Open the database, create it where there is none, and bring it to its newest shape.

        Args:
            url: where it is.
            beside: only for reading, beside a daemon that may be using it: it must be there, in its newest shape.

        Raises:
            StoreRefused: it is in use by another daemon, from a newer version, or no database at all.
            StoreError: it cannot be opened.
        """
        return await asyncio.to_thread(cls._open, url, beside=beside)

    @classmethod
    def _open(cls, url: str, *, beside: bool) -> Store:
        try:
            engine = create_engine(url)
        except (exc.ArgumentError, ImportError) as error:
            raise StoreRefused(f"store.url names no database that can be used: {error}") from None
        with ExitStack() as undone:
            undone.callback(engine.dispose)
            lock = None
            if engine.dialect.name == "sqlite":
                if not beside:
                    lock = undone.enter_context(_lock(engine.url.database))
                elif not Path(engine.url.database or "").is_file():
                    raise StoreRefused(f"there is no database at {engine.url.database}; has the daemon ever run?")
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
        """Make one step along the chain, whole or not at all; tell whose blocks went stale by it.

        Args:
            plan: the step.
            judged: the plan's `connects`, each with who mined it.

        Raises:
            StoreError: the database refused, or the plan does not start at our tip.
        """
        if plan.is_empty:
            return []
        return await self._write(lambda connection: self._apply(connection, plan, judged))

    def _apply(self, connection: Connection, plan: Plan, judged: Sequence[Judged]) -> list[PoolSlug | None]:
        assert [each.block for each in judged] == [*plan.connects], "the blocks judged are not those of the plan"
        losers = queries.leave(connection, plan.disconnects)
        ours = queries.tip(connection)
        if ours not in (None, plan.onto):
            raise StoreError(f"a step onto {plan.onto} was planned, but it leads onto {ours}; start again")
        writing.write(
            connection,
            [
                block_row(each.block, self._verdicts.number(connection, each.attribution), each.attribution.miner)
                for each in judged
            ],
        )
        return losers

    async def extend(self, stretch: RowBatch) -> bool:
        """Put a part of the past below our lowest block, whole or not at all; where there is none, begin with it.

        Returns:
            Whether it fits. If our history begins with another block by now, as when a reorganisation left none of it,
            nothing is stored.

        Raises:
            StoreError: the database refused, or the stretch is no chain.
        """
        return await self._write(lambda connection: writing.extend(connection, stretch, self._verdicts))

    @asynccontextmanager
    async def extending(self) -> AsyncIterator[None]:
        """Make room for a long row of `extend`: more of the database is held in memory meanwhile."""
        await self._write(partial(writing.cache_more, more=True))
        try:
            yield
        finally:
            await self._write(partial(writing.cache_more, more=False))

    async def want(self, lowest: int) -> None:
        """Remember from which height on the history is wanted: the last word counts. Any process may say it."""

        def work(connection: Connection) -> None:
            queries.note(connection, _WANTED, str(lowest))
            queries.note(connection, _GAP, "")

        await self._write(work)

    async def note_gap(self, reason: str | None) -> None:
        """Remember why there is no more history than there is; None: there is no reason."""
        await self._write(lambda connection: queries.note(connection, _GAP, reason or ""))

    async def reattribute(
        self,
        judge: Callable[[Coinbase], Attribution],
        registry: str,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Moved]:
        """Judge every stored block anew that another registry judged; see `reattribution`.

        New blocks go on being stored meanwhile. What the numbers are made of changes at once, at the end.

        Args:
            judge: what the registry says of a coinbase; called on another thread.
            registry: the registry's content hash.
            progress: called now and then with how many blocks are judged, of how many.

        Returns:
            Where blocks moved from one pool to another.
        """
        work = Reattribution(judge, registry, self._verdicts)
        total = await self._write(work.begin)
        done = 0
        while chunk := await self._read(work.judge):
            done += chunk.blocks
            await self._write(partial(work.note, chunk))
            if progress:
                progress(done, total)
        return await self._write(work.finish)

    async def claim(self, genesis: BlockHash) -> None:
        """Make this the history of one chain, for ever.

        Raises:
            StoreRefused: it is already that of another.
        """
        await self._write(lambda connection: queries.claim(connection, genesis))

    async def note_network(self, network: str) -> None:
        """Remember which network this is the history of."""
        await self._write(lambda connection: queries.note(connection, "network", network))

    # -- asking --------------------------------------------------------------------------------------------------------

    async def network(self) -> str | None:
        """Which network this is the history of; None before the first contact with a node."""
        return await self._read(lambda connection: queries.fact(connection, "network"))

    async def wanted(self) -> int | None:
        """From which height on the history is wanted; None: nobody said."""
        found = await self._read(lambda connection: queries.fact(connection, _WANTED))
        return int(found) if found else None

    async def gap(self) -> str | None:
        """Why there is no more history than there is; None: no reason is known."""
        return await self._read(lambda connection: queries.fact(connection, _GAP)) or None

    async def tip(self) -> BlockRef | None:
        """The highest block of our best chain: where following goes on. None when nothing is stored."""
        return await self._read(lambda connection: queries.end(connection, queries.HIGHEST))

    async def below(self, block: BlockRef) -> BlockRef | None:
        """The block of our best chain that this one of it stands on; None where our history begins."""
        return await self._read(lambda connection: queries.below(connection, block))

    async def first(self) -> BlockRef | None:
        """The lowest block of our best chain. None when nothing is stored."""
        return await self._read(lambda connection: queries.end(connection, queries.LOWEST))

    async def next_below(self) -> BlockRef | None:
        """The block that the lowest of ours stands on; of height -1, where ours is the genesis block."""
        return await self._read(writing.next_below)

    async def recent(self, *, seconds: int, count: int) -> list[BlockRow]:
        """The best chain's newest blocks, lowest first: so much header time of them, at least so many, and one more.

        The one more, if there is one, shows that the history goes further back than was asked for.
        """
        return await self._read(lambda connection: queries.recent(connection, seconds, count))

    async def unattributed(self, most: int) -> list[tuple[int, Coinbase]]:
        """The best chain's newest blocks that nobody could attribute, so many at most, lowest first."""
        return await self._read(lambda connection: queries.unattributed(connection, most))

    async def stale(self, *, seconds: int) -> list[StaleRow]:
        """Blocks that left the best chain in so much header time before its tip, each beside the one in its place."""
        return await self._read(lambda connection: queries.stale(connection, seconds))

    async def blocks(self, limit: int, *, below: int | None = None) -> list[BlockRecord]:
        """Blocks with their attributions, highest first, stale ones among them.

        Args:
            limit: so many at most, and whatever else stands at the height of the last.
            below: only blocks lower than this height.
        """
        return await self._read(lambda connection: queries.newest(connection, limit, below))

    async def block(self, wanted: BlockHash) -> BlockRecord | None:
        """One block with its attribution; None when it is not stored."""
        return await self._read(lambda connection: queries.one(connection, wanted))

    async def blocks_of(self, pool: PoolSlug, limit: int) -> list[BlockRecord]:
        """A pool's blocks with their attributions, highest first, stale ones among them."""
        return await self._read(lambda connection: queries.of_pool(connection, pool, limit))

    async def reading(self, work: Callable[[Reading], _T]) -> _T:
        """Have `work` read as much as it likes, at leisure, on another thread; the daemon goes on writing meanwhile.

        If this is cancelled, the work ends at its next question, and only then this.
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

    async def _write(self, work: Callable[[Connection], _T]) -> _T:
        def run() -> _T:
            try:
                with _explained(self._engine):
                    # One connection for all: what it has in memory of the database stays good.
                    self._writing = self._writing or self._engine.connect().execution_options(**_WRITES)
                    with self._writing.begin():
                        return work(self._writing)
            except BaseException:
                self._verdicts.forget()  # what they number may have been rolled back
                self._stop_writing()
                raise

        try:
            return await asyncio.get_running_loop().run_in_executor(self._writer, run)
        finally:
            self.revision += 1

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
    """A reader never waits for the writer, and a power cut costs the last commits, which are fetched again.

    The driver would begin a transaction only before it changes rows: not for a migration, nor for several questions
    that must see the same state. So it is told to begin none, and `_begin_sqlite` does.
    """
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 10000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    begin = "BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN"
    connection.connection.cursor().execute(begin)  # by the driver itself, which is sooner done with it


def _lock(name: str | None) -> IO[str]:
    """Hold a lock beside the database for as long as it is open; the system drops it when the process dies."""
    if name in (None, "", ":memory:"):
        raise StoreRefused("store.url names no file, so nothing would be remembered; write sqlite:////path/to/a/file")
    database = Path(str(name))
    path = database.with_name(database.name + ".lock")
    with ExitStack() as undone:
        try:
            database.parent.mkdir(parents=True, exist_ok=True)
            lock = undone.enter_context(path.open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreInUse(
                f"another pool-monitor uses {database}; stop it, or choose another store.url for this one"
            ) from None
        except OSError as error:
            raise StoreError(f"{path} cannot be written ({error.strerror}); choose another store.url") from None
        undone.pop_all()
    return lock


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    """Turn the database's errors into ours, in one sentence."""
    try:
        yield
    except (exc.DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
        where = engine.url.render_as_string(hide_password=True)
        reason = str(error.orig if isinstance(error, exc.DBAPIError) else error).splitlines()[0]
        if "not a database" in reason:
            raise StoreRefused(f"{where} is no database; choose another store.url") from error
        raise StoreError(
            f"the database {where} failed: {reason}; look at the disk's space and the file's owner"
        ) from error
