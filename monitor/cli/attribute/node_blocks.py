"""Blocks fetched from the node: by hash, height, or range of heights."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TypeAlias

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

from monitor.cli.attribute.inputs import Given, Input
from monitor.errors import InputError, NodeAway, NodeBusy, NodeError, NodeRefused
from monitor.model import BlockHash, BlockRef, NodeFacts
from monitor.node.client import NodeClient

_AT_ONCE = 8

BlockName: TypeAlias = BlockHash | int
"""A block by its hash or its height."""


def wanted(name: str) -> Sequence[BlockName] | None:
    """The blocks that `name` specifies: `840000`, `840000-840010` or a hash; None if it is none of these.

    Raises:
        InputError: the range ends before it begins.
    """
    if re.fullmatch(r"[0-9a-fA-F]{64}", name):
        return (BlockHash(name.lower()),)
    if not (found := re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", name, re.ASCII)):
        return None
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise InputError(f"the range {name} ends before it begins", remedy=f"use {last}-{first}")
    return range(first, last + 1)


async def ask(node: NodeClient, facts: NodeFacts, blocks: Iterable[BlockName]) -> AsyncIterator[Input]:
    """Fetch blocks, several at once; yields them in order, and an error for each that cannot be fetched.

    Raises:
        NodeAway, NodeRefused: the node cannot be used.
    """
    pending: deque[asyncio.Task[Input]] = deque()
    try:
        for block in blocks:
            pending.append(asyncio.create_task(_one(node, facts, block)))
            if len(pending) >= _AT_ONCE:
                yield await pending.popleft()
        while pending:
            yield await pending.popleft()
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


async def _one(node: NodeClient, facts: NodeFacts, block: BlockName) -> Input:
    try:
        return await _fetch(node, facts, block)
    except (NodeAway, NodeRefused):
        raise
    except (NodeError, InputError) as error:
        return error


@retry(retry=retry_if_exception_type(NodeBusy), stop=stop_after_attempt(3), wait=wait_fixed(0.5), reraise=True)
async def _fetch(node: NodeClient, facts: NodeFacts, block: BlockName) -> Given:
    ref = await _locate(node, facts, block)
    return Given.of_block(await node.block(ref), height=ref.height)


async def _locate(node: NodeClient, facts: NodeFacts, block: BlockName) -> BlockRef:
    """Height and hash of the block.

    Raises:
        InputError: the node does not have it.
    """
    if isinstance(block, int):
        if block > facts.tip.height:
            raise InputError(f"block {block} does not exist yet: the node's best block is {facts.tip.height}")
        ref = await node.at(block) if block >= facts.first_height else BlockRef(block, facts.genesis)
    else:
        found = await node.find(block)
        if found is None:
            raise InputError(f"the node does not know block {block}")
        ref = found
    if ref.height < facts.first_height:
        lacks = "has not downloaded" if facts.snapshot else "has pruned"
        raise InputError(f"the node {lacks} block {ref.height}: it has blocks from {facts.first_height} on")
    return ref
