"""Databases that are there, are not there, and are not ours."""

import gzip
import sys
from collections import Counter
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Table, create_engine
from support.databases import NewUrl, ask
from support.fake_chain import BEFORE_ALL, chain_on, judge

from monitor.attribution import attribute
from monitor.errors import Exit, ExtraMissing, StoreError, StoreRefused
from monitor.model import Attribution, Coinbase, Confidence, Plan
from monitor.registry.loading import load_pools
from monitor.store.migrations import NEWEST, migrate
from monitor.store.migrations.upgrade import upgrade
from monitor.store.schema import tables
from monitor.store.store import Store

DATA = Path(__file__).parents[2] / "data"


def at(path: Path) -> str:
    return f"sqlite:///{path}"


async def opened_and_closed(url: str) -> None:
    async with await Store.open(url):
        pass


_SHAPES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL",
    "postgresql": """
        SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL
        SELECT table_name || '.' || column_name, data_type || ' ' || is_nullable || coalesce(column_default, '')
        FROM information_schema.columns WHERE table_schema = 'public'
    """,
}


def shape(url: str) -> dict[str, str]:
    """What the database says of its tables and indices, whitespace aside."""
    rows = ask(url, _SHAPES[url.partition(":")[0].partition("+")[0]])
    return {name: " ".join(sql.replace('"', "").split()) for name, sql in rows if "alembic_version" not in name}


# -- shapes ------------------------------------------------------------------------------------------------------------


async def test_the_folder_and_the_database_are_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "blocks.sqlite"
    async with await Store.open(at(path)) as store:
        assert await store.tip() is None
    assert path.is_file()


