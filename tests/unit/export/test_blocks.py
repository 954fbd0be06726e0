"""Blocks on their way out: nothing is lost, nothing is invented, and others can read it."""

from __future__ import annotations

import asyncio
import csv
import re
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pandas as pd
import pytest
from pyarrow import parquet
from support.fake_chain import BEFORE_ALL, chain_on, judge
from support.services import CHECKOUT
from support.stored import FIRST, store_mainnet
from typer.testing import CliRunner

from monitor.cli.concentration.report import measure
from monitor.cli.main import cli
from monitor.config import Config, StoreSection
from monitor.errors import InputError, StoreRefused
from monitor.export.blocks import Form, export
from monitor.model import Judged, Plan
from monitor.processing.files import read
from monitor.processing.stored_blocks import Span
from monitor.store.reading import Reading
from monitor.store.store import Store

PAGE = (CHECKOUT / "docs" / "how-to" / "export.md").read_text("utf-8")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(store=StoreSection(url=f"sqlite:///{tmp_path / 'blocks.sqlite'}"))


@pytest.fixture
async def stored(config: Config) -> list[Judged]:
    return await store_mainnet(config.store.url, 3000)


async def rows(config: Config, folder: Path, form: Form = Form.PARQUET, **how: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    file = folder / f"blocks.{form}"
    written = await export(config, form, file, **how)
    if form is Form.PARQUET:
        found = parquet.read_table(file).to_pylist()
    else:
        with file.open(newline="") as opened:
            found = list(csv.DictReader(opened))
    assert len(found) == written
    return found


async def test_every_block_is_there_as_it_was_stored(config: Config, stored: list[Judged], tmp_path: Path) -> None:
    found = await rows(config, tmp_path)

    assert len(found) == len(stored)
    for row, judged in zip(found, stored, strict=True):
        block, attribution = judged.block, judged.attribution
        assert (row["height"], row["hash"]) == (block.height, block.hash)
        assert row["time"] == datetime.fromtimestamp(block.header.time, UTC)
        assert (row["pool"], row["method"]) == (attribution.pool, attribution.method)
        assert row["evidence"] == (attribution.evidence or None)
        assert row["confidence"] == attribution.confidence
        assert (row["tx_count"], row["value_sat"]) == (block.tx_count, block.coinbase.value_sat)
        assert (row["bits"], row["version"]) == (block.header.bits, block.header.version)


@pytest.mark.usefixtures("stored")
async def test_csv_says_the_same_as_parquet(config: Config, tmp_path: Path) -> None:
    as_text = await rows(config, tmp_path, Form.CSV)

    def text(value: object) -> str:
        if isinstance(value, datetime):
            return str(int(value.timestamp()))
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    expected = [{name: text(value) for name, value in row.items()} for row in await rows(config, tmp_path)]
    assert as_text == expected


@pytest.mark.usefixtures("stored")
async def test_levels_are_those_of_the_count(config: Config, tmp_path: Path) -> None:
    found = await rows(config, tmp_path)

    for level in ("template", "operator", "origin", "country"):
        counted = measure(tmp_path / "blocks.parquet", level=level, window=None).found
        blocks = Counter(row[level] for row in found)
        named = {share.entity: share.blocks for share in counted.shares}
        assert named
        assert {entity: blocks[entity] for entity in named} == named
        assert sum(n for entity, n in blocks.items() if str(entity).startswith("alone-")) == counted.alone


@pytest.mark.usefixtures("stored")
async def test_a_span_has_both_its_ends(config: Config, tmp_path: Path) -> None:
    found = await rows(config, tmp_path, span=Span(FIRST + 10, FIRST + 12))

    assert [row["height"] for row in found] == [FIRST + 10, FIRST + 11, FIRST + 12]


async def test_concentration_reads_either_file(config: Config, stored: list[Judged], tmp_path: Path) -> None:
    for form in Form:
        await rows(config, tmp_path, form)
        read_back = read(tmp_path / f"blocks.{form}").blocks
        assert [(row.height, row.time, row.pool) for row in read_back] == [
            (each.block.height, each.block.header.time, each.attribution.pool) for each in stored
        ]


async def test_stale_blocks_come_only_when_they_are_wanted(config: Config, tmp_path: Path) -> None:
    chain = chain_on(BEFORE_ALL, 5)
    branch = chain_on(chain[2].ref, 3)
    left = tuple(block.ref for block in reversed(chain[3:]))
    async with await Store.open(config.store.url) as store:
        await store.apply(Plan(BEFORE_ALL, chain[-1].hash, connects=tuple(chain)), judge(chain))
        await store.apply(Plan(chain[2].ref, branch[-1].hash, left, tuple(branch)), judge(branch))

        best = await rows(config, tmp_path)
        every = await rows(config, tmp_path, stale=True)

    assert [row["hash"] for row in best] == [block.hash for block in (*chain[:3], *branch)]
    assert "stale" not in best[0]
    assert [(row["height"], row["stale"]) for row in every[2:]] == [
        (2, False), (3, False), (3, True), (4, False), (4, True), (5, False),
    ]  # fmt: skip


async def test_what_the_daemon_does_meanwhile_is_not_seen(config: Config) -> None:
    chain = chain_on(BEFORE_ALL, 3)
    loop = asyncio.get_running_loop()
    async with await Store.open(config.store.url) as daemon, await Store.open(config.store.url, beside=True) as reader:
        await daemon.apply(Plan(BEFORE_ALL, chain[1].hash, connects=tuple(chain[:2])), judge(chain[:2]))
        news = daemon.apply(Plan(chain[1].ref, chain[2].hash, connects=(chain[2],)), judge(chain[2:]))

        def work(reading: Reading) -> tuple[object, object]:
            before = reading.ends()
            asyncio.run_coroutine_threadsafe(news, loop).result(10)
            return before, reading.ends()

        assert await reader.reading(work) == ((0, 1), (0, 1))
        assert await reader.tip() == chain[2].ref


async def test_an_export_that_is_cancelled_ends(config: Config, stored: list[Judged]) -> None:
    reached: list[int] = []
    begun = Event()

    def work(reading: Reading) -> None:
        for block in reading.blocks(0, 2**31 - 1):
            reached.append(block.row.height)
            begun.set()
            time.sleep(0.001)

    async with await Store.open(config.store.url, beside=True) as store:
        reading = asyncio.create_task(store.reading(work))
        await asyncio.to_thread(begun.wait, 10)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await asyncio.sleep(0.1)

    assert len(reached) < len(stored)


async def test_a_failure_leaves_no_file(config: Config, tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="start the daemon first"):
        await export(config, Form.CSV, tmp_path / "out.csv")
    async with await Store.open(config.store.url):
        pass
    with pytest.raises(InputError, match="no blocks yet"):
        await export(config, Form.CSV, tmp_path / "out.csv")
    await store_mainnet(config.store.url, 10)
    with pytest.raises(InputError, match=f"the store has {FIRST} to {FIRST + 9}"):
        await export(config, Form.CSV, tmp_path / "out.csv", span=Span(0, 5))

    def fail(done: int, _total: int) -> None:
        raise RuntimeError(str(done))

    with pytest.raises(RuntimeError):
        await export(config, Form.CSV, tmp_path / "out.csv", progress=fail)
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        await export(config, Form.CSV, tmp_path / "nowhere" / "out.csv")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("out")] == []


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("form", Form)
async def test_a_full_disk_is_told_in_a_sentence(config: Config, form: Form) -> None:
    with pytest.raises(InputError, match="/dev/full cannot be written: No space left on device"):
        await export(config, form, Path("/dev/full"))


