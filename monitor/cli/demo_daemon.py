"""The daemon against the embedded node, which replays mainnet's real past, sped up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor import app as daemon
from monitor.config import AlertsSection, Config, MqttSection, NodeSection, StoreSection
from monitor.embedded import EmbeddedNode, Signature, mainnet, onward, replay
from monitor.model import PoolSlug
from monitor.registry.address import script_of
from monitor.registry.loading import load_pools
from monitor.registry.registry import PoolRegistry

_STILL_TO_COME = 1000
"""Blocks of the past that are found while people watch; then it begins anew, later and higher."""
_UNSIGNED_SCRIPT = b"\x51"


async def run(
    config: Config, stop: asyncio.Event, *, seconds_per_block: float, listening: Callable[[str], None] | None = None
) -> None:
    """Run until `stop` is set; nothing of it is kept.

    Args:
        config: what the user said; its node and store are replaced by the demo's own, and nobody is told of alerts.
        stop: set it to end the demo.
        seconds_per_block: how fast the past goes by.
        listening: called once with the address of the web server.
    """
    past = mainnet()
    start = len(past) - _STILL_TO_COME
    signatures = signatures_of(load_pools("main"))
    with TemporaryDirectory(prefix="pool-monitor-demo-") as folder:
        async with EmbeddedNode(network="main", signatures=signatures, history=past[:start]) as node:
            settings = config.model_copy(update={
                "node": NodeSection(url=node.url, cookie_file=node.cookie_file),
                "store": StoreSection(url=f"sqlite:///{Path(folder) / 'blocks.sqlite'}"),
                "alerts": AlertsSection(),  # nobody is told of what did not happen
                "mqtt": MqttSection(),
            })  # fmt: skip
            async with asyncio.TaskGroup() as group:
                blocks = group.create_task(replay(node, onward(past, start), seconds=seconds_per_block))
                await daemon.run(settings, stop, listening=listening)
                blocks.cancel()


def signatures_of(registry: PoolRegistry) -> dict[PoolSlug, Signature]:
    """How each pool of a registry signs: its longest tag and its first address, where it has them."""
    return {
        slug: Signature(
            tag=max(pool.tags, key=len, default="").encode(),
            script=script_of(pool.addresses[0], registry.network) if pool.addresses else _UNSIGNED_SCRIPT,
        )
        for slug, pool in registry.by_slug.items()
    }