def test_migrations_build_what_the_schema_says(new_url: NewUrl) -> None:
    migrated, created = new_url(), new_url()
    engine = create_engine(migrated)
    with engine.begin() as connection:
        upgrade(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = [each for each in compare_metadata(context, tables) if "modify_comment" not in str(each)]
        assert differences == []  # comments are of new databases only
        assert context.get_current_revision() == NEWEST
    engine.dispose()
    engine = create_engine(created)
    with engine.begin() as connection:
        migrate(connection)
        assert MigrationContext.configure(connection).get_current_revision() == NEWEST
    engine.dispose()
    assert shape(migrated) == shape(created)  # partial indices too, which alembic does not compare


async def test_a_database_of_the_previous_version_is_upgraded(tmp_path: Path) -> None:
    """The file was written by the version before the tables were renamed (schema 0003), with every table filled."""
    path = tmp_path / "old.sqlite"
    path.write_bytes(gzip.decompress((DATA / "store_0003.sqlite.gz").read_bytes()))
    async with await Store.open(at(path)) as store:
        tip = await store.tip()
        assert tip is not None
        assert (tip.height, tip.hash[:4]) == (800_049, "abab")
        assert len(await store.recent(list, seconds=0, count=99)) == 50
        assert [row.height for row in await store.stale(seconds=10_000)] == [800_049]
        assert (await store.network(), await store.wanted(), await store.gap()) == (
            "main",
            700_000,
            "the node is pruned",
        )
        assert [alert.rule for alert in await store.alerts.load()] == ["pool_majority"]

        def never(_coinbase: Coinbase) -> Attribution:
            raise AssertionError("an interrupted re-attribution has nothing left to attribute, only to move")

        moved = await store.reattribute(never, "1" * 16)
        assert sum(each.blocks for each in moved) == 51
        assert {row.pool for row in await store.recent(list, seconds=0, count=99)} == {"moved"}


async def test_attributions_without_a_confidence_get_one_from_the_stored_coinbases(tmp_path: Path) -> None:
    """The file was written by the version before attributions had one (schema 0004): the coinbases are real."""
    path = tmp_path / "old.sqlite"
    path.write_bytes(gzip.decompress((DATA / "store_0004.sqlite.gz").read_bytes()))
    registry = load_pools()
    async with await Store.open(at(path)) as store:
        before = [each.judged for each in await store.blocks(99)]
        assert {each.attribution.confidence for each in before} == {None}
        await store.reattribute(lambda coinbase: attribute(coinbase, registry), registry.hash)
        after = [each.judged for each in await store.blocks(99)]
    assert [each.attribution.pool for each in after] == [each.attribution.pool for each in before]
    assert [each.attribution for each in after] == [attribute(each.block.coinbase, registry) for each in after]
    found = Counter(each.attribution.confidence for each in after if each.attribution.pool)
    assert found == {Confidence.HIGH: 34, Confidence.LOW: 2}


async def test_opening_again_changes_nothing(url: str) -> None:
    chain = chain_on(BEFORE_ALL, 3)
    async with await Store.open(url) as store:
        await store.apply(Plan(BEFORE_ALL, chain[-1].hash, connects=tuple(chain)), judge(chain))
    before = shape(url)
    async with await Store.open(url) as store:
        assert await store.tip() == chain[-1].ref
    assert shape(url) == before


async def test_a_first_start_that_was_cut_short_does_no_harm(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole schema is one transaction: there is never half a database to open."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(Table, "create", fail)  # of the last one
        with pytest.raises(RuntimeError, match="power cut"):
            await Store.open(url)
    assert shape(url) == {}
    await opened_and_closed(url)


# -- not ours ----------------------------------------------------------------------------------------------------------


async def test_a_database_from_a_newer_version_is_refused(url: str) -> None:
    await opened_and_closed(url)
    ask(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        StoreRefused, match=r"from a newer version of pool-monitor \(revision 9999\); upgrade"
    ) as caught:
        await Store.open(url)
    assert caught.value.exit_code is Exit.MISCONFIGURED


async def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "wallet.dat"
    path.write_bytes(b"my life's savings" * 100)
    with pytest.raises(StoreRefused, match=r"wallet\.dat is not a database; choose another store\.url"):
        await Store.open(at(path))
    assert path.read_bytes() == b"my life's savings" * 100


async def test_a_database_in_use_is_refused(url: str) -> None:
    async with await Store.open(url):
        with pytest.raises(StoreRefused, match=r"another pool-monitor (uses|writes) .*; stop it, or choose"):
            await Store.open(url)
    await opened_and_closed(url)


async def test_a_refused_database_is_let_go_of(tmp_path: Path) -> None:
    """What is wrong with it can be put right without a restart of whoever tried."""
    path = tmp_path / "blocks.sqlite"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StoreRefused, match="is not a database"):
        await Store.open(at(path))
    path.unlink()
    await opened_and_closed(at(path))


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/blocks\.sqlite\.lock cannot be written \(.*\); choose another"):
        await Store.open(at(tmp_path / "file" / "blocks.sqlite"))


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "blocks.sqlite").mkdir()
    with pytest.raises(StoreError, match=r"failed: unable to open database file; look at"):
        await Store.open(at(tmp_path / "blocks.sqlite"))


async def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "blocks.sqlite"
    chain = chain_on(BEFORE_ALL, 200)
    async with await Store.open(at(path)) as store:
        await store.apply(Plan(BEFORE_ALL, chain[-1].hash, connects=tuple(chain)), judge(chain))
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(StoreRefused, match="is damaged: database disk image is malformed; run `pool-monitor db check`"):
        async with await Store.open(at(path)) as store:
            await store.tip()


@pytest.mark.parametrize("nowhere", ["sqlite://", "sqlite:///:memory:"])
async def test_a_database_in_memory_is_refused(nowhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreRefused, match=r"store\.url does not name a file, so nothing would be kept"):
        await Store.open(nowhere)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", ["", "blocks.sqlite", "nosuch://host/db", "mysql://host/db", "sqlite:/x", "://"])
async def test_an_address_that_names_no_database_is_said(wrong: str) -> None:
    with pytest.raises(StoreRefused, match=r"^store\.url does not name a usable database: "):
        await Store.open(wrong)


async def test_a_missing_driver_is_said_with_the_extra_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ExtraMissing, match=r"needs the extra 'postgres'.*wheel or checkout.*\[postgres\]"):
        await Store.open("postgresql+psycopg://monitor@127.0.0.1/none")
