"""The page about builders and custody, its JSON and its metrics, as a server gives them out."""

from __future__ import annotations

import json
import re
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import aiohttp
import pytest
from support.builders import HOSTILE, view_of
from support.published import hub_after
from support.served import plain, sources, text, visiting

from monitor.hub import Hub
from monitor.model import BuildersView, PoolSlug
from monitor.outputs.exposition import Exposition
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry
from monitor.vitals import Vitals

ANTPOOL, FOUNDRY, LUXOR = map(PoolSlug, ("antpool", "foundryusa", "luxor"))


@pytest.fixture
def hub() -> Hub:
    hub = hub_after(3)
    hub.show_builders(view_of(ANTPOOL, FOUNDRY, LUXOR))
    return hub


def served(hub: Hub) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
    return visiting(sources(hub, directory=Directory(load_registry())))


async def test_groups_matrix_and_evidence_are_shown_and_escaped(hub: Hub) -> None:
    async with served(hub) as session:
        page = await text(session, "/builders")
        for words in ("antpool-templates", "foundryusa", "luxor", "elsewhere", "pass over the same", "built alike"):
            assert words in page
        assert "by the list of memberships, not by these groups" in plain(page)
        assert HOSTILE not in page
        assert page.count('class="strong"') == 2  # both halves of the matrix
        assert page.count('class="weak"') == 2
        months = re.findall(r"month=(\d{4}-\d\d)", page)
        earlier = await text(session, f"/builders?level=template&month={months[-1]}")
        assert 'class="strong"' not in earlier
        assert 'class="weak"' in earlier


async def test_the_page_says_if_the_level_counts_by_measured_groups(hub: Hub) -> None:
    assert hub.builders
    hub.show_builders(replace(hub.builders, measured_template=True))
    async with served(hub) as session:
        page = await text(session, "/builders")
    assert "counts by these groups" in plain(page)
    assert 'href="./entity/template/antpool-templates"' in page


async def test_custody_is_shown_with_payouts(hub: Hub) -> None:
    async with served(hub) as session:
        page = plain(await text(session, "/builders?level=custodian"))
    for words in (
        "41,234 spends",
        "12 blocks are still",
        "antpool-custody",
        "spent together",
        "to miners directly",
        "4.5",
    ):
        assert words in page


@pytest.mark.parametrize("view", [BuildersView(), None])
async def test_nothing_is_known_at_first(hub: Hub, view: BuildersView | None) -> None:
    hub.builders = view
    async with served(hub) as session:
        for level in ("template", "custodian", "nonsense"):
            assert await text(session, f"/builders?level={level}")
        found = json.loads(await text(session, "/api/v1/builders"))
    assert found["proposals"] == []
    assert found["custody"]["off"] == "the daemon is starting"


async def test_json_has_all_of_it_and_a_level_alone(hub: Hub) -> None:
    async with served(hub) as session:
        whole = json.loads(await text(session, "/api/v1/builders"))
        part = json.loads(await text(session, "/api/v1/builders?level=custodian"))
    assert [each["kind"] for each in whole["evidence"]] == ["co_spent", "omissions", "structure"]
    assert {each["group"] for each in part["proposals"]} == {"antpool-custody"}
    (luxor,) = (each for each in whole["proposals"] if each["pool_slug"] == "luxor")
    assert (luxor["confidence"], luxor["until"], luxor["pool_slug"]) == ("low", None, "luxor")
    assert whole["payouts"][1]["days_until_spent"] == [1.0, 4.5, 12.25]


def test_metrics_are_valid(hub: Hub) -> None:
    body, _ = Exposition(hub, Vitals()).encode("text/plain")
    lines = body.decode().splitlines()
    for line in (
        'pool_monitor_pool_similarity_ratio{evidence="co_spent",other="foundryusa",pool="antpool"} 0.93',
        'pool_monitor_measured_group_pools{group="antpool-templates",level="template"} 3.0',
        'pool_monitor_template_group_new_pools{group="antpool-templates"} 1.0',
        "pool_monitor_custody_up 1.0", "pool_monitor_custody_spends 41234.0",
        'pool_monitor_custody_spent_days{pool="foundryusa",quantile="0.5"} 4.5',
    ):  # fmt: skip
        assert line in lines
