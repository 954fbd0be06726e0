"""The REST interface: headers, blocks and parts of blocks, as serialised.

It follows Bitcoin Core (doc/REST-interface.md): no credentials, and the suffix of the path selects the format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from aiohttp import web

from monitor.embedded.chain import Entry
from monitor.embedded.state import State
from monitor.wire import encode_header

MAX_HEADERS = 2000

_Answer: TypeAlias = Callable[[str, str, Mapping[str, str]], web.Response]
"""From the path up to the extension, the extension, and the query."""


class _Refusal(Exception):  # noqa: N818 -- a response rather than an error
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.response = _text(f"{message}\r\n", status)


class Rest:
    """Answers REST requests."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._answers: dict[str, _Answer] = {
            "headers": self._headers,
            "block": self._block,
        }
        if state.blockpart:
            self._answers["blockpart"] = self._blockpart

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request whose path is `/rest/` and what `match_info["path"]` holds."""
        path, _, extension = request.match_info["path"].partition(".")
        name, _, subject = path.partition("/")
        if name not in self._answers:
            raise web.HTTPNotFound
        if self._state.warming_up:
            return _text("Service temporarily unavailable: Loading block index…\r\n", 503)
        self._state.asked[f"rest/{name}"] += 1
        try:
            return self._answers[name](subject, extension, request.query)
        except _Refusal as refusal:
            return refusal.response

    def _headers(self, subject: str, extension: str, query: Mapping[str, str]) -> web.Response:
        """`headers/<hash>.bin?count=N`, and the older `headers/N/<hash>.bin`: this block and those after it."""
        count_text, _, block = subject.rpartition("/")
        count_text = count_text or query.get("count", "5")
        if not re.fullmatch(r"[0-9]{1,9}", count_text) or not 1 <= int(count_text) <= MAX_HEADERS:
            raise _Refusal(400, f"Header count is invalid or out of acceptable range (1-{MAX_HEADERS}): {count_text}")
        entry = self._find(block)
        headers: list[bytes] = []
        while entry and self._state.chain.is_active(entry) and len(headers) < int(count_text):
            headers.append(encode_header(entry.block.header))
            entry = self._state.chain.at(entry.height + 1)
        return _bytes(b"".join(headers), extension)

    def _block(self, subject: str, extension: str, _query: Mapping[str, str]) -> web.Response:
        return _bytes(self._stored(subject), extension)

    def _blockpart(self, subject: str, extension: str, query: Mapping[str, str]) -> web.Response:
        offset, size = _number("offset", query), _number("size", query)
        raw = self._stored(subject)
        if size == 0 or offset + size > len(raw):
            raise _Refusal(400, f"Bad block part offset/size {offset}/{size} for {subject}")
        return _bytes(raw[offset : offset + size], extension)

    def _find(self, block: str) -> Entry | None:
        if not re.fullmatch("[0-9a-fA-F]{64}", block):
            raise _Refusal(400, f"Invalid hash: {block}")
        return self._state.chain.find(block.lower())

    def _stored(self, block: str) -> bytes:
        entry = self._find(block)
        if entry is None:
            raise _Refusal(404, f"{block} not found")
        if entry.pruned:
            raise _Refusal(404, f"{block} not available (pruned data)")
        return entry.block.raw


def _number(name: str, query: Mapping[str, str]) -> int:
    text = query.get(name, "")
    if not re.fullmatch(r"[0-9]{1,19}", text):
        raise _Refusal(400, f"Block part {name} missing or invalid")
    return int(text)


def _bytes(content: bytes, extension: str) -> web.Response:
    if extension != "bin":
        raise _Refusal(404, "output format not found (available: .bin, .hex, .json)")
    return web.Response(body=content, content_type="application/octet-stream")


def _text(text: str, status: int) -> web.Response:
    return web.Response(body=text.encode(), status=status, content_type="text/plain")
