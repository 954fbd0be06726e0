"""The page of the audit, its JSON and its metrics, as a server gives them out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.audits import TXID, audit_of, view_of
from support.prometheus import check_metrics
from support.published import hub_after
from support.served import plain, sources, text, visiting

from monitor.hub import Hub
from monitor.model import AuditView, BlockAudit, BlockHash, BlockRef, PoolSlug, StoredAudit, Verdict
from monitor.outputs.exposition import Exposition
from monitor.outputs.web.pages.audit import VERDICTS
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry
from monitor.vitals import Vitals

ANTPOOL, FOUNDRY = PoolSlug("antpool"), PoolSlug("foundryusa")
HOSTILE = "<script>alert(1)</script>"


@dataclass
class Stored:
    """These audits."""

    audits: Sequence[StoredAudit]

    async def newest(self, limit: int, *, below: int | None = None) -> list[StoredAudit]:
        return [each for each in self.audits if below is None or each.audit.ref.height < below][:limit]

    async def find(self, block: BlockHash) -> BlockAudit | None:
        return next((each.audit for each in self.audits if each.audit.ref.hash == block), None)

    async def block(self, _wanted: BlockHash) -> None:
        return None


def stored(*audits: BlockAudit) -> Stored:
    return Stored([StoredAudit(each, (ANTPOOL, FOUNDRY, None)[at % 3]) for at, each in enumerate(audits)])


def one(number: int, *, missed: int = 561) -> BlockAudit:
    return audit_of(BlockRef(900 + number, BlockHash(f"{number:064x}")), missed=missed)


@pytest.fixture
def hub() -> Hub:
    return hub_after(3)


def served(hub: Hub, audits: Stored) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
    return visiting(sources(hub, store=audits, audits=audits, directory=Directory(load_registry())))


async def test_before_the_audit_began_the_page_waits(hub: Hub) -> None:
    async with served(hub, stored()) as session:
        assert "No block is stored yet" in await text(session, "/audit")


async def test_why_there_is_no_audit_is_said(hub: Hub) -> None:
    hub.show_audit(AuditView("the node relays no transactions (blocksonly=1)"))
    async with served(hub, stored()) as session:
        shown = plain(await text(session, "/audit"))

    assert "No block is audited now: the node relays no transactions (blocksonly=1)." in shown
    assert "No block was audited in this window." in shown


async def test_pools_have_rates_with_intervals_and_accusations_their_chance(hub: Hub) -> None:
    hub.show_audit(view_of(ANTPOOL, FOUNDRY))
    async with served(hub, stored(one(2), one(1, missed=0), replace(one(0), tx_count=0))) as session:
        shown = plain(await text(session, "/audit?window=7d"))

    assert "A template every 30 seconds." in shown
    assert re.search(r"AntPool|antpool", shown)
    assert "10 blocks by chance:" in shown
    assert "Passed over by" in shown
    assert TXID in shown
    assert "probability of as many if all were indifferent" in shown
    assert "empty" in shown


async def test_unknown_levels_and_windows_fall_back(hub: Hub) -> None:
    hub.show_audit(view_of(ANTPOOL, FOUNDRY))
    async with served(hub, stored()) as session:
        shown = await text(session, "/audit?level=%3Cscript%3E&window=1y")

    assert "<script>alert" not in shown
    assert '?level=pool&amp;window=1y" aria-current="true"' in shown
    assert '&amp;window=30d" aria-current="true"' in shown


async def test_what_others_write_is_escaped(hub: Hub) -> None:
    view = view_of(ANTPOOL, FOUNDRY)
    hub.show_audit(replace(view, off=HOSTILE))
    async with served(hub, stored()) as session:
        assert HOSTILE not in await text(session, "/audit")


async def test_the_json_has_all_of_it(hub: Hub) -> None:
    hub.show_audit(view_of(ANTPOOL, FOUNDRY))
    async with served(hub, stored(one(2), one(1))) as session:
        found: Any = json.loads(await text(session, "/api/v1/audit?limit=1&window=7d"))

    assert len(found["blocks"]) == 1
    assert found["blocks"][0]["weights"] == {"shared": 3_950_000, "missed": 561}
    assert {each["window"] for each in found["pools"]} == {"7d"}
    pool = next(each for each in found["pools"] if (each["level"], each["window"]) == ("pool", "7d"))
    assert 0 < pool["match"]["lower"] < pool["match"]["value"] < pool["match"]["upper"] <= 1
    assert found["sanctioned"][0]["mined_height"] == 5


async def test_a_block_that_was_not_audited_is_not_found(hub: Hub) -> None:
    async with served(hub, stored()) as session, session.get(f"/api/v1/audit/{'0' * 64}") as response:
        assert response.status == 404


def test_the_metrics_are_well_formed(hub: Hub, promtool: Path) -> None:
    hub.show_audit(view_of(ANTPOOL, FOUNDRY))
    exposition = Exposition(hub, Vitals())

    body = exposition.encode("text/plain")[0].decode()

    assert 'pool_monitor_audit_blocks{pool="antpool",window="7d"} 100.0' in body
    assert "pool_monitor_audit_up 1.0" in body
    assert "audit" not in check_metrics(promtool, body)
    hub.show_audit(AuditView("away"))
    assert "pool_monitor_audit_up 0.0" in exposition.encode("text/plain")[0].decode()


def test_every_verdict_has_its_words() -> None:
    assert {*VERDICTS} == {*Verdict}
