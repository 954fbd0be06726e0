"""The RPC methods that a monitor needs: each is a function with the name and the parameters of the method.

Parameters and results are those of Bitcoin Core (https://developer.bitcoin.org/reference/rpc/), without what no monitor
asks for; tests/contract compares them with a real node.
"""

from __future__ import annotations

import json
import re

from aiohttp import web

from monitor.embedded.chain import Entry
from monitor.embedded.state import State
from monitor.model import EMBEDDED_VERSION, BlockHash
from monitor.wire import encode_header

MISC = -1
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

    def getnetworkinfo(self) -> dict[str, object]:
        """The subversion, which names the embedded node."""
        return {"subversion": f"/{EMBEDDED_VERSION}/"}

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
            "verificationprogress": 1,
            "initialblockdownload": False,
            "pruned": pruned,
            **({"pruneheight": self._chain.prune_height} if pruned else {}),
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

    def getblock(self, blockhash: str, verbosity: int) -> str:
        """A block as serialised: verbosity 0."""
        if verbosity:
            raise RpcError(INVALID_PARAMETER, "blocks have verbosity 0 only")
        entry = self._find(blockhash)
        if entry.pruned:
            raise RpcError(MISC, PRUNED)
        return entry.block.raw.hex()

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
        return {
            "hash": entry.hash,
            "confirmations": self._chain.tip.height - entry.height + 1 if active else -1,
            "height": entry.height,
            "version": header.version,
            "time": header.time,
            "bits": f"{header.bits:08x}",
            "chainwork": f"{entry.work:064x}",
            **({"previousblockhash": header.parent} if entry.height else {}),
        }


def _hash(name: str, text: str) -> BlockHash:
    if len(text) != 64:
        raise RpcError(INVALID_PARAMETER, f"{name} must be of length 64 (not {len(text)}, for '{text}')")
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise RpcError(INVALID_PARAMETER, f"{name} must be hexadecimal string (not '{text}')")
    return BlockHash(text.lower())
