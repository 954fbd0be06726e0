"""`pool-monitor attribute` with a node."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.cli.attribute.request import Request, Row, run
from monitor.cli.demo_daemon import signatures_of
from monitor.config import Config, NodeSection
from monitor.embedded import EmbeddedNode, mainnet
from monitor.errors import InputError, NodeAway, NodeRefused
from monitor.registry.loading import load_pools

PAST = mainnet()[-60:]
FIRST, TIP = PAST[0].height, PAST[-1].height


@pytest.fixture
async def node() -> AsyncIterator[EmbeddedNode]:
    async with EmbeddedNode(network="main", signatures=signatures_of(load_pools()), history=PAST) as running:
        yield running


def request(node: EmbeddedNode, *sources: str, explain: bool = False, network: str | None = None) -> Request:
    config = Config(node=NodeSection(url=node.url, cookie_file=node.cookie_file))
    return Request.of(sources, config, network=network, explain=explain)  # type: ignore[arg-type]


async def rows(node: EmbeddedNode, *sources: str, explain: bool = False) -> list[Row]:
    return [row async for row in request(node, *sources, explain=explain).rows_with_node()]


async def test_a_height_and_a_hash_name_the_same_block(node: EmbeddedNode) -> None:
    (by_height,) = await rows(node, str(TIP))
    (by_hash,) = await rows(node, by_height["hash"])
    assert by_height == by_hash
    assert (by_height["height"], by_height["time"]) == (TIP, PAST[-1].time)
    assert by_height["pool_slug"] == PAST[-1].pool
    assert by_height["operator"] is not None


async def test_a_range_comes_in_order_and_several_sources_too(node: EmbeddedNode) -> None:
    found = await rows(node, f"{TIP - 40}-{TIP - 1}", str(TIP - 45), str(TIP))
    assert [row["height"] for row in found] == [*range(TIP - 40, TIP), TIP - 45, TIP]


async def test_what_the_node_does_not_have_is_an_error_in_its_place(node: EmbeddedNode) -> None:
    found = await rows(node, "ab" * 32, str(TIP), str(TIP + 1), str(FIRST))
    assert [row.get("height") for row in found] == [None, TIP, None, None]
    assert found[0]["error"] == f"the node does not know block {'ab' * 32}"
    assert found[2]["error"] == f"block {TIP + 1} does not exist yet: the node's best block is {TIP}"
    assert "has pruned block" in found[3]["error"]


async def test_a_range_beyond_the_best_block_is_refused_at_once(node: EmbeddedNode) -> None:
    with pytest.raises(InputError, match=f"end at {TIP}"):
        await rows(node, f"{TIP}-{TIP + 1_000_000}")


async def test_a_stale_block_is_found_by_its_hash(node: EmbeddedNode) -> None:
    stale = node.tip.hash
    node.reorg(depth=1)
    (row,) = await rows(node, stale)
    assert (row["height"], row["pool_slug"]) == (TIP, PAST[-1].pool)


async def test_a_block_of_the_node_is_explained(node: EmbeddedNode) -> None:
    (row,) = await rows(node, str(TIP), explain=True)
    assert row["explanation"]["marks"]
    assert row["hash"] == node.tip.hash


async def test_a_file_may_stand_among_the_blocks(node: EmbeddedNode, tmp_path: Path) -> None:
    (tmp_path / "lines").write_text('{"script_hex": "2f5669614254432f"}\njunk\n')
    found = await rows(node, str(TIP), str(tmp_path / "lines"))
    assert [row.get("pool_slug") for row in found[1:]] == ["viabtc", None]


async def test_a_node_that_is_away_is_said(node: EmbeddedNode) -> None:
    await node.stop()
    with pytest.raises(NodeAway):
        await rows(node, str(TIP))


async def test_another_network_than_asked_for_is_refused(node: EmbeddedNode) -> None:
    with pytest.raises(NodeRefused, match="follows main"):
        [row async for row in request(node, str(TIP), network="regtest").rows_with_node()]


async def test_the_table_shows_the_height(node: EmbeddedNode, capsys: pytest.CaptureFixture[str]) -> None:
    assert await asyncio.to_thread(run, request(node, f"{TIP - 30}-{TIP}"), as_table=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["HEIGHT", "POOL"]
    assert [int(line.split()[0]) for line in lines[1:]] == list(range(TIP - 30, TIP + 1))


async def test_json_lines_are_one_object_each(node: EmbeddedNode, capsys: pytest.CaptureFixture[str]) -> None:
    assert not await asyncio.to_thread(run, request(node, str(TIP), "ab" * 32), as_table=False)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["height"], list(second)) == (TIP, ["error"])
