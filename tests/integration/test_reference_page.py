"""The page of the API has every path with what it takes and answers, and its examples and forms work."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from support.daemon import Inside, following
from yarl import URL

from monitor.cli.demo_daemon import signatures_of
from monitor.embedded import EmbeddedNode
from monitor.model import PoolSlug
from monitor.outputs.web.pages.reference import fields, operations
from monitor.registry.loading import load_pools

pytestmark = pytest.mark.asyncio(loop_scope="module")

BELOW = "/a/pools"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Inside]:
    folder: Path = tmp_path_factory.mktemp("reference")
    async with EmbeddedNode(network="main", signatures=signatures_of(load_pools("main"))) as node:
        node.mine(PoolSlug("foundryusa"), time=1_700_000_000)
        async with following(node, folder, web={"port": 0, "base_path": BELOW}) as daemon:
            yield daemon


async def page(daemon: Inside) -> str:
    status, kind, body = await daemon.get(f"{BELOW}/api")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    return body.decode()


async def asked(daemon: Inside, query: str) -> tuple[int, str]:
    """Where a form leads."""
    address = URL(f"{daemon.url}{BELOW}/api/try?{query}", encoded=True)
    async with daemon.session.get(address, allow_redirects=False) as response:
        return response.status, response.headers.get("Location", "")


async def test_it_has_every_path_parameter_and_field(daemon: Inside) -> None:
    text = html.unescape(await page(daemon))
    document = await daemon.ask("/api/openapi.json")
    assert len(document["paths"]) > 20
    for each in operations(document):
        assert f'<h2 id="get-{each.id}-title"><code>{each.path}</code>' in text
        assert [one.name for one in each.parameters if f"<code>{one.name}</code></label>" not in text] == []
        assert each.problems.keys().isdisjoint({"400", "401"}), "explained once"
        assert [row.name for row in each.fields if f"<code>{row.name}</code></th>" not in text] == []
    assert "`" not in text.partition("<main")[2]


async def test_every_example_is_answered(daemon: Inside) -> None:
    examples = re.findall(r'curl -s "(.*?)"', html.unescape(await page(daemon)))
    assert len(examples) > 20
    for address in examples:
        assert address.startswith(f"{daemon.url}{BELOW}/")
        async with daemon.session.get(URL(address, encoded=True)) as response:
            # Nothing is audited here, and the economies are compared in the first minute.
            allowed = {404} if "/audit/" in address else {200, 503} if "/economy" in address else {200}
            assert response.status in allowed, (address, await response.text())


async def test_a_form_leads_to_its_path_without_what_is_empty(daemon: Inside) -> None:
    assert await asked(daemon, "operation=blocks&pool=antpool&from=&below=&format=csv") == (
        303, "../api/v1/blocks?pool=antpool&format=csv",
    )  # fmt: skip
    assert await asked(daemon, "operation=entity&level=origin&entity=CN&window=") == (
        303, "../api/v1/entities/origin/CN",
    )  # fmt: skip
    async with daemon.session.get(f"{daemon.url}{BELOW}/api/try?operation=blocks&limit=1") as response:
        assert response.url.path == f"{BELOW}/api/v1/blocks"
        assert response.status == 200


async def test_a_form_leads_to_no_other_place(daemon: Inside) -> None:
    assert (await asked(daemon, "operation=pool&slug=..%2F..%2F%2Fevil.example"))[1] == (
        "../api/v1/pools/..%2F..%2F%2Fevil.example"
    )
    assert (await asked(daemon, "operation=//evil.example"))[0] == 404
    assert (await asked(daemon, "operation=pool&slug=%0d%0aX:1"))[1] == "../api/v1/pools/%0D%0AX:1"


async def test_a_schema_inside_itself_is_opened_once() -> None:
    schemas: dict[str, Any] = {
        "Tree": {
            "properties": {
                "name": {"type": "string", "description": "Its name"},
                "below": {"items": {"$ref": "#/components/schemas/Tree"}, "type": "array"},
                "at": {"anyOf": [{"$ref": "#/components/schemas/Point"}, {"type": "null"}]},
                "by": {"additionalProperties": {"$ref": "#/components/schemas/Point"}, "type": "object"},
            }
        },
        "Point": {"properties": {"x": {"type": "number"}}},
    }
    found = [(each.name, each.type) for each in fields({"$ref": "#/components/schemas/Tree"}, schemas)]
    assert found == [
        ("name", "string"), ("below", "list of Tree"), ("at", "Point or null"), ("at.x", "number"),
        ("by", "object of Point"), ("by.*.x", "number"),
    ]  # fmt: skip
