"""The signals as JSON."""

import json
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from support.rows import rows
from support.served import server, sources

from monitor.analysis import POOL, BlockTable, concentrate
from monitor.analysis.signals.compute import signals as taken
from monitor.hub import Hub
from monitor.model import (
    BlockHash,
    PoolSlug,
    Snapshot,
    StaleRow,
    Tally,
    Window,
)
from monitor.outputs.schemas.signals import Signals
from monitor.outputs.web.routes.api import Api
from monitor.vitals import Vitals

BLOCKS = rows("aab?", height=2014, version=[0x2000_0010] * 4, tx_count=[1] * 4, value_sat=[5_000_000_001] * 4)
LOST = StaleRow(2015, BlockHash("x"), BlockHash("w"), 5, PoolSlug("b"), PoolSlug("a"))
WINDOWS = [Window.parse(name) for name in ("2b", "4b")]


def snapshot(*, empty: bool = False) -> Snapshot:
    seen = None if empty else taken(BlockTable.of(BLOCKS, (POOL,)), WINDOWS, stale=[LOST], intervals={2017: 4.5})
    return Snapshot(
        BLOCKS[-1], BlockHash("0" * 64), 0, caught_up=True, registry="", concentration=(),
        tally=Tally(), pool_names={PoolSlug("a"): "Pool A"}, signals=seen,
    )  # fmt: skip


def shown(window: str | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Signals.of_snapshot(snapshot(), window).encode())
    return found


def test_one_window() -> None:
    found = shown("4b")
    assert {each["window"] for name in ("luck", "rewards", "signalling") for each in found[name]} == {"4b"}
    assert found["luck"][0]["pool_slug"] == "a"
    assert found["luck"][0]["pool_name"] == "Pool A"
    assert found["empty_blocks"][2] == {
        "pool_slug": None, "pool_name": None, "window": "4b", "blocks": 1, "empty": 1,
        "within": {"10": 0, "30": 0, "60": 0}, "timed": 1, "soon": 1, "median_seconds": 4.5,
    }  # fmt: skip
    assert found["rewards"][0]["fee_ratio"] == pytest.approx(1 / 5_000_000_001)
    assert found["signalling"][0]["pools"] == [
        {"pool_slug": "a", "pool_name": "Pool A", "blocks": 2},
        {"pool_slug": "b", "pool_name": "b", "blocks": 1},
        {"pool_slug": None, "pool_name": None, "blocks": 1},
    ]


def test_what_belongs_to_no_window_is_always_there() -> None:
    found = shown("2b")
    assert found["streaks"][0]["longest"] == 2
    assert found["periods"][1] == {"first_height": 2016, "blocks": 2, "signalling": {"4": 2}}
    assert found["forecasts"][0]["missing"] == 1109 - 2
    assert found["following"][0].keys() >= {"leader_slug", "follower_name", "p_value"}
    assert found["races"] == [
        {
            "height": 2015,
            "time": "1970-01-01T00:00:05Z",
            "stale": ["x"],
            "losers": ["b"],
            "winners": ["a"],
            "depth": 1,
            "stored": True,
            "builder": None,
        }
    ]
    assert found["race_records"][0]["pool_slug"] in "ab"


def test_without_a_window_all_of_them() -> None:
    assert {each["window"] for each in shown(None)["signalling"]} == {"2b", "4b", "period"}


async def test_the_path_of_the_api() -> None:
    hub = Hub(Vitals())
    seen = snapshot()
    windows = tuple(concentrate(BlockTable.of(BLOCKS, (POOL,)), WINDOWS))
    hub.publish(replace(seen, concentration=windows))
    over = sources(hub)
    async with server([Api(over)], over) as served, aiohttp.ClientSession(served.url) as session:
        async with session.get("/api/v1/signals?window=2b") as answer:
            found = await answer.json()
        assert found["tip"]["height"] == 2017
        assert {each["window"] for each in found["luck"]} == {"2b"}
        async with session.get("/api/v1/signals?window=3b") as answer:
            assert answer.status == 400
            assert "choose one of: 2b, 4b" in (await answer.text())


def test_no_signals_are_empty_lists() -> None:
    found = Signals.of_snapshot(snapshot(empty=True)).model_dump(exclude={"tip"})
    assert not any(found.values())
