"""What rules would have told, from a file and from the store, over a past and over chains on which nothing happens."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from support.fake_chain import BEFORE_ALL, chain_on, judge
from support.stored import FIRST, store_mainnet
from typer.testing import CliRunner

from monitor.backtest import backtest as work
from monitor.backtest.backtest import BacktestOptions, BacktestReport, backtest
from monitor.cli.backtest.table import as_csv, as_json, as_table
from monitor.cli.main import cli
from monitor.config import Config
from monitor.errors import InputError, StoreRefused
from monitor.model import Plan
from monitor.processing.stored_blocks import Span
from monitor.registry.loading import load_registry
from monitor.store.store import Store

RULES = """
[[rule]]
name = "big"
value = "share_ratio"
where = { level = "pool", window = "500b" }
above = 0.3
until = 0.2
severity = "warning"
summary = "{entity} has {value}"

[[rule]]
name = "node"
value = "node_away_seconds"
above = 1
severity = "info"
summary = "away"

[[rule]]
name = "conflicts"
value = "attribution_conflict"
above = 0
severity = "info"
summary = "{pool}"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "rules.toml").write_text(RULES)
    return Config.model_validate({
        "store": {"url": f"sqlite:///{tmp_path / 'blocks.sqlite'}"},
        "windows": ["500b"],
        "alerts": {"rules_file": tmp_path / "rules.toml"},
    })  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One pool has a tenth, then half, then a tenth of the blocks."""
    path = tmp_path / "blocks.csv"
    shares = [10] * 1500 + [2] * 1000 + [10] * 2000
    rows = (
        f"{at},{1_700_000_000 + 600 * at},{'big' if at % every == 0 else f'p{at % 7}'}"
        for at, every in enumerate(shares)
    )
    path.write_text("height,time,pool\n" + "\n".join(rows) + "\n")
    return path


async def test_a_file_of_blocks_is_judged(config: Config, file: Path) -> None:
    report = await backtest(config, BacktestOptions(file=file))

    (result,) = report.results
    (one,) = result.episodes
    assert (one.alert.rule, one.alert.labels["entity"]) == ("big", "big")
    assert 1500 < (one.alert.height or 0) < 2000
    assert one.ended
    assert result.rate == pytest.approx(1 / report.years)
    lower, upper = result.interval
    assert lower < result.rate < upper
    assert result.firing == pytest.approx((one.ended - one.alert.since) / (report.years * 365.25 * 86_400))
    assert report.left == {
        "node": "it is not stored",
        "conflicts": "it needs stored blocks",
    }
    assert report.first.height == 500  # before that the window is not full


async def test_the_store_is_judged_beside_a_daemon(config: Config) -> None:
    await store_mainnet(config.store.url, 3000)
    told: list[tuple[int, int]] = []

    report = await backtest(config, BacktestOptions(), lambda done, total: told.append((done, total)))

    assert [result.rule.name for result in report.results] == ["big", "conflicts"]
    assert report.first.height > FIRST
    assert told[-1] == (3000, 3000)


async def test_heights_bound_it(config: Config, file: Path) -> None:
    report = await backtest(config, BacktestOptions(file=file, span=Span(100, 1100)))

    assert (report.first.height, report.last.height) == (600, 1100)
    assert not report.results[0].episodes
    with pytest.raises(InputError, match="none of these blocks is in the file, which has 0 to 4499"):
        await backtest(config, BacktestOptions(file=file, span=Span(9000)))
    with pytest.raises(InputError, match="too few blocks"):
        await backtest(config, BacktestOptions(file=file, span=Span(0, 300)))


async def test_without_a_store_there_is_nothing_to_judge(config: Config) -> None:
    with pytest.raises(StoreRefused, match="no database at"):
        await backtest(config, BacktestOptions())


async def test_made_up_chains_have_the_shares_of_the_last_year_and_no_news(
    config: Config, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "BLOCKS_A_YEAR", 3000)
    one, same, other = [await backtest(config, BacktestOptions(file=file, years=1, seed=seed)) for seed in (1, 1, 2)]

    assert one.simulated
    assert one.blocks == pytest.approx(3000, abs=100)
    assert one.results[0].episodes == ()  # a fifth of the blocks on average: no luck makes it three tenths
    assert (one.first, one.last) == (same.first, same.last)
    assert one.last != other.last


@pytest.fixture
async def report(config: Config, file: Path) -> BacktestReport:
    return await backtest(config, BacktestOptions(file=file))


def test_it_is_written_for_people_and_for_scripts(report: BacktestReport) -> None:
    console = Console(width=120, file=io.StringIO(), force_terminal=False)
    console.print(as_table(report))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "big" in text
    assert "node: not evaluated, it is not stored" in text

    document = json.loads(as_json(report))
    assert document["rules"][0]["alerts"] == 1
    assert document["not_judged"]["node"] == "it is not stored"
    (row,) = csv.DictReader(io.StringIO(as_csv(report)))
    assert row["labels"] == "level=pool,entity=big,window=500b"
    assert row["began"] == document["rules"][0]["episodes"][0]["began"]


@pytest.mark.usefixtures("config")
def test_the_command(file: Path, tmp_path: Path) -> None:
    arguments = ["backtest", str(file), "--rules", str(tmp_path / "rules.toml"), "--format", "json"]
    done = CliRunner().invoke(cli, arguments, env={"POOL_MONITOR_WINDOWS": "500b"})

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rules"][0]["alerts"] == 1


async def test_a_stored_race_is_told_with_the_block_that_ended_it(config: Config) -> None:
    base = chain_on(BEFORE_ALL, 4)
    lost, won = chain_on(base[-1].ref, 2), chain_on(base[-1].ref, 3)
    async with await Store.open(config.store.url) as store:
        await store.apply(Plan(BEFORE_ALL, lost[-1].hash, connects=(*base, *lost)), judge([*base, *lost], "antpool"))
        gone = tuple(block.ref for block in reversed(lost))
        await store.apply(
            Plan(base[-1].ref, won[-1].hash, disconnects=gone, connects=tuple(won)), judge(won, "foundryusa")
        )
        found = await store.reading(lambda reading: list(work.stored_blocks(reading, load_registry(), Span())))

    assert [each.row.height for each in found] == [0, 1, 2, 3, 4, 5, 6]
    (race,) = [each.race for each in found if each.race]
    assert found[6].race is race
    assert (race.height, race.stale, race.losers) == (4, tuple(block.hash for block in lost), ("antpool", "antpool"))
