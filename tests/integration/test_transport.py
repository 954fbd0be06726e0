"""A node that is reached over TLS with a certificate of its own, or through a SOCKS proxy."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.bitcoind import Bitcoind
from support.services import free_port
from support.tunnel import Tunnel

from monitor.config import NodeSection
from monitor.errors import ConfigError, NodeAway
from monitor.model import BlockRef
from monitor.node.client import NodeClient
from monitor.vitals import Vitals

pytestmark = pytest.mark.service("bitcoind")


def section(node: Bitcoind, url: str, **more: Any) -> NodeSection:  # noqa: ANN401
    return NodeSection(url=url, cookie_file=node.cookie_file, zmq="off", **more)


async def blocks(told: NodeSection) -> int:
    """How many blocks the node sends, by RPC and REST."""
    async with NodeClient(told, Vitals()) as client:
        genesis = await client.ready()
        assert client.facts
        assert client.facts.rest
        hashes = await client.successors(BlockRef(0, genesis), 10)
        return len([await client.block(BlockRef(at, each)) for at, each in enumerate(hashes, start=1)])


@pytest.fixture
def mined(bitcoind: Bitcoind) -> Bitcoind:
    bitcoind.call("generatetodescriptor", 3, "raw(51)")
    return bitcoind


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def context(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(made)
    return made


async def test_a_certificate_of_its_own_is_trusted_where_it_is_named(
    mined: Bitcoind, authority: trustme.CA, tmp_path: Path
) -> None:
    pem = tmp_path / "node.pem"
    authority.cert_pem.write_to_path(pem)
    with Tunnel(mined.port, context=context(authority)) as tunnel:
        url = f"https://localhost:{tunnel.port}"
        assert await blocks(section(mined, url, ca_file=pem)) == 3
        with pytest.raises(NodeAway, match="CERTIFICATE_VERIFY_FAILED"):
            await blocks(section(mined, url))


async def test_a_file_that_is_no_certificate_is_named(mined: Bitcoind, tmp_path: Path) -> None:
    (tmp_path / "node.pem").write_text("nothing")
    with pytest.raises(ConfigError, match=r"node\.pem: cannot be used for TLS"):
        await blocks(section(mined, "https://localhost:1", ca_file=tmp_path / "node.pem"))


async def test_through_a_proxy_the_name_of_the_node_is_resolved_there(mined: Bitcoind) -> None:
    with Tunnel(mined.port, socks=True) as tunnel:
        told = section(mined, "http://friend.onion:8332", proxy=f"socks5://127.0.0.1:{tunnel.port}")
        assert await blocks(told) == 3
        assert tunnel.asked == {("friend.onion", 8332)}


async def test_a_proxy_that_is_away_makes_the_node_away(mined: Bitcoind) -> None:
    told = section(mined, "http://friend.onion:8332", proxy=f"socks5://127.0.0.1:{free_port()}")
    with pytest.raises(NodeAway):
        await blocks(told)
