"""All paths of the API, with responses of a real server for an example chain of four blocks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import getdoc
from typing import Any

import aiohttp

from monitor.analysis import POOL, BlockTable, advance, estimated, snapshot
from monitor.analysis.counting.grid import grid
from monitor.analysis.counting.points import PointRange
from monitor.analysis.time_series import curves
from monitor.config import WebSection
from monitor.hub import Hub
from monitor.model import (
    Alert,
    AlertState,
    Attribution,
    Block,
    BlockFilter,
    BlockHash,
    BlockRecord,
    BlockRow,
    BranchBlock,
    Candidate,
    Coinbase,
    Confidence,
    Coverage,
    Header,
    JournalEntry,
    Judged,
    Method,
    Moment,
    NodeFacts,
    NodeRole,
    NodeState,
    NodesView,
    Output,
    PoolSlug,
    Relation,
    SeriesQuery,
    Severity,
    Sighting,
    Tally,
    TimeSeries,
    Window,
)
from monitor.outputs.web.cache import AnswerCache
from monitor.outputs.web.routes.api import Api
from monitor.outputs.web.routes.endpoint import endpoint_of
from monitor.outputs.web.routes.openapi import parameters
from monitor.outputs.web.server import WebServer
from monitor.outputs.web.sources import Sources
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry
from monitor.vitals import Vitals
from pages import stratum
from pages.audits import Audits

_HEAD = """\
# HTTP API

