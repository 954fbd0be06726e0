"""The pages and what they are made of, as a server gives them out."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from support.daemon import Inside, following
from support.served import Well, server, sources, text

from monitor.analysis import POOL, BlockTable, estimated, snapshot
from monitor.cli.demo_daemon import signatures_of
from monitor.embedded import EmbeddedNode, Signature
from monitor.hub import Hub
from monitor.model import (
    Alert,
    AlertState,
    BlockHash,
    BlockRecord,
    BlockRow,
    Change,
    Combined,
    Concentration,
    ConfirmationRisk,
    Coverage,
    CurrentShare,
    EmptyBlocks,
    EntryKind,
    Interval,
    JournalEntry,
    PoolSlug,
    Severity,
    Share,
    Signals,
    Snapshot,
    Tally,
    Window,
)
from monitor.outputs.web import sources as state
from monitor.outputs.web.pages.pages import Pages
from monitor.registry.directory import Directory
from monitor.registry.loading import load_pools, load_registry
from monitor.vitals import Vitals

FOUNDRY, ANTPOOL, HOSTILE = PoolSlug("foundryusa"), PoolSlug("antpool"), PoolSlug("hostile")
TAG = b"</dd><script>alert(1)</script>"


@pytest.fixture
async def node() -> AsyncIterator[EmbeddedNode]:
    signatures = {**signatures_of(load_pools("main")), HOSTILE: Signature(TAG, b"\x00\x14" + b"\x07" * 20)}
    async with EmbeddedNode(network="main", signatures=signatures) as node:
        node.mine(FOUNDRY, time=1_700_000_000)
        for pool in (ANTPOOL, FOUNDRY, HOSTILE, HOSTILE):
            node.mine(pool)
        yield node


@pytest.fixture
async def daemon(node: EmbeddedNode, tmp_path: Path) -> AsyncIterator[Inside]:
    async with following(node, tmp_path) as daemon:
        yield daemon


# -- pages -------------------------------------------------------------------------------------------------------------


async def test_a_page_may_load_nothing_and_run_nothing_but_our_own(daemon: Inside, node: EmbeddedNode) -> None:
    for path in ("/", f"/block/{node.tip.hash}", "/pool/antpool", "/pool/nobody"):
        async with daemon.session.get(daemon.url + path) as response:
            policy = dict(rule.strip().split(" ", 1) for rule in response.headers["Content-Security-Policy"].split(";"))
            text = await response.text()
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|<style", text), path
        assert not re.search(r'(?:src|rel="stylesheet" href)="(?!(?:\./|(?:\.\./)+)(?:static|chart)/)', text), path


async def test_a_coinbase_is_escaped_wherever_it_is_shown(daemon: Inside, node: EmbeddedNode) -> None:
    text = (await daemon.get(f"/block/{node.tip.hash}"))[2].decode()
    assert "&lt;script&gt;alert(1)" in text
    for path in ("/", "/pool/foundryusa"):
        assert b"<script>alert" not in (await daemon.get(path))[2]


async def test_an_unknown_miner_has_a_page_too(daemon: Inside) -> None:
    found = await daemon.ask("/api/v1/unknown")
    name = found["miners"][0]["name"]
    assert name.encode() in (await daemon.get("/"))[2]
    status, _, body = await daemon.get(f"/pool/{name}")
    assert status == 200
    shown = plain(body.decode())
    assert "recognised by what the blocks have in common" in shown
    assert shown.count("2 of 5") > 0
    assert "How it is identified newest 2 blocks" in shown, "the page has no other number of blocks"
    assert "None is stored" not in shown
    listed = await daemon.ask(f"/api/v1/blocks?pool={name}")
    assert [each["height"] for each in listed["blocks"]] == [5, 4]
    assert (await daemon.ask(f"/api/v1/pools/{name}"))["newest"]["blocks"] == 2
    series = await daemon.ask(f"/api/v1/history?metric=shares&entity={name}&window=1h&step=1h&from=1700002400")
    assert name in series["series"]


async def test_the_runbook_marks_names_as_code(daemon: Inside) -> None:
    body = (await daemon.get("/runbook"))[2].decode()

    assert '<h2 id="pool_majority"><code>pool_majority</code></h2>' in body
    assert "<code>/api/v1/shares?window=24h</code> and <code>3d</code>" in body
    assert "`" not in body.partition("<main")[2]


async def test_what_is_not_there_is_said_in_a_page(daemon: Inside) -> None:
    for path in ("/block/xyz", f"/block/{'ab' * 32}", "/pool/nobody", "/pool/%3Cscript%3E"):
        status, content_type, body = await daemon.get(path)
        assert (status, content_type) == (404, "text/html; charset=utf-8"), path
        assert b"Not found" in body
        assert b"<script>" not in body


async def test_memberships_have_a_page_by_level_and_entity(daemon: Inside) -> None:
    every = (await daemon.get("/memberships"))[2].decode()
    chinese = (await daemon.get("/memberships?level=origin&entity=CN"))[2].decode()
    assert every.count("<tr>") > chinese.count("<tr>") > 3
    assert every.index("Foundry USA") < every.index("SpiderPool")
    assert "not counted" in chinese
    assert "Foundry USA" not in chinese
    assert "No row says so" in (await daemon.get("/memberships?entity=%3Cb%3E"))[2].decode()


async def test_a_block_says_how_sure_its_pool_is(daemon: Inside, node: EmbeddedNode) -> None:
    page = (await daemon.get("/"))[2].decode()
    newest = re.findall(r'<li class=.*?"\.(/block/\w{64})".*?</li>', page, re.DOTALL)
    assert page.count('title="high confidence"') == 3
    assert b"Confidence:" not in (await daemon.get(f"/block/{node.tip.hash}"))[2]
    assert b"Confidence: <strong>high</strong>" in (await daemon.get(newest[2]))[2]


async def test_who_has_the_page_already_is_told_so(daemon: Inside) -> None:
    async with daemon.session.get(daemon.url) as response:
        tag = response.headers["ETag"]
        assert response.headers["Cache-Control"] == "no-cache"
    async with daemon.session.get(daemon.url, headers={"If-None-Match": tag}) as response:
        assert response.status == 304


# -- what they are made of ---------------------------------------------------------------------------------------------


async def test_scripts_and_charts_are_kept_for_a_year_and_compressed(daemon: Inside) -> None:
    text = (await daemon.get("/"))[2].decode()
    paths = re.findall(r'(?:src|href)="\.(/static/[^"]+)"', text)
    assert len(paths) == 5
    paths.append(f"{paths[0].rpartition('/')[0]}/readout.js")
    async with aiohttp.ClientSession(daemon.url, auto_decompress=False) as session:
        for path in paths:
            async with session.get(path, headers={"Accept-Encoding": "gzip"}) as response:
                packed = await response.read()
                assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
                small = response.headers.get("Content-Encoding") != "gzip"
            async with session.get(path, headers={"Accept-Encoding": "identity"}) as response:
                assert (packed if small else gzip.decompress(packed)) == await response.read()
                assert len(packed) < 2000 or not small
        assert len(packed) < 60_000
        async with session.get("/static/of-long-ago/page.css") as response:
            assert (response.status, response.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "path",
    [
        "/static/x/nothing.js",
        "/static/x/..%2Fpage.py",
        "/static/x/../../page.py",
        "/static/x/",
    ],
)
async def test_nothing_else_is_given_out(daemon: Inside, path: str) -> None:
    assert (await daemon.get(path))[0] == 404


# -- the API of pools --------------------------------------------------------------------------------------------------


async def test_pools_come_largest_first(daemon: Inside) -> None:
    pools = (await daemon.ask("/api/v1/pools"))["pools"]
    assert [pool["slug"] for pool in pools[:2]] == ["foundryusa", "antpool"]
    assert pools[0]["shares"][0]["window"] == "24h"
    assert pools[0]["shares"][0]["blocks"] == 2
    assert pools[-1]["shares"] == []
    assert len(pools) > 100


async def test_a_pool_is_told_with_everything(daemon: Inside) -> None:
    told = await daemon.ask("/api/v1/pools/antpool")
    assert (told["slug"], told["name"], told["kind"]) == ("antpool", "AntPool", "pool")
    assert told["memberships"]
    assert told["belongs"].keys() == {"template", "operator", "origin", "country", "custodian"}
    assert {each["window"]: each["of"] for each in told["shares"]}["24h"] == 5
    assert told["signals"].keys() == {
        "streak", "luck", "empty_blocks", "rewards", "advantages", "signalling", "bip54", "race_record", "races",
        "stale_rates",
    }  # fmt: skip
    assert told["newest"]["blocks"] == 1
    assert told["newest"]["payouts"][0]["address"] in told["addresses"]

    status, content_type, body = await daemon.get("/api/v1/pools/nobody")
    assert (status, content_type) == (404, "application/problem+json; charset=utf-8")
    assert json.loads(body)["detail"] == "unknown pool 'nobody'; /api/v1/pools has the list"
    assert (await daemon.get("/api/v1/pools?x=1"))[0] == 400


# -- how often it is made ----------------------------------------------------------------------------------------------


@dataclass
class Past:
    """A store without blocks, that counts how often it is asked."""

    asked: int = 0

    async def blocks(self, limit: int, *, below: int | None = None) -> list[BlockRecord]:  # noqa: ARG002
        self.asked += 1
        return []

    async def block(self, wanted: BlockHash) -> BlockRecord | None:  # noqa: ARG002
        return None

    async def blocks_of(self, pool: PoolSlug, limit: int) -> list[BlockRecord]:  # noqa: ARG002
        return []


@dataclass
class Noted:
    """A journal of these entries."""

    entries: Sequence[JournalEntry]

    async def newest(self, *, limit: int) -> list[JournalEntry]:
        return list(self.entries[:limit])


@asynccontextmanager
async def served(
    hub: Hub, past: Past, health: Well, journal: Sequence[JournalEntry] = ()
) -> AsyncIterator[aiohttp.ClientSession]:
    """Only the pages."""
    over = sources(hub, store=past, health=health, directory=Directory(load_registry()), journal=Noted(journal))
    async with server([Pages(over)], over) as running, aiohttp.ClientSession(running.url) as session:
        yield session


def publish(hub: Hub, pools: str) -> Snapshot:
    """A block for each letter."""
    rows = [BlockRow(at, 1_700_000_000 + 600 * at, 0x1D00FFFF, PoolSlug(pool)) for at, pool in enumerate(pools)]
    table, windows = BlockTable.of(rows, [POOL]), [Window.parse("24h")]
    found = snapshot(
        table, windows, Tally(), tip_hash=BlockHash("ab" * 32), first_height=0, caught_up=True, registry="abc",
        pool_names={PoolSlug("a"): "Anna", PoolSlug("b"): "Bert"},
    )  # fmt: skip
    found = estimated(found, table, windows)
    hub.publish(found)
    return found


async def test_a_page_is_made_once_for_each_snapshot() -> None:
    hub, past = Hub(Vitals()), Past()
    async with served(hub, past, Well()) as session:
        assert "No block is stored yet" in await text(session, "/")

        publish(hub, "aab")
        pages = {await text(session, "/") for _ in range(5)}
        assert (len(pages), past.asked) == (1, 1)
        assert "Anna" in pages.pop()

        publish(hub, "aabb")
        await text(session, "/")
        assert past.asked == 2


async def test_what_the_node_and_the_rules_say_is_shown_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_AGE_SECONDS", 1e9)
    hub, health = Hub(Vitals()), Well()
    async with served(hub, Past(), health) as session:
        publish(hub, "aab")
        assert "No alert is firing" in await text(session, "/")

        alert = Alert(
            "majority", Severity.CRITICAL, AlertState.FIRING, 1_700_000_000.0, "Anna has <more> than half", ""
        )
        pending = Alert("other", Severity.INFO, AlertState.PENDING, 1_700_000_000.0, "not yet", "")
        hub.alert([alert, pending], [alert])
        shown = await text(session, "/")
        assert "Anna has &lt;more&gt; than half" in shown
        assert "Critical" in shown
        assert "not yet" not in shown

        health.waiting = "nothing listens at 127.0.0.1:8332"
        assert "The node does not answer: nothing listens" in await text(session, "/")


async def test_a_history_with_a_gap_says_so_and_why() -> None:
    hub, health = Hub(Vitals()), Well()
    async with served(hub, Past(), health) as session:
        publish(hub, "aab")
        assert "missing" not in await text(session, "/")

        health.coverage = Coverage(1100, 100, 2000, by="block files")
        shown = await text(session, "/")
        assert "1,000 older blocks are missing and being fetched (block files, 47 % complete)." in shown

        health.coverage = Coverage(1100, 100, 2000, by="block files", seconds_left=130)
        assert "(block files, 47 % complete, 2 minutes left)" in await text(session, "/")

        health.coverage = Coverage(101, 100, 2000, reason="the node has pruned the blocks below <101>")
        shown = await text(session, "/")
        assert "1 older block is missing: the node has pruned the blocks below &lt;101&gt;." in shown


# -- what is uncertain -------------------------------------------------------------------------------------------------

ORIGIN = Concentration(
    "origin", Window.parse("30d"), 100, 30, shares=[Share("US", 40, 0.4, lower=0.31, upper=0.5)],
    nameless={PoolSlug("a"): 20},
)  # fmt: skip
MAY_BE = Combined(
    "origin", "30d", hhi=Interval(1500, 5200), nakamoto=Interval(1, 2),
    shares={"US": Interval(0.31, 0.55), "CN": Interval(0.0, 0.61)},
)  # fmt: skip
SEAT = replace(MAY_BE, level="country", shares={"CN": Interval(0.0, 0.72)})


def uncertain(found: Snapshot, **estimates: object) -> Snapshot:
    """With the level `origin`, and these estimates."""
    assert found.estimates
    indices = found.concentration[0]
    origin = ORIGIN._replace(split=indices.split, merged=indices.merged)
    known = replace(found.estimates, **estimates)  # type: ignore[arg-type]
    return replace(found, concentration=(*found.concentration, origin), estimates=known)


def plain(page: str) -> str:
    """The text of a page, with ASCII for spaces, dashes and minus signs."""
    text = re.sub(r"<[^>]+>", " ", page).replace("&nbsp;", " ")
    text = text.translate({0xA0: " ", 0x2013: "-", 0x2212: "-"})
    return re.sub(r"\s+([.,:;)])", r"\1", re.sub(r"\s+", " ", text))


async def test_the_interval_that_is_read_has_everything_uncertain_in_it() -> None:
    hub = Hub(Vitals())
    async with served(hub, Past(), Well()) as session:
        hub.publish(uncertain(publish(hub, "aab"), combined=(MAY_BE, SEAT)))
        shown = plain(await text(session, "/?level=origin&window=30d"))

    assert "One to two countries of origin have more than half of the hashrate; the largest, United States," in shown
    assert "has 31.0 - 55.0 % (95 % intervals; 31.0 - 50.0 % by sampling alone)." in shown
    assert "It found 40.0 % of the last 100 blocks." in shown
    assert "China, for which no block is counted, may have up to 61.0 %." in shown
    assert "moderately to highly concentrated" in shown
    assert "no country counted 20.0 %" in shown
    assert "unknown 10.0 %" in shown
    assert "lowest concentration" not in shown, "unknown blocks may be any country's"
    assert "Pools founded in China: 0.0 - 61.0 % of the last 30 days" in shown
    assert "with an operator registered in China: 0.0 - 72.0 % (95 % intervals)" in shown


@pytest.mark.parametrize("complete", [1.0, 0.6])
async def test_the_head_answers_in_20_seconds_also_while_the_window_is_incomplete(complete: float) -> None:
    hub = Hub(Vitals())
    async with served(hub, Past(), Well()) as session:
        before = publish(hub, "aab")
        assert before.estimates
        found = uncertain(before, combined=(*before.estimates.combined, MAY_BE, SEAT))
        hub.publish(
            replace(found, concentration=tuple(each._replace(complete=complete) for each in found.concentration))
        )
        shown = plain(await text(session, "/")).partition("Who mines Bitcoin?")
    head = shown[1] + shown[2].partition("other claims.")[0]

    assert "(95 % intervals)" in head
    assert ("; the window is 60 % complete." in head) == (complete < 1)
    assert len(head.split()) < 4 * 20, "at four words a second"


async def test_before_the_estimates_no_interval_is_shown() -> None:
    hub = Hub(Vitals())
    async with served(hub, Past(), Well()) as session:
        hub.publish(replace(uncertain(publish(hub, "aab")), estimates=None))
        shown = plain(await text(session, "/?level=origin&window=30d"))

    assert "range is not computed yet" in shown
    assert "The largest, " in shown
    assert "31.0" not in shown
    assert "Chinese origin" not in shown


async def test_confirmation_risk_and_the_share_now_are_shown() -> None:
    hub = Hub(Vitals())
    risk = ConfirmationRisk("pool", "a", tuple(0.5**many for many in range(1, 30)), (0.25,) * 29, (0.75,) * 29)
    now = CurrentShare("pool", "a", 0.61, 0.6, 0.9, Interval(0.5, 0.95), 100.0)
    async with served(hub, Past(), Well()) as session:
        hub.publish(uncertain(publish(hub, "aab"), confirmation_risks=(risk,), current=(now,)))
        shown = plain(await text(session, "/"))
        pool = plain(await text(session, "/pool/a"))

    assert "Confirmations Anna largest pool 1 50 % 25 % - 75 % 2 25 %" in shown
    assert "12 1 in 4,100" in shown
    assert "needed for 0.1 % 10 up to more than 29" in shown
    assert "nothing about intent" in shown
    assert "61.0 %" in shown
    assert "Share now: 61.0 %" in pool


async def test_empty_blocks_are_told_apart_by_how_soon_they_came() -> None:
    hub = Hub(Vitals())
    timed = EmptyBlocks(PoolSlug("a"), "30d", 2, empty=2, within={}, timed=2, soon=1, median_seconds=25.0)
    unseen = EmptyBlocks(PoolSlug("b"), "30d", 1, empty=1, within={})
    async with served(hub, Past(), Well()) as session:
        window = publish(hub, "aab").concentration[-1].window.name
        empty = tuple(replace(each, window=window) for each in (timed, unseen))
        hub.publish(replace(publish(hub, "aab"), signals=Signals(empty=empty)))
        early, unknown = plain(await text(session, "/pool/a")), plain(await text(session, "/pool/b"))

    assert "Empty blocks one of two seen within 30 seconds of the parent, median 25.0 s" in early
    assert "Empty blocks seconds after the parent not known" in unknown


async def test_blocks_of_as_many_miners_have_no_effective_number() -> None:
    hub = Hub(Vitals())
    async with served(hub, Past(), Well()) as session:
        publish(hub, "abcd")
        shown = plain(await text(session, "/"))

    assert "Glossary 0 95 %: 0 -" in shown, "the index without bias of four miners with a block each"
    assert "equal pools" in shown
    assert "One to three pools have more than half" in shown, "and what is counted, three, is one of them"
    assert "10,000.0" not in shown, "no more equal pools than there are blocks"


async def test_changes_have_their_size_and_a_pair_is_one_sentence() -> None:
    def change(pool: str, before: float, after: float, **more: object) -> Change:
        shares = [Share(pool, 10, share, lower=share, upper=share) for share in (before, after)]
        size = Interval(after - before - 0.01, after - before + 0.01)
        return Change("pool", pool, 144, 0, 300, before=shares[0], after=shares[1], size=size, **more)  # type: ignore[arg-type]

    hub = Hub(Vitals())
    pair = change("a", 0.3, 0.2, counterpart="b"), change("b", 0.1, 0.21, counterpart="a")
    label = change("c", 0.3, 0.1, labelling=True)
    async with served(hub, Past(), Well()) as session:
        hub.publish(uncertain(publish(hub, "aab"), changes=(*pair, label)))
        shown = plain(await text(session, "/"))
        pool = plain(await text(session, "/pool/b"))

    told = (
        "Anna lost what Bert gained: Anna 30.0 % → 20.0 %, -10.0 points (95 %: -11.0 to -9.0); "
        "Bert 10.0 % → 21.0 %, +11.0 points"
    )
    assert told in shown
    assert told in pool
    assert "c 30.0 % → 10.0 %, -20.0 points (95 %: -21.0 to -19.0); unknown blocks make up for it" in shown
    assert "unknown blocks" not in pool.split("How it is identified")[0]


# -- answers -----------------------------------------------------------------------------------------------------------


async def test_an_entity_has_its_members_with_evidence_and_what_is_uncertain(daemon: Inside) -> None:
    shown = plain((await daemon.get("/entity/origin/CN?window=30d"))[2].decode())
    assert "Country of origin: where the brands of its pools were founded; not where the machines are" in shown
    assert "20.0 % of the 5 blocks of the last 30 days" in shown
    assert re.search(r"AntPool 20\.0 % \([^)]*\) counted", shown)
    assert "SpiderPool no block not counted" in shown, "a disputed row is there"
    assert "Blocks of which the pool is unknown: 40.0 %. They may be anyone's." in shown
    assert "Foundry USA" not in shown

    own = plain((await daemon.get("/entity/template/foundryusa"))[2].decode())
    assert "counted as its own: no row says otherwise" in own
    for nowhere in ("/entity/origin/XX", "/entity/planet/CN", "/entity/origin/%3Cscript%3E"):
        assert (await daemon.get(nowhere))[0] == 404
    async with daemon.session.get(f"{daemon.url}/entity/pool/antpool", allow_redirects=False) as response:
        assert response.headers["Location"] == "../../pool/antpool"


async def test_the_overview_leads_to_the_entity(daemon: Inside) -> None:
    page = (await daemon.get("/?level=origin&window=30d"))[2].decode()
    assert 'href="./entity/origin/CN?window=30d"' in page


async def test_a_claim_is_decided_only_if_the_whole_interval_is_on_one_side() -> None:
    hub = Hub(Vitals())
    fewer = replace(MAY_BE, shares={"CN": Interval(0.31, 0.5), "US": Interval(0.2, 0.4)})
    more = replace(SEAT, shares={"CN": Interval(0.56, 0.7)})
    async with served(hub, Past(), Well()) as session:
        found = publish(hub, "aab")
        hub.publish(uncertain(found, combined=(*found.estimates.combined, fewer, more)))  # type: ignore[union-attr]
        shown = plain(await text(session, "/claims"))
    assert "Brands founded in China: 31.0 - 50.0 % (95 %): no: it is less." in shown
    assert "Operators registered in China: 56.0 - 70.0 % (95 %): more than that." in shown
    assert "Brands founded in the United States: 20.0 - 40.0 %. Operators registered there: not known (95 %)." in shown


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("AntPool", "/pool/antpool"),
        ("foundryusa", "/pool/foundryusa"),
        ("{height}", "/block/{hash}"),
        (" {hash} ", "/block/{hash}"),
        ("{address}", "/pool/antpool"),
    ],
)
async def test_a_search_opens_what_is_found_alone(daemon: Inside, node: EmbeddedNode, wanted: str, found: str) -> None:
    tip = {"height": node.tip.height, "hash": node.tip.hash, "address": "12dRugNcdxK39288NjcDV4GX7rMsKCGn6B"}
    query = {"q": wanted.format(**tip)}
    async with daemon.session.get(f"{daemon.url}/search", params=query, allow_redirects=False) as response:
        assert response.status == 302
        assert response.headers["Location"] == f".{found.format(**tip)}"


async def test_a_search_lists_several_and_says_when_there_is_nothing(daemon: Inside) -> None:
    several = plain((await daemon.get("/search?q=pool"))[2].decode())
    assert "AntPool pool" in several
    assert "F2Pool pool" in several
    assert "Nothing is called \u201c&lt;b&gt;\u201d." in plain((await daemon.get("/search?q=%3Cb%3E"))[2].decode())
    assert (await daemon.get("/search?q=999999999"))[0] == 200
    assert (await daemon.get("/search"))[0] == 200


async def test_many_alerts_take_a_line_for_each_rule_and_stay_below_the_headline() -> None:
    hub = Hub(Vitals())
    stale = [
        Alert("stale_block", Severity.INFO, AlertState.FIRING, 1_700_000_000.0 + at, f"Block {at} went stale", "",
              labels={"height": str(at)})
        for at in range(10)
    ]  # fmt: skip
    rules = [
        Alert(f"rule_{at}", Severity.WARNING, AlertState.FIRING, 1_700_000_000.0 + at, f"Warning {at}", "")
        for at in range(3)
    ]
    async with served(hub, Past(), Well()) as session:
        publish(hub, "aab")
        hub.alert([*stale, *rules], [])
        page = await text(session, "/")
        every = plain(await text(session, "/alerts"))
    shown = plain(page)
    assert page.count('<details class="alert') == 3
    assert shown.index("more than half of the hashrate") < shown.index("Warning 2")
    assert "10 more alerts, and their history" in shown
    assert "13 alerts are firing." in every
    assert "Block 9 went stale" in every
    assert "9 more of this rule" in every


async def test_the_history_of_alerts_is_shown_newest_first(daemon: Inside) -> None:
    assert "None has fired yet." in plain((await daemon.get("/alerts"))[2].decode())
    entries = [
        JournalEntry(f"alert/{at}", EntryKind.ALERT, 1_700_000_000.0 + at, title=title, text="", path="/alerts")
        for at, title in ((2, "Resolved: it is over"), (1, "It began"))
    ]
    other = entries[0]._replace(kind=EntryKind.STALE, title="Stale block")
    async with served(Hub(Vitals()), Past(), Well(), journal=[*entries, other]) as session:
        shown = plain(await text(session, "/alerts"))
    assert shown.index("2023-11-14 22:13 UTC Resolved: it is over") < shown.index("It began")
    assert "Stale block" not in shown
