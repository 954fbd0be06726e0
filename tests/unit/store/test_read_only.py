"""A database that this process may only read: a copy on a read-only medium, or one of another user."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.fake_chain import BEFORE_ALL, chain_on, judge

from monitor.errors import StoreError
from monitor.model import Plan
from monitor.store import copying
from monitor.store.store import Store

CHAIN = tuple(chain_on(BEFORE_ALL, 3))
NOBODY = 65534


@contextmanager
def unprivileged() -> Iterator[None]:
    """Work as a user whom permissions stop, also where the tests run as root."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can enter, which those of pytest are not."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


@pytest.fixture
async def database(folder: Path) -> Path:
    """A stored chain; the daemon has ended."""
    path = folder / "blocks.sqlite"
    async with await Store.open(f"sqlite:///{path}") as store:
        await store.apply(Plan(BEFORE_ALL, CHAIN[-1].hash, connects=CHAIN), judge(CHAIN))
    (folder / "blocks.sqlite.lock").unlink()
    path.chmod(0o444)
    return path


@pytest.mark.parametrize("folder_mode", [0o555, 0o777], ids=["read-only folder", "writable folder"])
@pytest.mark.parametrize("kind", ["as the daemon leaves it", "a backup"])
async def test_a_copy_is_read_and_nothing_is_created_beside_it(database: Path, kind: str, folder_mode: int) -> None:
    url = f"sqlite:///{database}"
    if kind == "a backup":
        copying.backup(url, database.with_name("backup"))
        database.with_name("backup").replace(database)
        database.chmod(0o444)
    before = database.read_bytes()
    database.parent.chmod(folder_mode)
    with unprivileged():
        async with await Store.open(url, beside=True) as store:
            assert await store.tip() == CHAIN[-1].ref
            assert await store.reading(lambda reading: reading.ends()) == (0, 2)
            assert [each.name for each in database.parent.iterdir()] == [database.name]
            with pytest.raises(StoreError, match="can only be read"):
                await store.note_network("main")
    assert [each.name for each in database.parent.iterdir()] == [database.name]
    assert database.read_bytes() == before


async def test_a_backup_is_made_of_it(database: Path, folder: Path) -> None:
    folder.chmod(0o555)
    with TemporaryDirectory() as target:
        Path(target).chmod(0o777)
        with unprivileged():
            assert copying.backup(f"sqlite:///{database}", Path(target) / "backup") > 0
    assert [each.name for each in folder.iterdir()] == [database.name]


async def test_the_daemon_does_not_start_on_it(database: Path, folder: Path) -> None:
    folder.chmod(0o555)
    with unprivileged(), pytest.raises(StoreError, match="cannot be written"):
        await Store.open(f"sqlite:///{database}")


async def test_what_another_users_daemon_has_not_yet_moved_into_the_file_is_seen(database: Path, folder: Path) -> None:
    database.chmod(0o644)
    async with await Store.open(f"sqlite:///{database}") as daemon:
        more = tuple(chain_on(CHAIN[-1].ref, 1))
        await daemon.apply(Plan(CHAIN[-1].ref, more[-1].hash, connects=more), judge(more))
        assert (folder / "blocks.sqlite-wal").stat().st_size
        with unprivileged():
            async with await Store.open(f"sqlite:///{database}", beside=True) as reader:
                assert await reader.tip() == more[-1].ref


async def test_reading_a_backup_does_not_change_it(database: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.sqlite"
    copying.backup(f"sqlite:///{database}", backup)
    before = backup.read_bytes()
    async with await Store.open(f"sqlite:///{backup}", beside=True) as store:
        assert await store.tip() == CHAIN[-1].ref
    assert backup.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [backup.name]
