"""Lists of stale blocks are imported beside a running daemon that follows a real node."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Built, Recipe, build, mine_all, parent_of
from support.daemon import Daemon
from support.forked import run

from monitor.wire import HEADER_BYTES

pytestmark = pytest.mark.service("bitcoind")

ANTPOOL, FOUNDRY, VIABTC = b"/AntPool/", b"/Foundry USA Pool #dropgold/", b"/ViaBTC/"


def command(daemon: Daemon, *arguments: str | Path) -> CompletedProcess[str]:
    """A command beside it."""
    return run("stale", *arguments, environment=daemon.environment)


def write(file: Path, blocks: list[Built], *pools: str) -> Path:
    """A list of these blocks, and of one with a damaged header."""
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["height", "hash", "header", "pool_slug"])
        for block, pool in zip(blocks, pools, strict=True):
            writer.writerow([block.height, block.hash, block.raw[:HEADER_BYTES].hex(), pool])
        writer.writerow([blocks[0].height, blocks[0].hash, bytes(HEADER_BYTES).hex(), ""])
    return file


def test_blocks_that_no_node_has_seen_are_races_from_the_next_block_on(
    bitcoind: Bitcoind, start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    chain = mine_all(bitcoind, [Recipe(tag=tag) for tag in [ANTPOOL, FOUNDRY, VIABTC] * 4])
    daemon = start_daemon(bitcoind, windows="6b,10b", metrics__families="all")
    daemon.wait_for(chain[-1])
    known = mine_all(bitcoind, [Recipe(tag=VIABTC)], on=chain[8])  # the node has it, and the daemon never asks for it
    unseen = build(parent_of(bitcoind, chain[5]), Recipe(tag=ANTPOOL + b"rival"))
    two = [unseen, build(unseen.parent, Recipe(tag=FOUNDRY))]
    assert daemon.ask("/api/v1/signals")["races"] == []

    file = write(tmp_path / "list.csv", two, "AntPool", "foundryusa")
    done = command(daemon, "import", file)
    assert done.returncode == 1
    assert "list.csv: 3 rows: 2 with header; 2 new; 0 already known; 1 refused" in done.stdout
    assert f"{file}, line 4: the header has the hash" in done.stderr
    tip = mine_all(bitcoind, [Recipe(tag=FOUNDRY)])[0]
    daemon.wait_for(tip)

    [race] = daemon.ask("/api/v1/signals")["races"]
    assert (race["height"], race["stale"], race["losers"]) == (7, [two[0].hash, two[1].hash], ["antpool", "foundryusa"])
    assert (race["winners"], race["builder"], race["stored"]) == (["antpool", "foundryusa"], "viabtc", False)
    rates = {each["pool_slug"]: each for each in daemon.ask("/api/v1/signals?window=10b")["stale_rates"]}
    assert (rates["antpool"]["blocks"], rates["antpool"]["stale"], rates["viabtc"]["stale"]) == (3, 1, 0)
    assert daemon.metric('pool_monitor_stale_rate_ratio{pool="antpool",window="10b"}') == pytest.approx(0.25)
    page = daemon.text("/?window=10b")
    assert 'data-part="stale-rates"' in page
    assert f'href="/block/{two[0].hash}"' not in page
    assert "one of 4 blocks: 2500.0 in 10,000" in daemon.text("/pool/antpool")

    assert "0 new; 2 already known; 1 refused" in command(daemon, "import", file).stdout
    listed = json.loads(command(daemon, "list", "--window", "10b", "--format", "json").stdout)
    assert [each["stale"] for each in listed] == [[two[0].hash, two[1].hash]]
    assert known[0] not in str(listed)

    # The blocks arrive after all, with more work on them: they leave the races, and the others become stale.
    for block in two:
        bitcoind.call("submitblock", block.raw.hex())
    tip = mine_all(bitcoind, [Recipe(tag=VIABTC)] * 7, on=two[1].hash)[-1]
    daemon.wait_for(tip)
    [race] = daemon.ask("/api/v1/signals")["races"]
    assert (race["height"], race["depth"], race["losers"][0], race["stored"]) == (7, 7, "antpool", True)
    assert race["winners"][:3] == ["antpool", "foundryusa", "viabtc"]


def test_imports_and_blocks_do_not_wait_for_each_other(
    bitcoind: Bitcoind, start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    chain = mine_all(bitcoind, [Recipe(tag=ANTPOOL)] * 20)
    daemon = start_daemon(bitcoind, windows="40b")
    daemon.wait_for(chain[-1])
    file = tmp_path / "long.csv"
    file.write_text("height,hash\n" + "".join(f"{at % 20},{at:064x}\n" for at in range(5_000)))
    with ThreadPoolExecutor() as threads:
        running = [threads.submit(command, daemon, "import", file) for _ in range(2)]
        while not all(each.done() for each in running):
            daemon.wait_for(mine_all(bitcoind, [Recipe(tag=FOUNDRY)])[0])
    done = [each.result() for each in running]
    assert [each.returncode for each in done] == [0, 0]
    new = sum(int(each.stdout.split(" new;")[0].split("; ")[-1].replace(",", "")) for each in done)
    assert new >= 5_000  # each counts those that came while it wrote
    assert not daemon.events("the database failed")
    assert "already known" in command(daemon, "import", file).stdout
