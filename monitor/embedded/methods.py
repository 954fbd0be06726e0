"""The RPC methods: each is a function with the name and the parameters of the method.

Parameters and results are those of Bitcoin Core (https://developer.bitcoin.org/reference/rpc/); tests/contract compares
them with a real node.
"""

from __future__ import annotations

import json
import re
import time

from aiohttp import web

from monitor.embedded.chain import Entry
from monitor.embedded.state import State
from monitor.model import EMBEDDED_VERSION, BlockHash
from monitor.wire import difficulty, encode_header

MISC = -1
WRONG_TYPE = -3
NOT_FOUND = -5
INVALID_PARAMETER = -8
WARMING_UP = -28

PRUNED = "Block not available (pruned data)"


class RpcError(Exception):
    """An error response."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def json_response(content: object, status: int = 200) -> web.Response:
    """A response as the node writes it: without spaces, with a newline at the end."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return web.Response(body=f"{text}\n".encode(), status=status, content_type="application/json")


class Methods:
    """All public methods can be called over RPC."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._chain = state.chain

    # -- the node ------------------------------------------------------------------------------------------------------

    def uptime(self) -> int:
        """Seconds since the start."""
        return int(time.monotonic() - self._state.started)

    def getnetworkinfo(self) -> dict[str, object]:
        """Version; the subversion names the embedded node."""
        return {
            "version": 310000 if self._state.blockpart else 290000,
            "subversion": f"/{EMBEDDED_VERSION}/",
            "protocolversion": 70016,
            "networkactive": False,
            "connections": 0,
            "warnings": [],
        }

    def getzmqnotifications(self) -> list[dict[str, object]]:
        """Addresses of the publishers."""
        return self._state.publishers

    # -- the chain -----------------------------------------------------------------------------------------------------

    def getblockchaininfo(self) -> dict[str, object]:
        """State of the chain."""
        tip = self._chain.tip
        pruned = self._chain.prune_height > 0
        return {
            "chain": self._state.network,
            "blocks": tip.height,
            "headers": tip.height,
            "bestblockhash": tip.hash,
            **_proof(tip),
            "time": tip.block.header.time,
            "mediantime": self._chain.median_time(tip),
            "verificationprogress": 1,
            "initialblockdownload": False,
            "chainwork": f"{tip.work:064x}",
            "size_on_disk": 0,
            "pruned": pruned,
            **({"pruneheight": self._chain.prune_height, "automatic_pruning": False} if pruned else {}),
            "warnings": [],
        }

    def getbestblockhash(self) -> str:
        """The tip."""
        return self._chain.tip.hash

    def getblockcount(self) -> int:
        """The tip's height."""
        return self._chain.tip.height

    def getblockhash(self, height: int) -> str:
        """The best chain's block at a height."""
        entry = self._chain.at(height)
        if entry:
            return entry.hash
        if 0 < height < self._chain.first_height:  # unlike a real node, which knows every header
            raise RpcError(MISC, PRUNED)
        raise RpcError(INVALID_PARAMETER, "Block height out of range")

    def getblockheader(self, blockhash: str, verbose: bool = True) -> dict[str, object] | str:  # noqa: FBT001, FBT002
        """A header, and whether it is on the best chain."""
        entry = self._find(blockhash)
        return self._describe(entry) if verbose else encode_header(entry.block.header).hex()

    def getblock(self, blockhash: str, verbosity: int | bool = 1) -> dict[str, object] | str:  # noqa: FBT001
        """A block: raw for verbosity 0, otherwise with transaction ids, also for higher verbosity."""
        entry = self._find(blockhash)
        if entry.pruned:
            raise RpcError(MISC, PRUNED)
        block = entry.block
        if not verbosity:
            return block.raw.hex()
        size = len(block.raw)
        return {
            **self._describe(entry),
            "strippedsize": block.stripped_bytes,
            "size": size,
            "weight": 3 * block.stripped_bytes + size,
            "tx": block.txids,
        }

    def getchaintips(self) -> list[dict[str, object]]:
        """The ends of all branches."""
        return [
            {"height": tip.entry.height, "hash": tip.entry.hash, "branchlen": tip.branch_length, "status": tip.status}
            for tip in self._chain.tips()
        ]

    async def waitfornewblock(self, timeout: int = 0, current_tip: str | None = None) -> dict[str, object]:  # noqa: ASYNC109
        """Answer after a change of the tip, after `timeout` milliseconds (0: no timeout), or when the node stops."""
        if timeout < 0:
            raise RpcError(MISC, "Negative timeout")
        known = self._chain.tip.hash if current_tip is None else _hash("current_tip", current_tip)
        if self._chain.tip.hash == known:
            await self._state.movement(timeout / 1000 or None)
        tip = self._chain.tip
        return {"hash": tip.hash, "height": tip.height}

    # -- inside --------------------------------------------------------------------------------------------------------

    def _find(self, blockhash: str) -> Entry:
        entry = self._chain.find(_hash("hash", blockhash))
        if entry is None:
            raise RpcError(NOT_FOUND, "Block not found")
        return entry

    def _describe(self, entry: Entry) -> dict[str, object]:
        header = entry.block.header
        active = self._chain.is_active(entry)
        above = self._chain.at(entry.height + 1) if active else None
        return {
            "hash": entry.hash,
            "confirmations": self._chain.tip.height - entry.height + 1 if active else -1,
            "height": entry.height,
            "version": header.version,
            "versionHex": f"{header.version & 0xFFFF_FFFF:08x}",
            "merkleroot": header.merkle_root[::-1].hex(),
            "time": header.time,
            "mediantime": self._chain.median_time(entry),
            "nonce": header.nonce,
            **_proof(entry),
            "chainwork": f"{entry.work:064x}",
            "nTx": 1 + len(entry.block.filling.ids),
            **({"previousblockhash": header.parent} if entry.height else {}),
            **({"nextblockhash": above.hash} if above else {}),
        }


def _proof(entry: Entry) -> dict[str, object]:
    bits = entry.block.header.bits
    target = (bits & 0x007F_FFFF) << 8 * ((bits >> 24) - 3)
    return {"bits": f"{bits:08x}", "target": f"{target:064x}", "difficulty": difficulty(bits)}


def _hash(name: str, text: str) -> BlockHash:
    if len(text) != 64:
        raise RpcError(INVALID_PARAMETER, f"{name} must be of length 64 (not {len(text)}, for '{text}')")
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise RpcError(INVALID_PARAMETER, f"{name} must be hexadecimal string (not '{text}')")
    return BlockHash(text.lower())
