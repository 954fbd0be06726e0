"""The page of the stratum watch, its JSON, its metrics and the command, as a server gives them out."""

from __future__ import annotations

import asyncio
import json
import re
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.prometheus import check_metrics
from support.published import hub_after
from support.served import plain, sources, text, visiting
from support.stratum_views import view_of
from typer.testing import CliRunner

from monitor.cli.main import cli
from monitor.hub import Hub
from monitor.model import FaultReport, JobFault, StratumView
from monitor.outputs.exposition import Exposition
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry
from monitor.vitals import Vitals

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def hub() -> Hub:
    return hub_after(3)


def served(hub: Hub) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
    return visiting(sources(hub, directory=Directory(load_registry())))


async def test_before_the_watch_began_the_page_waits(hub: Hub) -> None:
    async with served(hub) as session:
        assert "No block is stored yet" in await text(session, "/stratum")
        assert json.loads(await text(session, "/api/v1/stratum"))["off"] == "the daemon is starting"


async def test_without_servers_the_page_says_how_to_add_them(hub: Hub) -> None:
    hub.show_stratum(StratumView("no servers are configured (stratum.endpoints)"))
    async with served(hub) as session:
        shown = plain(await text(session, "/stratum"))

    assert "Nothing is watched: no servers are configured (stratum.endpoints)." in shown
    assert "no connection is made" in shown


async def test_pools_groups_evidence_and_faults_are_shown(hub: Hub) -> None:
    hub.show_stratum(view_of(time.time()))
    async with served(hub) as session:
        page = await text(session, "/stratum")
        shown = plain(page)
        found: dict[str, Any] = json.loads(await text(session, "/api/v1/stratum"))

    assert "11 of 12 pools send jobs." in shown
    assert "cannot be reached (Connection refused)" in shown
    for where in ("the newest block", "an older block", "another branch", "a block that no node has"):
        assert where in shown
    assert "template A" in shown
    assert "template B" in shown
    assert "coinbase names" in shown
    assert page.count('class="shade4 together"') == 2 * (6 + 1)
    assert "bits 1d00ffff, not 1702f128" in shown
    assert found["groups"] == [["antpool", "binancepool", "braiinspool", "poolin"], ["luxor", "secpool"]]
    assert len(found["shared"]) == 7
    assert all(each["p"] < 0.001 for each in found["shared"])
    assert {each["pool"]: each["position"] for each in found["pools"]}["viabtc"] == "branch"


async def test_what_others_write_is_escaped(hub: Hub) -> None:
    view = view_of(time.time(), names=("antpool", "poolin"))
    first, *rest = view.pools
    hub.show_stratum(
        replace(
            view,
            pools=(replace(first, text=HOSTILE), *rest),
            endpoints=tuple(replace(each, reason=HOSTILE, up=False) for each in view.endpoints),
            faults=(FaultReport(JobFault.BITS, view.faults[0].parent, HOSTILE, ("antpool",), 0.0),),
        )
    )
    async with served(hub) as session:
        assert HOSTILE not in await text(session, "/stratum")


async def test_metrics_are_well_formed(hub: Hub, promtool: Path) -> None:
    now = time.time()
    hub.show_stratum(view_of(now))
    body = Exposition(hub, Vitals()).encode("text/plain")[0].decode()

    assert 'pool_monitor_stratum_connected{endpoint="stratum.spiderpool.example:3333",pool="spiderpool"} 0.0' in body
    assert 'pool_monitor_stratum_template_similarity_ratio{other="secpool",pool="luxor"} 1.0' in body
    assert re.search(r'pool_monitor_stratum_job_lag_seconds\{pool="antpool"\} [\d.]+', body)
    assert 'pool_monitor_stratum_on_tip{pool="viabtc"} 0.0' in body
    assert 'pool_monitor_stratum_on_tip{pool="sbicrypto"}' not in body, "where it works is not known"
    assert "pool_monitor_stratum_grouped_pools 6.0" in body
    assert "stratum" not in check_metrics(promtool, body)


async def test_the_command_prints_what_a_daemon_shows(hub: Hub) -> None:
    hub.show_stratum(view_of(time.time()))
    async with served(hub) as session:
        url = str(session._base_url)  # noqa: SLF001 -- the address of the server
        done = await asyncio.to_thread(CliRunner().invoke, cli, ["stratum", "--url", url])
        as_json = await asyncio.to_thread(CliRunner().invoke, cli, ["stratum", "--url", url, "--json"])

    assert done.exit_code == 0, done.output
    assert "930340 branch" in done.output
    assert "Shared templates" in done.output
    assert "faulty job of luxor, secpool: bits 1d00ffff" in done.output
    assert json.loads(as_json.output)["off"] is None