def test_the_command_writes_to_standard_output(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'b.sqlite'}"
    asyncio.run(store_mainnet(url, 5))

    done = CliRunner().invoke(cli, ["export", "csv", "--from", str(FIRST + 1)], env={"POOL_MONITOR_STORE__URL": url})

    assert done.exit_code == 0, done.output
    assert [int(line.split(",")[0]) for line in done.stdout.splitlines()[1:]] == [FIRST + n for n in (1, 2, 3, 4)]


async def test_the_queries_of_the_documentation_work(
    config: Config, stored: list[Judged], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rows(config, tmp_path)
    monkeypatch.chdir(tmp_path)
    (sql,) = re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (python,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        by_operator = connection.execute(sql).fetchall()
    names: dict[str, Any] = {}
    exec(python, names)  # noqa: S102 -- our own page

    assert sum(row[2] for row in by_operator) == len(stored)
    assert by_operator[0][0] == 2025
    hhi = names["hhi"]
    assert isinstance(hhi, pd.Series)
    month = [each for each in stored if datetime.fromtimestamp(each.block.header.time, UTC).month == 11]
    sizes = Counter(each.attribution.pool or each.block.hash for each in month)
    assert hhi["2025-11"] == pytest.approx(10_000 * sum((n / len(month)) ** 2 for n in sizes.values()))
