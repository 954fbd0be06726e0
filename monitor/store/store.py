"""The store: one writer, one transaction a plan, and the questions that the other rooms ask of the past."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, insert, make_url, select

from monitor.errors import StoreError, StoreRefused
from monitor.model import Attribution, BlockHash, BlockRecord, BlockRef, BlockRow, Judged, Plan, PoolSlug
from monitor.store import queries
from monitor.store.migrations import migrate
from monitor.store.rows import attribution_row, block_row
from monitor.store.schema import attributions, blocks

_T = TypeVar("_T")
_KNOWN_ATTRIBUTIONS = 20_000
"""Distinct judgements whose row number is remembered. Far more than there are pools; a bound, because coinbases are
written by strangers."""


class Store:
    """The database. Made with `Store.open`, used as an async context manager.

    All writing happens on one thread, one transaction after the other; readers have their own connections and see the
    last commit.
    """

    def __init__(self, engine: Engine, lock: IO[str] | None) -> None:
        self._engine = engine
        self._lock = lock
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._known: dict[Attribution, int] = {}

    @classmethod
    async def open(cls, url: str) -> Store:
        """Open the database, create it where there is none, and bring it to its newest shape.

        Raises:
            StoreRefused: it is in use by another daemon, from a newer version, or no database at all.
            StoreError: it cannot be opened.
        """
        return await asyncio.to_thread(cls._open, url)

    @classmethod
    def _open(cls, url: str) -> Store:
        path = make_url(url).database if url.startswith("sqlite") else None
        lock = _lock(Path(path)) if path else None
        engine = create_engine(url)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
        with _explained(url), engine.begin() as connection:
            migrate(connection)
        return cls(engine, lock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
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
        ours = queries.end(connection, blocks.c.height.desc())
        base = plan.disconnects[0] if plan.disconnects else plan.onto
        if ours is not None and ours != base:
            raise StoreError(f"a step from block {base} was planned, but the stored tip is {ours}")
        losers = queries.leave(connection, plan.disconnects)
        if judged:
            rows = [block_row(each.block, self._attribution(connection, each.attribution)) for each in judged]
            connection.execute(queries.upsert(connection), rows)
        return losers

    def _attribution(self, connection: Connection, attribution: Attribution) -> int:
        """The row number of a judgement, which is written if it is new."""
        if (known := self._known.get(attribution)) is not None:
            return known
        row = attribution_row(attribution)
        of_row = select(attributions.c.id).where(attributions.c.digest == row["digest"])
        number: int | None = connection.execute(of_row).scalar()
        if number is None:
            number = connection.execute(insert(attributions).returning(attributions.c.id), row).scalar_one()
        if len(self._known) >= _KNOWN_ATTRIBUTIONS:
            self._known.clear()
        self._known[attribution] = number
        return number

    async def claim(self, genesis: BlockHash) -> None:
        """Make this the history of one chain, for ever.

        Raises:
            StoreRefused: it is already that of another.
        """
        await self._write(lambda connection: queries.claim(connection, genesis))

    # -- asking --------------------------------------------------------------------------------------------------------

    async def tip(self) -> BlockRef | None:
        """The highest block of our best chain: where following goes on. None when nothing is stored."""
        return await self._read(lambda connection: queries.end(connection, blocks.c.height.desc()))

    async def below(self, block: BlockRef) -> BlockRef | None:
        """The stored block that ours stands on; None where our history begins."""
        return await self._read(lambda connection: queries.below(connection, block))

    async def first(self) -> BlockRef | None:
        """The lowest block of our best chain. None when nothing is stored."""
        return await self._read(lambda connection: queries.end(connection, blocks.c.height.asc()))

    async def recent(self, *, seconds: int, count: int) -> list[BlockRow]:
        """The best chain's newest blocks, lowest first: so much header time of them, and at least so many."""
        return await self._read(lambda connection: queries.recent(connection, seconds, count))

    async def blocks(self, limit: int, *, below: int | None = None) -> list[BlockRecord]:
        """Blocks with their attributions, highest first, stale ones among them.

        Args:
            limit: so many at most.
            below: only blocks lower than this height.
        """
        return await self._read(lambda connection: queries.newest(connection, limit, below))

    async def block(self, wanted: BlockHash) -> BlockRecord | None:
        """One block with its attribution; None when it is not stored."""
        return await self._read(lambda connection: queries.one(connection, wanted))

    # -- threads and errors --------------------------------------------------------------------------------------------

    async def _write(self, work: Callable[[Connection], _T]) -> _T:
        def run() -> _T:
            with _explained(self._engine.url), self._engine.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    async def _read(self, work: Callable[[Connection], _T]) -> _T:
        def run() -> _T:
            with _explained(self._engine.url), self._engine.connect() as connection:
                return work(connection)

        return await asyncio.to_thread(run)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's own type
    """A reader never waits for the writer, and a power cut costs the last commits, which are fetched again."""
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 10000"):
        connection.execute(f"PRAGMA {pragma}")


def _lock(database: Path) -> IO[str]:
    """Hold a lock beside the database for as long as it is open; the system drops it when the process dies."""
    path = database.with_name(database.name + ".lock")
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror}); choose another store.url") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StoreRefused(
            f"another pool-monitor uses {database}; stop it, or choose another store.url for this one"
        ) from None
    return lock


@contextmanager
def _explained(url: str | URL) -> Iterator[None]:
    """Turn the database's errors into ours, in one sentence."""
    try:
        yield
    except exc.DBAPIError as error:
        reason = str(error.orig).splitlines()[0]
        where = make_url(url).render_as_string(hide_password=True)
        kind = StoreRefused if "not a database" in reason else StoreError
        raise kind(f"the database {where} failed: {reason}; look at the disk's space and the file's owner") from error