Served at `http://127.0.0.1:8347` by default (see [`web`](configuration.md#web)), with the page and `/metrics`.
Responses are JSON. Times are ISO 8601 in UTC, shares are ratios from 0 to 1, money is in satoshi, hashes are in
display order, and missing numbers are `null`. [The glossary](glossary.md) defines the terms.

An error is a problem document (RFC 9457) with status and message: 400 for an invalid request, including unknown
parameters, 404 for an unknown resource, 503 while no block is stored. If `web.token` is set, all paths except
`/healthz` and `/readyz` require it as `Authorization: Bearer ...`, and otherwise answer 401.

The daemon serves this reference at `/api`, with all fields of each answer, forms to try each path, and its own levels
and windows; [`/api/openapi.json`](#get-apiopenapijson) is the same as OpenAPI 3.1.
Responses change only with a new block: they have an `ETag`, and a request with `If-None-Match` is answered with 304
if nothing has changed. Long responses are compressed if the client accepts gzip.

Fields may be added at any time; existing fields change only with an entry in bold in the
[changelog](../CHANGELOG.md). The answers below are from an example chain of four blocks, with the first entry of
each list.
"""
_EXAMPLES = r"""
## Examples

A month of one pool's blocks as CSV, with one request; the blocks between two heights; stale blocks:

```sh
curl -fo blocks.csv "http://127.0.0.1:8347/api/v1/blocks?pool=antpool&from=2025-01-01&to=2025-01-31T23:59:59Z&limit=10000&format=csv"
curl -sf "http://127.0.0.1:8347/api/v1/blocks?above=0&below=5" | jq -r '.blocks[] | "\(.height) \(.pool_name)"'
curl -sf "http://127.0.0.1:8347/api/v1/blocks?stale=true&limit=5"
```

A list that is longer than a page has `next_below`, the cursor of the next one:

```sh
next=$(curl -sf "http://127.0.0.1:8347/api/v1/blocks?limit=2" | jq .next_below)
curl -sf "http://127.0.0.1:8347/api/v1/blocks?limit=2&below=$next" | jq '.blocks | length'
```

Shares by country as a table; an index of each week for a spreadsheet; the same in pandas, where the first line is a
comment:

```sh
curl -sf "http://127.0.0.1:8347/api/v1/shares?level=country&format=csv"
curl -sf "http://127.0.0.1:8347/api/v1/history?metric=hhi_unbiased&step=7d&incomplete=true&format=csv"
python3 -c "import pandas; print(pandas.read_csv('http://127.0.0.1:8347/api/v1/shares?level=country&format=csv', comment='#'))"
python3 -c "import pandas; print(pandas.read_csv('http://127.0.0.1:8347/api/v1/blocks?limit=10000&format=csv').groupby('pool_slug').size())"
```

Two days beside each other, as the page has them with `then=`: the same path twice, once with `at=`. Each answer has the
published intervals of its day:

```sh
python3 -c "import pandas; url = 'http://127.0.0.1:8347/api/v1/shares?window=30d&format=csv'; then, now = (pandas.read_csv(url + at, comment='#', index_col='name')[['share', 'lower', 'upper']] for at in ('&at=2025-01-31', '')); print(then.join(now, lsuffix=' then', rsuffix=' now', how='outer'))"
```

An answer only if it has changed:

```sh
etag=$(curl -sfo shares.json -w '%header{etag}' "http://127.0.0.1:8347/api/v1/shares")
curl -sf -H "If-None-Match: $etag" -w '%{http_code}\n' "http://127.0.0.1:8347/api/v1/shares"
```
"""  # noqa: E501 -- lines to copy
_ASKED = {"window": "24h", "limit": "1", "risk": "0.01"}
"""Parameters that keep the examples short."""
_ENTRIES = 1
"""Entries of a list that are shown."""
_POOLS = {"foundryusa": "Foundry USA", "antpool": "AntPool"}
_MINED = ("antpool", "foundryusa", None, "foundryusa")
_REGISTRY = "4bfade837f031526"


@dataclass(frozen=True)
class _Past:
    """The blocks, as a store returns them."""

    records: Sequence[BlockRecord]

    async def blocks(self, limit: int, *, below: int | None = None) -> list[BlockRecord]:
        known = [each for each in self.records if below is None or each.judged.block.height < below]
        return known[::-1][:limit]

    async def block(self, wanted: BlockHash) -> BlockRecord | None:
        return next((each for each in self.records if each.judged.block.hash == wanted), None)

    async def selected(self, wanted: BlockFilter, limit: int) -> list[BlockRecord]:  # noqa: ARG002 -- no page asks
        return await self.blocks(limit)

    async def blocks_of(self, pool: PoolSlug, limit: int) -> list[BlockRecord]:
        return [each for each in self.records if each.judged.attribution.pool == pool][::-1][:limit]

    async def sightings(self, *, limit: int) -> list[Sighting]:
        return [
            Sighting(each.judged.block.ref, node, None, lag_seconds=lag, pool=each.judged.attribution.pool)
            for each in await self.blocks(limit // 2)
            for node, lag in (("home", 0.0), ("friend", 0.5 + each.judged.block.height % 3 / 4))
        ]

    async def newest(self, *, limit: int) -> list[JournalEntry]:  # noqa: ARG002
        return []


@dataclass(frozen=True)
class _Courses:
    """Time series of the same blocks."""

    records: Sequence[BlockRecord]
    edition: str = "1"

    def kept(self, moment: Moment) -> None:
        """The examples are of now."""

    async def snapshot(self, moment: Moment) -> None:
        """As above."""

    async def series(self, asked: SeriesQuery) -> TimeSeries:
        times = [each.judged.block.header.time for each in self.records]
        points = grid(asked, min(times), times[-1])
        pools = [each.judged.attribution.pool for each in self.records]
        stays = [PointRange(*points.stay(time), pool, 1) for time, pool in zip(times, pools, strict=True)]
        found = curves(stays, points, asked)
        return TimeSeries(asked.level, asked.metric, points, found)


@dataclass(frozen=True)
class _Health:
    """A node that answers."""

    facts: NodeFacts
    coverage: Coverage
    waiting: None = None
    writer: bool = True


def page() -> str:
    """The page."""
    return asyncio.run(_page())


async def _page() -> str:
    judged = [_judged(at, PoolSlug(pool) if pool else None) for at, pool in enumerate(_MINED)]
    vitals, newest = Vitals(), judged[-1].block
    hub = Hub(vitals)
    _publish(hub, judged)
    facts = NodeFacts(
        "main",
        BlockHash("0" * 64),
        "Satoshi:30.0.0",
        newest.ref,
        0,
        rest=True,
        blockpart=False,
        zmq=("tcp://127.0.0.1:28332",),
    )
    covered = Coverage(930_337, 878_000, 930_340, reason="the node has pruned the blocks below 930337")
    past, health = _Past([BlockRecord(each, stale=False) for each in judged]), _Health(facts, covered)
    directory = Directory(load_registry())
    audits = Audits(past.records)
    hub.show_audit(replace(audits.counted(), interval_seconds=30.0, newest=newest.hash))
    hub.show_stratum(stratum.view(newest.ref, newest.header.time + 60.0))
    sources = Sources(
        hub, store=past, branches=past, journal=past, audits=audits, health=health, directory=directory,
        history=_Courses(past.records),
    )  # fmt: skip
    api = Api(sources)
    parts = [_HEAD, _EXAMPLES]
    server = WebServer([api], AnswerCache(sources.state), vitals, settings=WebSection(port=0))
    async with server, aiohttp.ClientSession(server.url) as session:
        for route in api.routes():
            about = getdoc(route.handler) or ""
            parts.append(f"\n## `{route.method} {route.path}`\n\n{about}\n")
            path = route.path.format(hash=newest.hash, slug="foundryusa", level="pool", entity="foundryusa")
            endpoint = endpoint_of(route.handler)
            assert endpoint
            known = list(parameters(endpoint, None))
            parts += ["\n| Parameter | Meaning |\n|---|---|\n"] if known else []
            parts += [f"| `{each['name']}` | {each['description']}{_bounds(each['schema'])} |\n" for each in known]
            if endpoint.answer is None:
                continue
            asked = "&".join(f"{each['name']}={_asked(each)}" for each in known if each["name"] in _ASKED)
            path += f"?{asked}" if asked else ""
            answer = _shortened(await _get(session, path))
            parts.append(f"\n`{path}` answers:\n\n```json\n{json.dumps(answer, indent=2)}\n```\n")
    return "".join(parts)


def _bounds(schema: Mapping[str, Any]) -> str:
    """The range and the default of a number."""
    least = f"more than {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else schema.get("minimum")
    found = f", {least} to {schema['maximum']:,}" if "maximum" in schema else ""
    return f"{found}; default {schema['default']}" if found and "default" in schema else found


def _asked(parameter: Mapping[str, Any]) -> str:
    """The value that keeps the example short, or the first that the parameter may have."""
    value, choices = _ASKED[parameter["name"]], parameter["schema"].get("enum", ())
    return value if value in choices or not choices else choices[0]


def _shortened(answer: Any) -> Any:  # noqa: ANN401 -- JSON is whatever it is
    """The response with long lists shortened."""
    if isinstance(answer, dict):
        return {name: _shortened(each) for name, each in answer.items()}
    if isinstance(answer, list):
        return [_shortened(each) for each in answer[:_ENTRIES]]
    return answer


async def _get(session: aiohttp.ClientSession, path: str) -> Any:  # noqa: ANN401 -- JSON is whatever it is
    async with session.get(path) as response:
        return json.loads(await response.text(), parse_float=lambda digits: float(f"{round(float(digits), 6):.12g}"))


def _nodes(judged: Sequence[Judged]) -> NodesView:
    """A node that has them, and another that has all but the newest."""
    tip, below = (each.block.ref for each in judged[:-3:-1])
    heard = judged[-1].block.header.time + 4.5
    home = NodeState(
        "home", NodeRole.COUNTED, up=True, network="main", version="/Satoshi:30.0.0/", tip=tip, relation=Relation.SAME,
        fork=tip, heard_at=heard, followed=True,
    )  # fmt: skip
    friend = replace(
        home, name="friend", role=NodeRole.OBSERVER, tip=below, fork=below, relation=Relation.BEHIND, followed=False
    )
    tree = [
        BranchBlock(
            each.block.ref, each.block.header.parent, each.block.header.time, each.block.header.bits,
            each.block.header.version, pool=each.attribution.pool, attributed=True, counted=True,
        )
        for each in judged[::-1]
    ]  # fmt: skip
    return NodesView((home, friend), tuple(tree))


def _publish(hub: Hub, judged: Sequence[Judged]) -> None:
    """Count the blocks as the daemon does."""
    tip = judged[-1].block
    rows = [
        BlockRow(
            each.block.height, each.block.header.time, each.block.header.bits, each.attribution.pool,
            confidence=each.attribution.confidence,
        )
        for each in judged
    ]  # fmt: skip
    table, windows = BlockTable.of(rows, [POOL]), [Window.parse("24h")]
    now = snapshot(
        table, windows, advance(Tally(), connected=judged, disconnected=()),
        tip_hash=tip.hash, first_height=rows[0].height, caught_up=True, registry=_REGISTRY,
        pool_names={PoolSlug(slug): name for slug, name in _POOLS.items()},
    )  # fmt: skip
    hub.publish(estimated(now, table, windows))
    hub.show_nodes(_nodes(judged))
    alert = Alert(
        "pool_majority", Severity.CRITICAL, AlertState.FIRING, tip.header.time + 5.0,
        "Foundry USA probably has more than half of the hashrate",
        "Foundry USA has 52.3 % (95 %: 49.2 % to 55.4 %) of the last 7d's 1,012 blocks; the probability that it has "
        "more than half of the hashrate is 92.8 %.",
        {"level": "pool", "entity": "foundryusa", "window": "7d", "threshold": "0.5"}, 0.928, tip.header.time + 5.0,
        tip.height,
    )  # fmt: skip
    hub.alert([alert], [alert])


def _judged(at: int, pool: PoolSlug | None) -> Judged:
    height = 930_337 + at
    script = b"\x03" + height.to_bytes(3, "little") + f"/{_POOLS[pool] if pool else 'hello'}/".encode()
    found = (Candidate(pool, Method.TAG, f"/{_POOLS[pool]}/"),) if pool else ()
    attribution = Attribution(
        pool=pool, method=Method.TAG if pool else None, evidence=found[0].evidence if found else "",
        conflict=False, candidates=found, registry=_REGISTRY, confidence=Confidence.LOW if pool else None,
    )  # fmt: skip
    header = Header(_hash(at), 0x2000_0000, _hash(at - 1), bytes(32), 1_767_139_200 + 600 * at, 0x1701_E60C, 0)
    coinbase = Coinbase(script, (Output(314_107_092, bytes.fromhex("76a914" + "11" * 20 + "88ac")),))
    return Judged(Block(height, header, 3000 + at, coinbase), attribution)


def _hash(at: int) -> BlockHash:
    return BlockHash(f"{at + 1:02x}" * 4 + "0" * 48 + f"{at + 1:02x}" * 4)
