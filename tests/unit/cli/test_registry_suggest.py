"""`pool-monitor registry suggest`."""

import asyncio
import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from support.fake_chain import BEFORE_ALL, START, chain_on
from typer.testing import CliRunner, Result

from monitor.attribution import attribute
from monitor.cli.registry.command import registry as command
from monitor.model import Coinbase, Judged, Output, Plan
from monitor.registry.address import script_of
from monitor.registry.loading import load_pools
from monitor.store.store import Store

NEW = "bc1qey5lp33mkzsk93pmg3d89ml75xchgv4lx50w7j"
SIGNED = Coinbase(b"\x03\x01\x02\x03\x14/SBICrypto.com Pool/", (Output(312_500_000, script_of(NEW, "main")),))


async def store(url: str, coinbases: list[Coinbase]) -> None:
    chain = [replace(block, coinbase=each) for block, each in zip(chain_on(BEFORE_ALL, 9), coinbases, strict=False)]
    judged = [Judged(block, attribute(block.coinbase, load_pools())) for block in chain]
    async with await Store.open(url) as opened:
        await opened.note_network("main")
        await opened.apply(Plan(BEFORE_ALL, chain[-1].hash, connects=tuple(chain)), judged)


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    found = f"sqlite:///{tmp_path}/b.sqlite"
    monkeypatch.setenv("POOL_MONITOR_STORE__URL", found)
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["suggest", *arguments])


def test_recurring_payouts_of_a_pool_known_by_its_tag_are_listed_with_an_entry(url: str) -> None:
    asyncio.run(store(url, [SIGNED, Coinbase(b"unknown", SIGNED.outputs), SIGNED, SIGNED]))
    done = run()
    assert done.exit_code == 0, done.output
    for word in ("sbicrypto", NEW, " 3 ", "2023-11-14 (0)", "2023-11-14 (3)"):
        assert word in done.stdout
    entry = done.stdout[done.stdout.index("[[main.pool]]") :]
    accepted = load_pools().extended(tomllib.loads(entry), origin="test")
    assert attribute(SIGNED, accepted).confidence == "high"
    [found] = json.loads(run("--json").stdout)["payouts"]
    assert (found["blocks"], found["of"], found["first"]) == (3, 3, {"height": 0, "time": START})


def test_nothing_is_suggested_of_too_few_blocks(url: str) -> None:
    asyncio.run(store(url, [SIGNED] * 3))
    assert "No unknown payout address recurs" in run("--blocks", "4").stdout


@pytest.mark.usefixtures("url")
def test_without_a_database_it_says_so() -> None:
    assert "no database at" in str(run().exception)
