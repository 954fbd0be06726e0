"""The page of nodes and branches, the strip on the others, and the feed, as a server gives them out."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import aiohttp
import feedparser
import pytest
from pydantic import SecretStr
from support import node_views
from support.node_views import TOP, Stored, hash_of
from support.published import hub_after
from support.served import plain, sources, text, visiting

from monitor.config import WebSection
from monitor.hub import Hub
from monitor.model import EntryKind, JournalEntry
from monitor.outputs.web.cache import AnswerCache
from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.server import WebServer
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry
from monitor.vitals import Vitals

TOKEN = "of-the-test"  # noqa: S105
HOSTILE = "</title><script>alert(1)</script>"


def served(hub: Hub, stored: Stored | None = None) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
    stored = stored or Stored()
    return visiting(sources(hub, store=stored, branches=stored, journal=stored, directory=Directory(load_registry())))


@pytest.fixture
def hub() -> Hub:
    return hub_after(3)


async def test_before_the_first_look_at_the_nodes_the_page_waits() -> None:
    async with served(Hub(Vitals())) as session:
        assert "No block is stored yet" in await text(session, "/nodes")


async def test_a_node_has_its_row_and_a_second_one_is_suggested(hub: Hub) -> None:
    hub.show_nodes(node_views.one())
    async with served(hub) as session:
        shown = await text(session, "/nodes")

    assert "One node is followed: home." in shown
    assert "counted, followed" in shown
    assert "A second node shows branches that this one does not follow" in shown
    assert f'href="./block/{hash_of(TOP - 11, 1)}"' in shown


async def test_nodes_that_agree_have_their_place_and_their_lag(hub: Hub) -> None:
    hub.show_nodes(node_views.agreeing())
    async with served(hub) as session:
        shown = plain(await text(session, "/nodes"))

    assert "All 3 nodes are on the same chain." in shown
    assert "2 blocks behind" in shown
    assert "not trusted" in shown
    assert "0.0 s first with 2 of 3" in shown
    assert "1.0 s first with 1 of 3" in shown
    assert "foundryusa 2.5 s 2.9 s 2 unknown 1.0 s 1.0 s 1" in shown
    assert "latency between these nodes" in shown


async def test_the_lags_are_in_the_api_too(hub: Hub) -> None:
    hub.show_nodes(node_views.agreeing())
    async with served(hub) as session, session.get("/api/v1/nodes") as response:
        found = (await response.json())["lags"]

    assert found["nodes"] == [
        {"node": "friend", "blocks": 3, "first": 1, "median_seconds": 1.0, "p90_seconds": pytest.approx(2.6)},
        {"node": "home", "blocks": 3, "first": 2, "median_seconds": 0.0, "p90_seconds": pytest.approx(1.6)},
    ]
    assert [(each["pool_slug"], each["pool_name"], each["blocks"]) for each in found["pools"]] == [
        ("foundryusa", "foundryusa", 2), (None, None, 1),
    ]  # fmt: skip


async def test_one_node_is_compared_with_none(hub: Hub) -> None:
    hub.show_nodes(node_views.one())
    async with served(hub) as session:
        assert "Lag by pool" not in await text(session, "/nodes")


async def test_a_block_of_which_only_the_header_is_known_has_no_link(hub: Hub) -> None:
    hub.show_nodes(node_views.agreeing())
    async with served(hub) as session:
        shown = await text(session, "/nodes")

    assert "header only" in shown
    assert f'href="./block/{hash_of(TOP - 20, 1)}"' not in shown
    assert f"{TOP - 20} · header only" in shown


async def test_both_branches_of_a_split_are_told(hub: Hub) -> None:
    hub.show_nodes(node_views.split())
    async with served(hub) as session:
        shown = plain(await text(session, "/nodes"))

    assert "Split above block 900043 since" in shown
    assert "Counted: home, cellar" in shown
    assert "Not counted: friend" in shown
    assert "6.00 \N{MULTIPLICATION SIGN} 10²³ hashes" in shown
    assert "bit 4 in 5" in shown
    assert "no bit" in shown
    assert "foundryusa 3 blocks, 50" in shown
    assert "United States 4 blocks" in shown


async def test_every_page_says_that_nodes_disagree_and_of_which_branch_the_numbers_are(hub: Hub) -> None:
    async with served(hub) as session:
        assert 'data-part="disagreement"' not in await text(session, "/")
        hub.show_nodes(node_views.split())
        for path in ("/", "/memberships"):
            shown = plain(await text(session, path))
            assert "Nodes disagree: friend is on another branch" in shown, path
            assert "Numbers are of the branch of home" in shown, path
        hub.show_nodes(node_views.replaced())
        assert "friend stands in for home" in plain(await text(session, "/"))
        assert 'data-part="disagreement"' not in await text(session, "/nodes"), "it says the same itself"
        hub.show_nodes(node_views.agreeing())
        assert 'data-part="disagreement"' not in await text(session, "/")


async def test_the_feed_is_found_and_read(hub: Hub) -> None:
    entries = [
        JournalEntry(f"stale/{at}", EntryKind.STALE, 1.75e9 - at, HOSTILE, text=HOSTILE, path="/") for at in range(60)
    ]
    async with served(hub, Stored(entries)) as session:
        assert '<link rel="alternate" type="application/atom+xml"' in await text(session, "/")
        async with session.get("/feed.atom") as response:
            body, tag = await response.read(), response.headers["ETag"]
            assert response.content_type == "application/atom+xml"
            base = str(response.url.origin())
        async with session.get("/feed.atom", headers={"Host": "x:99999999"}) as response:
            assert response.status == 400
        async with session.get("/feed.atom", headers={"If-None-Match": tag}) as response:
            assert response.status == 304

    read = feedparser.parse(body)
    assert not read.bozo
    assert len(read.entries) == 50
    assert {each.link for each in read.entries} == {f"{base}/"}
    assert b"<script>" not in body


async def test_the_feed_asks_for_the_token(hub: Hub) -> None:
    over = sources(hub, journal=Stored())
    running = WebServer(
        [Pages(over)], AnswerCache(over.state), Vitals(), settings=WebSection(port=0, token=SecretStr(TOKEN))
    )
    async with running, aiohttp.ClientSession(running.url) as session:
        async with session.get("/feed.atom") as response:
            assert response.status == 401
        async with session.get("/feed.atom", headers={"Authorization": f"Bearer {TOKEN}"}) as response:
            assert response.status == 200
