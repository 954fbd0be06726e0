"""The page, the API and the metrics of both economies, as a server gives them out."""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
from support import economy_views
from support.published import hub_after
from support.served import plain, sources, text, visiting

from monitor.hub import Hub
from monitor.outputs.exposition import Exposition
from monitor.outputs.web.routes.metrics import Metrics
from monitor.vitals import Vitals

EPOCH = "Epoch AI, “Data on AI Chip Owners”, epoch.ai/data/ai-chip-owners, as of 2026-04-22. CC BY 4.0."
ROUTER = "Source: OpenRouter (openrouter.ai/rankings), as of 2026-08-22. Licensed under CC BY 4.0."


@pytest.fixture
def hub() -> Hub:
    hub = hub_after(3)
    hub.show_economy(economy_views.whole(growth=-0.3))
    return hub


def served(hub: Hub) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
    return visiting(sources(hub), Metrics(Exposition(hub, Vitals())))


async def answer(session: aiohttp.ClientSession) -> dict[str, Any]:
    async with session.get("/api/v1/economy") as response:
        assert response.status == 200
        found: dict[str, Any] = await response.json()
        return found


async def test_the_page_waits_and_the_api_says_so_before_the_first_comparison() -> None:
    async with served(Hub(Vitals())) as session:
        assert "No block is stored yet" in await text(session, "/compare")
        async with session.get("/api/v1/economy") as response:
            assert response.status == 503
        assert "pool_monitor_economy" not in await text(session, "/metrics")


async def test_attribution_stands_beside_each_ai_figure(hub: Hub) -> None:
    async with served(hub) as session:
        page = await text(session, "/compare")
    layers = re.findall(r'<article class="layer" data-layer="(\w+)".*?</article>', page, re.DOTALL)
    assert layers == ["designer", "owner", "coordinator", "flow", "weights", "country", "origin", "edge"]
    for key, line in (("designer", EPOCH), ("owner", EPOCH), ("flow", ROUTER)):
        (layer,) = re.findall(rf'data-layer="{key}".*?</article>', page, re.DOTALL)
        assert line in plain(layer), key
    (trends,) = re.findall(r'data-part="trends".*?</section>', page, re.DOTALL)
    assert EPOCH in plain(trends)
    assert ROUTER in plain(trends)


async def test_what_has_no_source_is_empty_with_the_reason(hub: Hub) -> None:
    async with served(hub) as session:
        page = plain(await text(session, "/compare"))
    assert "the hashrate of public miners against that of pools is not measured" in page
    assert "No public source counts inference at the edge or on devices" in page
    assert "gini" not in (page.lower().replace("a gini coefficient is not shown", ""))


async def test_stock_and_flow_and_ages_are_marked(hub: Hub) -> None:
    async with served(hub) as session:
        page = plain(await text(session, "/compare"))
    assert "Stock : 2025-12-31," in page
    assert "Flow : 7 days to 2026-08-21," in page
    for period in ("Stock : 2025-12-31", "Flow : 7 days to 2026-08-21"):
        assert re.search(rf"{period}, \d+ days old", page)
    assert len(re.findall(r"2026-0[48]-22 \d+ days old, came with the program", page)) == 2, "each edition has its age"


async def test_the_page_begins_with_the_answer_and_shares_have_intervals(hub: Hub) -> None:
    async with served(hub) as session:
        page = plain(await text(session, "/compare"))
        found = await answer(session)
    assert found["answer"].startswith("AI: chip designers disperse; chip owners and model authors are undecided.")
    assert page.index(found["answer"]) < page.index("Effective entities over time")
    assert "Google 25 % (20\N{EN DASH}30), Microsoft" in page
    assert "3 (3\N{EN DASH}4) for more than half" in page
    owner = next(each for each in found["comparisons"] if each["key"] == "owner")["ai"]
    assert owner["majority_entities_interval"] == {"lower": 3.0, "upper": 4.0}
    assert owner["top_share_interval"]["5"]["lower"] < owner["top_share"]["5"]["dispersed"]


async def test_said_and_found_stand_side_by_side(hub: Hub) -> None:
    async with served(hub) as session:
        page = plain(await text(session, "/compare"))
    assert re.search(r"Mining concentrates\. Mining: effective template builders .*, falling, over 99 %\.", page)
    assert "A mining pool is a coordinator" in page


async def test_the_api_has_licence_attribution_and_no_gini(hub: Hub) -> None:
    async with served(hub) as session:
        found = await answer(session)
    owner = next(each for each in found["comparisons"] if each["key"] == "owner")
    assert owner["ai"]["attribution"] == EPOCH
    assert owner["ai"]["hhi"]["lumped"] == pytest.approx(1314, abs=1)
    assert owner["ai"]["trend"]["direction"] == "undecided"
    assert owner["mining"] is None
    assert owner["beside"]["trend"]["direction"] == "concentrating"
    assert {each["name"]: each["licence"] for each in found["sources"]} == {
        "epoch": "CC BY 4.0", "openrouter": "CC BY 4.0", "huggingface": "none stated for the metadata",
    }  # fmt: skip
    assert "gini" not in str(found).lower()


async def test_the_metrics_have_both_readings_and_the_attribution(hub: Hub) -> None:
    async with served(hub) as session:
        metrics = await text(session, "/metrics")
    assert re.search(r'economy_hhi\{layer="ownership",remainder="lumped",source="epoch"\} 1313\.', metrics)
    assert re.search(r'economy_direction\{side="mining"\} -1\.0', metrics)
    assert re.search(r'economy_direction\{side="designer"\} 1\.0', metrics)
    assert f'attribution="{ROUTER}"' in metrics
    assert "pool_monitor_economy_source_up" not in "".join(
        line for line in metrics.splitlines() if not line.startswith("#")
    ), "nothing is fetched"
    assert sum(line.startswith("pool_monitor_economy") for line in metrics.splitlines()) < 200
