"""Whole blocks from the node's block files; what they do not have, the node is asked for."""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path

import structlog

from monitor.custody.observer import CustodyNode
from monitor.errors import NodeError, WireError
from monitor.model import BlockRef
from monitor.node.blockfiles import BlockFiles, Place
from monitor.wire import decode_header

_FILES = 16
"""Scanned at a time, from the newest back: two thousand blocks."""

log = structlog.get_logger()


class WholeBlocks:
    """Reads blocks in any order; quick from the newest to the oldest, as the files are scanned as far as needed.

    Blocks above the first one that was read are asked of the node: they were found since.
    """

    def __init__(self, node: CustodyNode, folder: Path) -> None:
        self._node = node
        self._folder = folder
        self._files: BlockFiles | None = None
        self._left: deque[int] | None = None
        """Files that are not scanned yet, oldest first; None before the first."""
        self._top: int | None = None
        """Height of the first block that was asked for."""
        self._places: dict[bytes, Place] = {}
        """By hash in internal order."""

    @property
    def spare(self) -> bool:
        """As the node has it."""
        return self._node.spare

    async def raw_block(self, ref: BlockRef) -> bytes:
        """A whole block, as serialised.

        Raises:
            NodeError: neither the files nor the node have it.
        """
        try:
            if (found := await asyncio.to_thread(self._read, ref)) is not None:
                return found
        except (NodeError, WireError) as error:
            log.debug("the block files are not used", reason=str(error))
        return await self._node.raw_block(ref)

    def _read(self, ref: BlockRef) -> bytes | None:
        self._top = ref.height if self._top is None else self._top
        if ref.height > self._top:
            return None
        own = bytes.fromhex(ref.hash)[::-1]
        while own not in self._places:
            if not self._scan():
                return None
        files = self._files
        assert files
        raw = files.whole(self._places.pop(own))  # each is wanted once
        return raw if decode_header(raw).hash == ref.hash else None

    def _scan(self) -> bool:
        """Look at some more files; returns whether there were any."""
        if self._files is None:
            self._files = BlockFiles(self._folder)
        if self._left is None:
            self._left = deque(self._files.numbers())
        numbers = [self._left.pop() for _ in range(min(_FILES, len(self._left)))]
        for scan in self._files.scan(numbers):
            columns = (scan.records[name].tolist() for name in ("hash", "file", "offset", "length"))
            self._places |= {own: Place(*place) for own, *place in zip(*columns, strict=True)}
        return bool(numbers)
