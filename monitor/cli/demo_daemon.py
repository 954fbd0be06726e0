"""The daemon with an embedded node that replays real mainnet history at high speed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn, TypeAlias

from monitor import app as daemon
from monitor.config import AlertsSection, Config, MqttSection, NodeSection, StoreSection
from monitor.embedded import EmbeddedNode, Found, Signature, mainnet, onward
from monitor.model import PoolSlug
from monitor.registry.address import script_of
from monitor.registry.loading import load_pools
from monitor.registry.registry import PoolRegistry
from monitor.store.store import Store

_STILL_TO_COME = 1000
"""Blocks of the history that are replayed; then it starts over with later times and greater heights."""
_STORED = 60_000
"""Blocks that are kept in the database: more than the longest window, a year, covers."""
_TRIM_BLOCKS = 300
"""Between deletions of older blocks; ten minutes at a block each two seconds."""
_LOOK_SECONDS = 1.0
_UNSIGNED_SCRIPT = b"\x51"

Player: TypeAlias = Callable[[EmbeddedNode, Iterator[Found]], Coroutine[None, None, None]]
"""Lets a node find the blocks that are to come."""


async def run(
    config: Config, stop: asyncio.Event, *, play: Player, listening: Callable[[str], None] | None = None
) -> None:
    """Run until `stop` is set, with a temporary database.

    Args:
        config: the configuration; node and store are replaced, alert receivers and MQTT are disabled. Any chain is
            followed, since Bitcoin does not have the blocks that come after the history.
        stop: set it to end the demo.
        play: lets the node find blocks, until it is cancelled; such as `monitor.embedded.replay`.
        listening: called once with the address of the web server.
    """
    history = mainnet()
    start = len(history) - _STILL_TO_COME
    signatures = signatures_of(load_pools("main"))
    with TemporaryDirectory(prefix="pool-monitor-demo-") as folder:
        async with EmbeddedNode(
            network="main", signatures=signatures, history=history[:start], keep=len(history)
        ) as node:
            settings = config.model_copy(update={
                "node": NodeSection(url=node.url, cookie_file=node.cookie_file, chain="any"),
                "store": StoreSection(url=f"sqlite:///{Path(folder) / 'blocks.sqlite'}"),
                "alerts": AlertsSection(),  # the events of the demo are not real
                "mqtt": MqttSection(),
            })  # fmt: skip
            async with asyncio.TaskGroup() as group:
                beside = [
                    group.create_task(play(node, onward(history, start))),
                    group.create_task(_trim(settings.store.url, node)),
                ]
                await daemon.run(settings, stop, listening=listening)
                for each in beside:
                    each.cancel()


async def _trim(url: str, node: EmbeddedNode) -> NoReturn:
    """Keep the database from growing for ever: at a block each two seconds it would, by 18 MB a day."""
    trimmed = node.tip.height
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if node.tip.height >= trimmed + _TRIM_BLOCKS:
            trimmed = node.tip.height
            async with await Store.open(url, beside=True) as store:
                if tip := await store.tip():
                    await store.forget(tip.height - _STORED)


def signatures_of(registry: PoolRegistry) -> dict[PoolSlug, Signature]:
    """The signature of each pool of a registry: its longest tag and its first address, if it has any."""
    return {
        slug: Signature(
            tag=max(pool.tags, key=len, default="").encode(),
            script=script_of(pool.addresses[0], registry.network) if pool.addresses else _UNSIGNED_SCRIPT,
        )
        for slug, pool in registry.by_slug.items()
    }
