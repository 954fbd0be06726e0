"""What real coinbases look like, mined on a real node, and what the daemon makes of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine, mine_all
from support.daemon import Daemon
from support.services import program, wait_until

from monitor.model import Output

PAYOUTS = {name: b"\x00\x14" + bytes([number]) * 20 for number, name in enumerate(("alice", "bob", "till"), start=1)}

OWN = """
[[regtest.pool]]
slug = "alicepool"
name = "Alice's Pool"
kind = "pool"
addresses = ["{alice}"]
tags = ["/alice/"]

[[regtest.pool]]
slug = "bobpool"
name = "Bob's Pool"
kind = "pool"
addresses = ["{bob}"]
tags = ["/bob/"]

[[regtest.pool]]
slug = "lonely"
name = "Solo Service"
kind = "solo"
tags = ["/solo service/"]

[[regtest.custodian]]
name = "Till"
addresses = ["{till}"]
"""


@contextmanager
def following(node: Bitcoind, folder: Path) -> Iterator[Daemon]:
    """A daemon that knows the pools above."""
    addresses = {name: node.call("decodescript", script.hex())["address"] for name, script in PAYOUTS.items()}
    registry = folder / "pools.toml"
    registry.write_text(OWN.format(**addresses))
    mine(node)
    with Daemon(
        folder / "daemon", node__url=node.url, node__cookie_file=node.cookie_file,
        registry__user_file=registry, windows="100b",
    ) as running:  # fmt: skip
        running.wait_for(node.call("getbestblockhash"))
        yield running


@pytest.fixture(scope="module")
def node() -> Iterator[Bitcoind]:
    """One for all tests that look at their own block only."""
    with (
        tempfile.TemporaryDirectory(prefix="pool-monitor-test-") as folder,
        Bitcoind(program("bitcoind"), Path(folder)) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def daemon(node: Bitcoind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The daemon on it."""
    with following(node, tmp_path_factory.mktemp("shared")) as running:
        yield running


@pytest.fixture
def fresh(bitcoind: Bitcoind, tmp_path: Path) -> Iterator[Daemon]:
    """A daemon on a node of its own, for what is counted over all blocks."""
    with following(bitcoind, tmp_path) as running:
        yield running


def judged(daemon: Daemon, node: Bitcoind, recipe: Recipe) -> dict[str, Any]:
    """Mine it, and ask the API who did."""
    block = mine(node, recipe)
    daemon.wait_for(block)
    found: dict[str, Any] = daemon.ask(f"/api/v1/blocks/{block}")
    return found


def share(daemon: Daemon, entity: str, *, level: str = "pool") -> float | None:
    return daemon.metric(f'pool_monitor_share_ratio{{entity="{entity}",level="{level}",window="100b"}}')


def test_a_payout_address_outranks_another_pools_tag_and_the_conflict_is_counted(
    daemon: Daemon, node: Bitcoind
) -> None:
    conflicts = 'pool_monitor_attribution_conflicts_total{pool="alicepool"}'
    before = daemon.metric(conflicts) or 0
    found = judged(daemon, node, Recipe(tag=b"/bob/", payout=PAYOUTS["alice"]))
    assert (found["pool_slug"], found["method"], found["conflict"]) == ("alicepool", "address", True)
    assert [each["pool_slug"] for each in found["candidates"]] == ["alicepool", "bobpool"]
    assert daemon.metric(conflicts) == before + 1
    wait_until(lambda: daemon.events("block")[-1]["conflict"] is True, seconds=5, what="the log line, which comes last")


def test_of_two_pools_that_are_paid_the_one_that_gets_the_most_counts(daemon: Daemon, node: Bitcoind) -> None:
    side = Output(10_0000_0000, PAYOUTS["bob"])
    found = judged(daemon, node, Recipe(tag=b"--", payout=PAYOUTS["alice"], extra=(side,)))
    assert (found["pool_slug"], found["conflict"]) == ("alicepool", True)


def test_dust_to_a_pools_address_neither_names_nor_contradicts(daemon: Daemon, node: Bitcoind) -> None:
    dust = Output(546, PAYOUTS["bob"])
    found = judged(daemon, node, Recipe(tag=b"--", extra=(dust,)))
    assert (found["pool_slug"], found["conflict"]) == (None, False)
    assert [each["pool_slug"] for each in found["candidates"]] == ["bobpool"]
    found = judged(daemon, node, Recipe(tag=b"/alice/", extra=(dust,)))
    assert (found["pool_slug"], found["method"], found["conflict"]) == ("alicepool", "tag", False)


