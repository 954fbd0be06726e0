"""Replays history at high speed: blocks are found one by one, and sometimes two at the same height."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from monitor.embedded.history import Found
from monitor.embedded.node import EmbeddedNode
from monitor.model import BlockHash

RACE_EVERY = 40
"""Blocks between races. Mainnet has one in a few thousand blocks, too rare for a demo."""


async def replay(node: EmbeddedNode, coming: Iterator[Found], *, seconds: float, race_every: int = RACE_EVERY) -> None:
    """Add the blocks of a history to a node, one every `seconds`, until there are no more.

    Header times and best chain are those of the history: in a race the competing block comes first, but the next block
    builds on the other one, and the competing block becomes stale.
    """
    parent: BlockHash | None = None  # the tip, but after a race
    since, earlier = 0, None
    for found in coming:
        await asyncio.sleep(seconds)
        since += 1
        race = since >= race_every and earlier is not None and earlier != found.pool
        if race and earlier:
            since, parent = 0, node.tip.hash
            node.play(replace(found, pool=earlier), on=parent)
            await asyncio.sleep(seconds / 10)
        slower = node.play(found, on=parent)
        parent, earlier = slower if race else None, found.pool
