"""Every test of the node protocol runs against the embedded node and against real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from support.peers import Peer, Start, opened


@pytest.fixture(params=["embedded", "bitcoind", "core"])
def kind(request: pytest.FixtureRequest) -> str:
    """What kind of node."""
    return str(request.param)


@pytest.fixture
async def peer(kind: str, start_bitcoind: Start) -> AsyncIterator[Peer]:
    """A node of each kind with a chain of five blocks."""
    async with opened(kind, start_bitcoind) as peer:
        await peer.mine(5)
        yield peer
