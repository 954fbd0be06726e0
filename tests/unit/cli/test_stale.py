"""`pool-monitor stale`."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path

import pytest
from support.blocks import solve
from support.stale import LIST, POOLS
from support.stored import FIRST, store_mainnet
from typer.testing import CliRunner, Result

from monitor.cli.stale import text
from monitor.cli.stale.command import stale as command
from monitor.model import BlockHash, Header, Race, Window
from monitor.processing.stale_view import StaleView
from monitor.store.store import Store
from monitor.wire import encode_header

BLOCKS = 9000
"""Until the end of 2025: the blocks beside all of the list."""


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    found = f"sqlite:///{tmp_path}/b.sqlite"
    monkeypatch.setenv("POOL_MONITOR_STORE__URL", found)
    asyncio.run(store_mainnet(found, BLOCKS))
    return found


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [*map(str, arguments)], env={"COLUMNS": "200"})


@pytest.mark.usefixtures("url")
def test_lists_are_imported_once_in_whatever_order() -> None:
    done = run("import", POOLS, LIST)
    assert done.exit_code == 0, done.output
    assert "pools.csv: 10 rows: 0 with header; 7 new; 3 already known; 0 refused\n  7 blocks got a pool." in done.stdout
    assert "stale-blocks.csv: 12 rows: 12 with header; 5 new; 7 already known; 0 refused" in done.stdout
    again = run("import", LIST, POOLS)
    assert "12 rows: 12 with header; 0 new; 12 already known" in again.stdout
    assert "got a pool" not in again.stdout


def test_races_and_rates_come_from_the_lists(url: str) -> None:
    assert "No stale block known in 1y." in run("rates").stdout
    assert json.loads(run("list", "--format", "json").stdout) == []
    run("import", LIST, POOLS)
    races = json.loads(run("list", "--format", "json").stdout)
    assert len(races) == 12
    found = {key: races[0][key] for key in ("height", "losers", "winners", "builder", "time")}
    assert found == {
        "height": 929872, "losers": ["viabtc"], "winners": ["foundryusa"], "builder": "spiderpool", "time": 1766932152
    }  # fmt: skip
    assert len(json.loads(run("list", "--format", "json", "--window", "2016b").stdout)) == 4
    assert run("list", "--format", "csv").stdout.splitlines()[1].startswith("929872,1766932152,1,0000")
    assert "ViaBTC" in run("list").stdout
    rates = {each["pool"]: each for each in json.loads(run("rates", "--format", "json").stdout)}
    assert {pool: each["stale"] for pool, each in rates.items() if each["stale"]} == {
        "antpool": 2, "viabtc": 2, "spiderpool": 2
    }  # fmt: skip
    assert rates["viabtc"]["lower"] < rates["viabtc"]["rate"] < rates["viabtc"]["upper"]
    shown = run("rates").stdout
    assert "Stale blocks known to this database: a lower bound" in shown
    assert "Stale blocks without a known pool, which count for none: 5." in shown

    async def known() -> int:
        async with await Store.open(url, beside=True) as store:
            return len(await store.stale(seconds=10**9))

    assert asyncio.run(known()) == 12


@pytest.mark.usefixtures("url")
def test_bad_rows_are_named_the_rest_is_imported_and_the_status_is_1(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text(
        f"height,hash,pool\n-3,{'ab' * 32},\n929000,{'ab' * 32},Nobody's Pool\n929001,{'cd' * 32},SECPOOL Mining\n"
    )
    done = run("import", file)
    assert done.exit_code == 1
    assert f"{file}, line 2: '-3' is not a block height" in done.stderr
    assert "own.csv: 3 rows: 0 with header; 2 new; 0 already known; 1 refused" in done.stdout
    assert "Pools that the registry does not have, stored as unknown: Nobody's Pool (1)." in done.stdout
    [secpool] = [each for each in json.loads(run("rates", "--format", "json").stdout) if each["stale"]]
    assert secpool["pool"] == "secpool"


@pytest.mark.usefixtures("url")
def test_a_header_that_is_too_easy_for_its_height_is_refused(tmp_path: Path) -> None:
    merkle_root = bytes(32)
    easy = solve(Header(BlockHash(""), 4, BlockHash("00" * 32), merkle_root, 1_766_000_000, 0x207FFFFF, 0))
    file = tmp_path / "forged.csv"
    for height, refused in ((929_000, 1), (FIRST - 5, 0)):  # nothing is known of the target below the stored blocks
        file.write_text(f"height,hash,header\n{height},{easy.hash},{encode_header(easy).hex()}\n")
        done = run("import", file)
        assert done.exit_code == refused
        assert ("is not that of height 929000" in done.stderr) == bool(refused)
    assert "1 row at heights that are not stored" in done.stdout


@pytest.mark.usefixtures("url")
def test_of_two_pools_for_a_block_the_one_by_tag_counts(tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    with file.open("w") as opened:
        writer = csv.writer(opened)
        writer.writerow(["height", "hash", "pool_slug", "how"])
        writer.writerow([929_000, "ab" * 32, "antpool", "rsk_miner_address"])
        writer.writerow([929_000, "ab" * 32, "binancepool", "coinbase_tag (by a list)"])
        writer.writerow([929_000, "ab" * 32, "antpool", "rsk_miner_address"])
    done = run("import", file)
    assert "1 block with two pools in the list: the one by coinbase tag counts." in done.stdout
    assert json.loads(run("list", "--format", "json").stdout)[0]["losers"] == ["binancepool"]


def test_without_a_database_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL_MONITOR_STORE__URL", f"sqlite:///{tmp_path}/none.sqlite")
    assert "no database at" in str(run("import", LIST).exception)


def test_stale_blocks_of_unknown_pools_alone_are_said_to_be_known(capsys: pytest.CaptureFixture[str]) -> None:
    race = Race(7, 0, (BlockHash("ab" * 32),), losers=(None,), winners=(None,))
    text.rates(StaleView(Window.parse("1y"), (race,), rates=(), names={}), "table")
    assert "Stale blocks known in 1y: 1, 1 without a known pool: there is no rate to show." in capsys.readouterr().out