def test_a_custodians_address_names_no_pool(daemon: Daemon, node: Bitcoind) -> None:
    assert judged(daemon, node, Recipe(tag=b"--", payout=PAYOUTS["till"]))["pool_slug"] is None
    assert judged(daemon, node, Recipe(tag=b"/bob/", payout=PAYOUTS["till"]))["pool_slug"] == "bobpool"


def test_a_tag_in_an_op_return_output_is_a_remark(daemon: Daemon, node: Bitcoind) -> None:
    found = judged(daemon, node, Recipe(tag=b"--", extra=(Output(0, b"\x6a\x07/alice/"),)))
    assert (found["pool_slug"], found["conflict"]) == (None, False)
    assert [each["pool_slug"] for each in found["candidates"]] == ["alicepool"]


def test_a_datum_miner_is_shown_and_builds_his_own_template(fresh: Daemon, bitcoind: Bitcoind) -> None:
    mine_all(bitcoind, [Recipe(tag=b"--")] * 17)  # lower heights are pushed as one letter
    names = b"< OCEAN.XYZ >\x0fBitcoiners\x00"
    found = judged(fresh, bitcoind, Recipe(tag=bytes([len(names)]) + names))
    assert (found["pool_slug"], found["miner"]) == ("ocean", "Bitcoiners")
    assert share(fresh, "ocean")
    assert share(fresh, "datum Bitcoiners", level="template") == share(fresh, "ocean")
    assert share(fresh, "ocean", level="template") is None


def test_blocks_of_a_solo_service_are_as_many_miners_by_template_and_one_brand(
    fresh: Daemon, bitcoind: Bitcoind
) -> None:
    fresh.wait_for(mine_all(bitcoind, [Recipe(tag=b"/solo service/")] * 5)[-1])
    assert share(fresh, "lonely")
    assert share(fresh, "lonely", level="template") is None
    (window,) = fresh.ask("/api/v1/concentration?level=template")["windows"]
    assert (window["alone"], window["merged"]["nakamoto"]) == (5, 3), "of seven blocks two are unknown"


def test_an_unknown_miner_with_a_habit_gets_a_pseudonym(fresh: Daemon, bitcoind: Bitcoind) -> None:
    recipes = [
        Recipe(
            tag=f"://{UUID(int=number * 7919 << 64 | number)}".encode(), payout=b"\x00\x14" + bytes([100 + number]) * 20
        )
        for number in range(6)
    ]
    fresh.wait_for(mine_all(bitcoind, recipes)[-1])
    (window,) = fresh.ask("/api/v1/shares?level=pool")["windows"]
    (cluster,) = [each for each in window["shares"] if each["entity"].startswith("unknown-")]
    assert cluster["blocks"] == 6
    (miner,) = fresh.ask("/api/v1/unknown")["miners"]
    assert miner["name"] == cluster["entity"]
    assert any("uuid" in line for line in miner["evidence"])
    assert cluster["entity"] in fresh.text("/")
    assert fresh.metric('pool_monitor_window_attributed_ratio{window="100b"}') == 0


@pytest.mark.parametrize(
    "tag",
    [
        b"<script>alert(1)</script>",
        b'"}\npool_monitor_fake 1\n{x="',
        "\u202etxt.exe\u2066".encode(),
        "\U0001f4a9".encode() * 20,
        b"\x1b[2J\x1b]0;owned\x07",
        bytes(range(1, 80)),
    ],
    ids=["html", "newlines", "bidi marks", "wide unicode", "terminal codes", "control characters"],
)
def test_what_a_stranger_writes_reaches_no_label_no_page_and_no_log(daemon: Daemon, node: Bitcoind, tag: bytes) -> None:
    names = b"< OCEAN.XYZ >\x0f" + tag[:60] + b"\x00"
    for script in (tag, bytes([len(names)]) + names):
        judged(daemon, node, Recipe(tag=script))
    for text in (daemon.text("/metrics"), daemon.text("/"), daemon.log):
        for trace in ("<script>alert", "pool_monitor_fake 1\n", "\u202e", "\u2066", "\U0001f4a9", "\x1b"):
            assert trace not in text
