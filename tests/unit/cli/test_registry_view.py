"""`pool-monitor registry show` and `diff`."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console
from support.fake_chain import chain_on, judge
from typer.testing import CliRunner, Result

from monitor.cli.registry import tables as registry_view
from monitor.cli.registry.command import frequent
from monitor.cli.registry.command import registry as command
from monitor.config import Config, StoreSection
from monitor.errors import InputError
from monitor.model import NO_BLOCK, BlockRef, Coinbase, Output, Plan
from monitor.registry import PoolRegistry
from monitor.store.store import Store


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def test_every_pool_has_its_line() -> None:
    done = run("show")
    assert done.exit_code == 0
    foundry = next(line for line in done.stdout.splitlines() if line.strip().startswith("foundryusa"))
    assert "Foundry USA" in foundry
    assert foundry.split()[-1] == "US"
    assert "list mempool: 168 pools" in done.stdout


def test_one_pool_is_shown_in_full_with_its_dated_memberships() -> None:
    text = run("show", "braiinspool").stdout
    for word in ("Braiins Pool", "/slush/", "1AqTMY7kmHZxBuLUR5wJjPFUvqGs23sesr", "2024-09-16", "antpool-and-friends"):
        assert word in text
    assert "does not count" in text


def test_tags_that_cannot_be_seen_are_written_out() -> None:
    assert r"\t\t\t \t\t \t" in run("show", "carbonnegative").stdout


def test_scripts_get_json() -> None:
    pool = json.loads(run("show", "luxor", "--json").stdout)
    assert (pool["slug"], pool["name"], pool["kind"]) == ("luxor", "Luxor", "pool")
    assert pool["memberships"][0]["confidence"] in {"low", "medium", "high"}
    assert len(json.loads(run("show", "--json").stdout)) >= 170


def test_a_pool_that_is_not_there_is_said() -> None:
    assert isinstance(run("show", "nobody").exception, InputError)


def test_every_contradiction_of_the_lists_is_shown_with_its_decision() -> None:
    text = " ".join(run("diff").stdout.split())
    for word in ("togetherpool", "miningkings", "1m1x", "OCEAN.XYZ", "Validated with Clean Energy", "Huobi"):
        assert word in text
    assert "undecided" not in text
    assert "Only in mempool: 43 addresses, 43 tags." in text
    assert "Only in bitcoin-data: 26 addresses, 17 tags." in text


async def unattributed(folder: Path, *coinbases: Coinbase) -> Config:
    """A configuration with a store that holds these, attributed to nobody."""
    config = Config(store=StoreSection(url=f"sqlite:///{folder / 'blocks.sqlite'}"))
    chain = chain_on(BlockRef(-1, NO_BLOCK), len(coinbases))
    blocks = tuple(replace(block, coinbase=coinbase) for block, coinbase in zip(chain, coinbases, strict=True))
    plan = Plan(BlockRef(-1, NO_BLOCK), node_tip=blocks[-1].hash, connects=blocks)
    async with await Store.open(config.store.url) as store:
        await store.apply(plan, judge(blocks, pool=None))
    return config


async def test_what_unknown_miners_have_in_common_becomes_an_entry(tmp_path: Path) -> None:
    payout = Output(5, b"\x76\xa9\x14" + bytes(20) + b"\x88\xac")
    again = [Coinbase(b"\x01%c/curious cats/" % number, (payout,)) for number in range(1, 4)]
    config = await unattributed(tmp_path, *again)
    found = await frequent(config)
    assert [(each.mark, each.blocks) for each in found.texts] == [("/curious cats/", 3)]
    assert [each.blocks for each in found.payouts] == [3]
    written = StringIO()
    Console(file=written, width=160).print(registry_view.unknown(found))
    entries = written.getvalue().partition("registry.user_file")[2]
    assert PoolRegistry.parse(entries.split("\n\n")[0]).by_slug


async def test_nothing_in_common_is_said(tmp_path: Path) -> None:
    config = await unattributed(tmp_path, Coinbase(b"\x01\x01", ()))
    written = StringIO()
    Console(file=written).print(registry_view.unknown(await frequent(config)))
    assert "No two stored blocks" in written.getvalue()
